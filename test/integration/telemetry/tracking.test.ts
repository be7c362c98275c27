import { expect, test } from 'vitest';
import { startEconomy } from '../../support/economy.ts';

const start = (observability: string) =>
  startEconomy({
    upstreams: ['openai'],
    yaml: ({ openai }) => `
agents: [{name: agent, provider: openai, model: gpt-4o-mini, api_key: key, endpoint: "${openai}"}]
observability: {${observability}}`,
  });

test('tokens are to be had by provider, model and day', async () => {
  const { chat, get } = await start('llm_observability: {track_tokens: true}');
  const { json } = await chat();
  const { total_tokens: tokens } = json.usage as { total_tokens: number };
  const usage = (await get('/v1/usage?days=1')).json as {
    today: { day: string; by: Record<string, Record<string, { total_tokens: number }>> };
  };
  expect(usage.today.day).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect(usage.today.by.provider?.openai?.total_tokens).toBe(tokens);
  expect(Object.values(usage.today.by.model ?? {})).toMatchObject([{ total_tokens: tokens }]);
});

test('with cost_tracking false no cost is written, logged or counted, and the answer has it all the same', async () => {
  const economy = await start('cost_tracking: false');
  const { json } = await economy.chat();
  expect((json.sluice as { cost_usd: number }).cost_usd).toBeGreaterThan(0);
  expect((await economy.get('/v1/usage?days=1')).json.today).toMatchObject({ requests: 1, cost_usd: null });
  const [today] = await economy.server.app.ledger.days(1);
  expect(today).toMatchObject({ costNanoUsd: 0 });
  expect(JSON.stringify(economy.server.logged)).not.toContain('cost_usd');
  expect((await economy.get('/metrics')).text).not.toMatch(/^llm_provider_cost_usd_total\{/m);
});
