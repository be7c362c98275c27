import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startEconomy } from '../../support/economy.ts';
import { agentsOf, withEndpoints } from '../../support/guide.ts';
import { openAiAnswer } from '../../support/vendor-answers.ts';
import { TEXT } from '../clients/wires/wire.ts';

const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
const [, page = ''] = /## Cascades, budgets and caches\n([\s\S]*?)\n## /.exec(readme) ?? [];
const [cascade = '', agent = ''] = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => yaml as string);

/** A block of the page with the vendors at home. */
function start(yaml: string) {
  return startEconomy({
    upstreams: ['openai', 'anthropic', 'vertexai'],
    environment: { OPENAI_API_KEY: 'one', OPENAI_API_KEY_2: 'two', ANTHROPIC_API_KEY: 'three', WEATHER_TOKEN: 'four' },
    yaml: (endpoints) => withEndpoints(yaml, endpoints),
  });
}

test('the worked configuration loads without a warning, and each of its agents answers', async () => {
  const { chat, calls, server } = await start(cascade);
  expect(server.logged.filter(({ severity }) => severity === 'WARNING')).toEqual([]);
  for (const model of agentsOf(cascade)) expect((await chat({ model })).read.text).toBe(TEXT);
  expect(calls.map(({ model }) => model)).toEqual(['gpt-4o-mini', 'gpt-4.1', 'gemini-2.5-flash']);
});

test('it routes, caches, rotates keys, falls back and counts as the page says', async () => {
  const { chat, calls, next, get } = await start(cascade);
  const ask = (content: string, headers = {}) =>
    chat({ model: 'assistant', messages: [{ role: 'user', content }] }, headers);
  await ask('word '.repeat(6_000));
  await ask('Hello', { 'x-sluice-region': 'europe-west4' });
  await ask('Hello');
  expect((await ask('Hello')).json).toMatchObject({ sluice: { cached: true } });
  expect(calls.map(({ model }) => model)).toEqual(['gpt-4.1', 'gemini-2.5-flash', 'gpt-4o-mini']);
  next('openai', { status: 429, headers: { 'retry-after': '60' }, body: {} }, { status: 429, body: {} });
  expect((await ask('Hello again')).read.sluice?.provider).toBe('anthropic');
  expect(calls.slice(3).map(({ key }) => key)).toEqual(['two', 'one', 'three']);
  expect((await get('/v1/usage?days=7')).json).toMatchObject({
    today: { requests: 4 },
    cost_alert_threshold_usd: 10,
    limits: expect.arrayContaining([
      expect.objectContaining({ name: 'daily_usd', limit: 20 }),
      expect.objectContaining({ name: 'daily_token_limit', limit: 5_000_000 }),
    ]),
  });
});

test('the agent with tools searches', async () => {
  const { chat, post, next } = await start(agent);
  await post('/v1/documents', { id: 'handbook', text: 'Everybody has thirty days of holiday a year.' });
  next('openai', openAiAnswer({ calls: [['search', { query: 'holiday' }]] }), openAiAnswer({ text: 'Thirty [1].' }));
  expect((await chat({ model: 'researcher' })).json).toMatchObject({
    choices: [{ message: { content: 'Thirty [1].' } }],
    sluice: { steps: [{ tool: 'search' }], citations: [{ document_id: 'handbook' }] },
  });
});
