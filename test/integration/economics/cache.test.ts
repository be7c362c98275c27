import { createClient } from 'redis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Economy, type EconomyOptions, type Reply, refuse, startEconomy } from '../../support/economy.ts';
import { startRedisServer } from '../../support/redis-server.ts';
import { createGate } from '../../support/scripted-server.ts';
import { describeWithRedis } from '../../support/services.ts';
import { type ModelTurn, openAiAnswer } from '../../support/vendor-answers.ts';

const HOUR_MS = 3_600_000;

/** An agent behind a cache. Its stand-in says another thing each time it is asked. */
async function start(
  { cache = 'provider: memory, ttl: 1h', agent = '', blocks = '' } = {},
  options: Partial<EconomyOptions> = {},
): Promise<Economy> {
  const economy = await startEconomy({
    upstreams: ['openai'],
    yaml: ({ openai }) => `
cache: {${cache}}
agents:
  - {name: agent, retry: {max_attempts: 1}, provider: openai, model: gpt-4o-mini, api_key: sk-test, endpoint: "${openai}"${agent}}
  - {name: other, retry: {max_attempts: 1}, provider: openai, model: gpt-4o, api_key: sk-test, endpoint: "${openai}"}
${blocks}`,
    ...options,
  });
  economy.always('openai', (request) => openAiAnswer({ text: `answer ${economy.calls.length}` })(request));
  return economy;
}

/** What was answered, and whether it came from the cache. */
function told({ read }: Reply): readonly [text: string, cached: unknown] {
  return [read.text, (read.sluice as { cached?: boolean } | undefined)?.cached];
}

describe('an answer that was given before', () => {
  test('is given again within its lifetime, without a call, for nothing', async () => {
    const { chat, calls, get, time } = await start();
    const first = await chat();
    time.pass(HOUR_MS - 1_000);
    const second = await chat();
    expect([told(first), told(second)]).toEqual([
      ['answer 1', false],
      ['answer 1', true],
    ]);
    expect(second.json).toMatchObject({
      sluice: { provider: 'openai', model: 'gpt-4o-mini', cost_usd: 0, cached: true, attempts: [] },
    });
    expect(second.headers.get('x-sluice-provider')).toBe('openai');
    expect(calls).toHaveLength(1);
    expect((await get('/v1/usage')).json).toMatchObject({ today: { requests: 1, total_tokens: 15 } });
    time.pass(2_000);
    expect(told(await chat())).toEqual(['answer 2', false]);
  });

  const question = { role: 'user', content: 'Hello' };
  const schema = { type: 'object', properties: { a: { type: 'string' } } };
  const tool = { type: 'function', function: { name: 'f', parameters: schema } };
  test.each<[what: string, fields: Readonly<Record<string, unknown>>]>([
    ['another question', { messages: [{ role: 'user', content: 'Hullo' }] }],
    ['another order', { messages: [question, { role: 'system', content: 'Be brief.' }] }],
    ['a system prompt', { messages: [{ role: 'system', content: 'Be brief.' }, question] }],
    ['another agent', { model: 'other' }],
    ['another temperature', { temperature: 0 }],
    ['a length', { max_tokens: 5 }],
    ['tools', { tools: [tool] }],
    ['a schema', { response_format: { type: 'json_object' } }],
    ['a tenant', { sluice: { tenant: 'acme' } }],
  ])('is not given to a request with %s', async (_, fields) => {
    const { chat, calls, always } = await start();
    always('openai', openAiAnswer({ text: '{"a": "b"}' }));
    await chat();
    expect(told(await chat(fields))[1]).toBe(false);
    expect(calls).toHaveLength(2);
    expect(told(await chat(fields))[1]).toBe(true);
  });

  test('is given to a request that differs in who asks alone', async () => {
    const { chat, calls } = await start();
    await chat({ user: 'ann' });
    expect(told(await chat({ user: 'bob', metadata: { trace: '2' } }))[1]).toBe(true);
    expect(calls).toHaveLength(1);
  });

  test('is not asked for when the request says so', async () => {
    const { chat, calls } = await start();
    await chat();
    expect(told(await chat({ sluice: { cache: false } }))[1]).toBe(false);
    expect(calls).toHaveLength(2);
  });

  test.each<[what: string, fields: Readonly<Record<string, unknown>>, agent: string]>([
    ['the request', { temperature: 0.7 }, ''],
    ['the agent', {}, ', temperature: 0.7'],
  ])('is kept at a temperature of %s only where that is allowed', async (_, fields, agent) => {
    const strict = await start({ agent });
    await strict.chat(fields);
    expect(told(await strict.chat(fields))).toEqual(['answer 2', false]);
    const easy = await start({ agent, cache: 'provider: memory, allow_temperature: true' });
    await easy.chat(fields);
    expect(told(await easy.chat(fields))).toEqual(['answer 1', true]);
  });

  const offered = { tools: [{ type: 'function', function: { name: 'look', parameters: schema } }] };
  test.each<[what: string, turn: ModelTurn | undefined, fields?: Readonly<Record<string, unknown>>]>([
    ['an error', undefined],
    ['cut off', { text: 'half an', finish: 'length' }],
    ['filtered', { text: 'half an', finish: 'content_filter' }],
    ['a call of a tool', { calls: [['look', { a: 'b' }]] }, offered],
    ['streamed', { text: 'live' }, { stream: true }],
  ])('is not kept when it was %s', async (_, turn, fields) => {
    const { chat, next, calls } = await start();
    next('openai', turn === undefined ? refuse(500) : openAiAnswer(turn));
    await chat(fields);
    expect(told(await chat({ ...fields, stream: false }))).toEqual(['answer 2', false]);
    expect(calls).toHaveLength(2);
  });
});

test.each<
  [dialect: string, path: string, body: Readonly<Record<string, unknown>>, wanted: readonly (string | RegExp)[]]
>([
  [
    'Chat Completions',
    '/v1/chat/completions',
    { messages: [{ role: 'user', content: 'Hello' }], stream_options: { include_usage: true } },
    ['"content":"answer 1"', '"finish_reason":"stop"', '"total_tokens":15', /data: \[DONE\]\n\n$/],
  ],
  [
    'Responses',
    '/v1/responses',
    { input: 'Hello', store: false },
    ['event: response.created', '"delta":"answer 1"', 'event: response.completed', '"total_tokens":15'],
  ],
  [
    'Messages',
    '/v1/messages',
    { messages: [{ role: 'user', content: 'Hello' }], max_tokens: 50 },
    ['event: message_start', '"text":"answer 1"', '"stop_reason":"end_turn"', 'event: message_stop'],
  ],
  ['legacy completions', '/v1/completions', { prompt: 'Hello' }, ['"text":"answer 1"', /data: \[DONE\]\n\n$/]],
])('a stored answer is streamed as %s', async (_, path, body, wanted) => {
  const { post, calls } = await start();
  const whole = await post(path, { model: 'agent', ...body, stream_options: undefined });
  expect(whole.text).toContain('answer 1');
  const streamed = await post(path, { model: 'agent', ...body, stream: true });
  expect(streamed.headers.get('content-type')).toMatch(/^text\/event-stream/);
  for (const text of wanted) expect(streamed.text).toMatch(text instanceof RegExp ? text : literally(text));
  expect(streamed.text).toContain('"cached":true');
  expect(streamed.text).not.toContain('event: error');
  expect(streamed.headers.get('x-sluice-model')).toBe('gpt-4o-mini');
  expect(calls).toHaveLength(1);
});

function literally(text: string): RegExp {
  return new RegExp(text.replaceAll(/[[\]{}()]/g, '\\$&'));
}

test('fifty equal requests at once are one call', async () => {
  const { chat, next, calls, get } = await start();
  const gate = createGate();
  next('openai', (request) => ({ ...openAiAnswer({ text: 'the one' })(request), before: gate }));
  const asked = Array.from({ length: 50 }, () => chat());
  await expect.poll(() => calls.length).toBe(1);
  gate.open();
  const replies = (await Promise.all(asked)).map(told);
  expect(replies.map(([text]) => text)).toEqual(Array(50).fill('the one'));
  expect(replies.filter(([, cached]) => cached === false)).toHaveLength(1);
  expect(calls).toHaveLength(1);
  expect((await get('/v1/usage')).json).toMatchObject({ today: { requests: 1 } });
});

test('a failure is not shared: whoever waited asks for itself', async () => {
  const { chat, next, calls } = await start();
  const gate = createGate();
  next('openai', { ...refuse(500), before: gate });
  const asked = [chat(), chat(), chat()];
  await expect.poll(() => calls.length).toBe(1);
  gate.open();
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect(statuses.sort()).toEqual([200, 200, 503]);
});

test('a cache that is down is a miss, and a line in the log', async () => {
  const { chat, calls, server } = await start({ cache: 'provider: redis, url: "redis://127.0.0.1:9"' });
  expect(told(await chat())).toEqual(['answer 1', false]);
  expect(told(await chat())).toEqual(['answer 2', false]);
  expect(calls).toHaveLength(2);
  expect(server.logged).toContainEqual(expect.objectContaining({ severity: 'WARNING', message: 'cache not used' }));
});

describe('the semantic cache', () => {
  const semantic = { cache: 'provider: memory, semantic: {enabled: true, threshold: 0.95}' };
  const ask = (economy: Economy, content: string, fields = {}) =>
    economy.chat({ messages: [{ role: 'user', content }], ...fields });

  test('knows a question in other words, of the same tenant, agent and prompt', async () => {
    const economy = await start(semantic);
    await ask(economy, 'How many days of holiday do I get?');
    expect(told(await ask(economy, 'how many days of holiday do I get'))).toEqual(['answer 1', true]);
    expect(told(await ask(economy, 'How many hours of sleep do I need?'))).toEqual(['answer 2', false]);
    const same = 'How many Days of holiday do I get?';
    expect(told(await ask(economy, same, { sluice: { tenant: 'acme' } }))[1]).toBe(false);
    expect(told(await ask(economy, same, { model: 'other' }))[1]).toBe(false);
    expect(told(await ask(economy, same, { max_tokens: 10 }))[1]).toBe(false);
  });

  test('is off unless it is switched on', async () => {
    const economy = await start();
    await ask(economy, 'How many days of holiday do I get?');
    expect(told(await ask(economy, 'how many days of holiday do I get'))).toEqual(['answer 2', false]);
  });
});

describeWithRedis('answers in Redis', () => {
  test('are shared by instances, under keys that say nothing', async () => {
    const redis = await startRedisServer();
    onTestFinished(redis.kill);
    const cache = `provider: redis, url: "${redis.url}", ttl: 1h`;
    const one = await start({ cache });
    const other = await start({ cache });
    // What decides an answer includes where it comes from.
    const shared = await startEconomy({
      upstreams: [],
      yaml: () => `
cache: {${cache}}
agents: [{name: agent, provider: openai, model: gpt-4o-mini, api_key: sk-other, endpoint: "${one.endpoints.openai}"}]`,
    });
    expect(told(await one.chat())).toEqual(['answer 1', false]);
    expect(told(await other.chat())).toEqual(['answer 1', false]);
    expect(told(await shared.chat())).toEqual(['answer 1', true]);
    expect(one.calls).toHaveLength(1);

    const client = await createClient({ url: redis.url }).connect();
    const keys = await client.keys('*');
    client.destroy();
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(key).toMatch(/^[\w:.-]*[0-9a-f]{64}$/);
    await redis.kill();
    expect((await shared.chat()).status).toBe(200);
  });
});
