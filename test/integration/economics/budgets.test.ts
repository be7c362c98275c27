import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { UsageLedger } from '../../../shared/contracts/usage-ledger.ts';
import { createMemoryUsageLedger } from '../../../shared/usage/memory-ledger.ts';
import { type Economy, type EconomyOptions, startEconomy } from '../../support/economy.ts';
import { createTestTime } from '../../support/test-time.ts';
import { openAiAnswer } from '../../support/vendor-answers.ts';

/** A prompt token costs a cent, which makes sums easy to follow. */
const PRICES = 'prices: {openai/gpt-4o-mini: {input: 10000, output: 0}, openai/gpt-4o: {input: 10000, output: 0}}';

function start(blocks: string, options: Partial<EconomyOptions> = {}): Promise<Economy> {
  return startEconomy({
    upstreams: ['openai'],
    yaml: ({ openai }) => `
${PRICES}
agents:
  - {name: agent, retry: {max_attempts: 1}, provider: openai, model: gpt-4o-mini, api_key: sk-test, endpoint: "${openai}"}
  - name: two
    retry: {max_attempts: 1}
    providers:
      - {provider: openai, model: gpt-4o-mini, api_key: sk-test, endpoint: "${openai}"}
      - {provider: openai, model: gpt-4o, api_key: sk-test, endpoint: "${openai}"}
${blocks}`,
    ...options,
  });
}

const cents = (promptTokens: number, completionTokens = 0) =>
  openAiAnswer({ text: 'x', promptTokens, completionTokens });

const alertsOf = ({ server }: Economy) => server.logged.filter(({ message }) => message === 'cost alert');

/** Asks for an answer of this many cents. */
async function spend(economy: Economy, promptTokens: number, headers = {}): Promise<number> {
  economy.next('openai', cents(promptTokens));
  return (await economy.chat({}, headers)).status;
}

describe('cost_alert_threshold', () => {
  test('is told of once a day, above the threshold and not at it', async () => {
    const economy = await start('observability: {cost_alert_threshold: 100}');
    await spend(economy, 9_999);
    await spend(economy, 1);
    expect(alertsOf(economy)).toEqual([]);
    await spend(economy, 1);
    expect(alertsOf(economy)).toMatchObject([{ severity: 'ERROR', day: '2026-11-22', cost_usd: 100.01 }]);
    await spend(economy, 5_000);
    expect(alertsOf(economy)).toHaveLength(1);
    economy.time.passUntil('2026-11-23T00:00:00Z');
    await spend(economy, 10_000);
    expect(alertsOf(economy)).toHaveLength(1);
    await spend(economy, 1);
    expect(alertsOf(economy)).toMatchObject([{ day: '2026-11-22' }, { day: '2026-11-23' }]);
  });

  test('is told of by one of the instances that share a ledger', async () => {
    const time = createTestTime();
    const ledger = createMemoryUsageLedger({ now: time.options.now });
    const economies = await Promise.all(
      [1, 2, 3].map(() => start('observability: {cost_alert_threshold: 100}', { time, ledger })),
    );
    for (const economy of economies) await spend(economy, 5_000);
    for (const economy of economies) {
      time.pass(10_000);
      await spend(economy, 5_000);
    }
    expect(economies.flatMap(alertsOf)).toHaveLength(1);
  });
});

describe('daily limits', () => {
  const LIMITS = [
    ['daily_token_limit', 'observability: {llm_observability: {daily_token_limit: 1000}}', 999, 1],
    ['daily_usd', 'limits: {daily_usd: 10}', 999, 1],
  ] as const;

  test.each(LIMITS)(
    '%s serves until it is used up, then refuses until midnight UTC',
    async (name, blocks, most, rest) => {
      const economy = await start(blocks);
      expect(await spend(economy, most)).toBe(200);
      economy.next('openai', cents(rest));
      expect((await economy.chat({ stream: true })).read.done).toBe(true);
      for (const stream of [false, true]) {
        const refused = await economy.chat({ stream });
        expect(refused).toMatchObject({
          status: 429,
          json: {
            error: { type: 'rate_limit_error', code: 'budget_exceeded' },
            sluice: { limit: name, resets_at: '2026-11-23T00:00:00.000Z' },
          },
        });
        expect(refused.headers.get('retry-after')).toBe(String(12 * 3_600));
        // Clients repeat a 429 by themselves unless they are told not to.
        expect(refused.headers.get('x-should-retry')).toBe('false');
      }
      const asMessages = await economy.post('/v1/messages', {
        model: 'agent',
        max_tokens: 9,
        messages: [{ role: 'user', content: 'Hello' }],
      });
      expect(asMessages).toMatchObject({ status: 429, json: { type: 'error', error: { type: 'rate_limit_error' } } });
      expect(economy.calls).toHaveLength(2);
      economy.time.passUntil('2026-11-23T00:00:00Z');
      expect(await spend(economy, 1)).toBe(200);
      expect((await economy.get('/v1/usage?days=2')).json).toMatchObject({
        today: { day: '2026-11-23', requests: 1 },
        days: [{ requests: 1 }, { day: '2026-11-22', requests: 2, prompt_tokens: most + rest }],
        limits: [{ name, used: expect.closeTo(name === 'daily_usd' ? 0.01 : 1) }],
      });
    },
  );

  test('hold for embeddings as well', async () => {
    const economy = await start(`limits: {daily_usd: 10}
embeddings: {provider: local}`);
    await spend(economy, 1_000);
    const refused = await economy.post('/v1/embeddings', { model: 'local', input: 'x' });
    expect(refused).toMatchObject({ status: 429, json: { error: { code: 'budget_exceeded' } } });
  });
});

describe('what an upstream charged for', () => {
  test('counts when its answer was thrown away', async () => {
    const economy = await start('');
    const useless = openAiAnswer({ text: 'no JSON at all', promptTokens: 100, completionTokens: 7 });
    economy.next('openai', useless, useless, useless, openAiAnswer({ text: '{"a": 1}', promptTokens: 10 }));
    const reply = await economy.chat({ model: 'two', response_format: { type: 'json_object' } });
    expect(reply.read).toMatchObject({
      text: '{"a": 1}',
      sluice: { model: 'gpt-4o', attempts: [{ model: 'gpt-4o-mini', code: 'invalid_output' }, { model: 'gpt-4o' }] },
    });
    expect(reply.json).toMatchObject({ sluice: { cost_usd: 3.1 } });
    expect((await economy.get('/v1/usage')).json).toMatchObject({
      today: {
        requests: 2,
        cost_usd: 3.1,
        by: {
          model: { 'gpt-4o-mini': { prompt_tokens: 300, completion_tokens: 21 }, 'gpt-4o': { prompt_tokens: 10 } },
        },
      },
    });
  });

  test('counts when all legs failed', async () => {
    const economy = await start('');
    economy.always('openai', openAiAnswer({ text: 'no JSON at all', promptTokens: 100 }));
    expect((await economy.chat({ model: 'two', response_format: { type: 'json_object' } })).status).toBe(502);
    expect((await economy.get('/v1/usage')).json).toMatchObject({ today: { requests: 2, cost_usd: 6 } });
  });

  test('is estimated when a stream broke off', async () => {
    const economy = await start('');
    economy.next('openai', (request) => {
      const { pieces = [], ...answer } = openAiAnswer({ text: 'one two three four five six' })(request);
      return { ...answer, pieces: pieces.slice(0, 5), finish: 'reset' };
    });
    expect((await economy.chat({ stream: true })).read.error).toMatchObject({ code: 'network' });
    const { today } = (await economy.get('/v1/usage')).json as { today: Record<string, number> };
    expect(today).toMatchObject({ requests: 1 });
    expect(today.prompt_tokens).toBeGreaterThan(0);
    expect(today.completion_tokens).toBeGreaterThan(0);
  });

  test('counts cached prompt tokens at their own price, and says null where there is no price', async () => {
    const economy = await startEconomy({
      upstreams: ['openai', 'xai'],
      yaml: ({ openai, xai }) => `
agents:
  - {name: agent, provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${openai}"}
  - {name: unknown, provider: xai, model: grok-of-tomorrow, api_key: k, endpoint: "${xai}"}`,
    });
    // 20 tokens at 0.15, 10 cached at 0.075 and 12 out at 0.6 USD a million.
    expect((await economy.chat()).json).toMatchObject({ sluice: { cost_usd: 0.00001095 } });
    expect((await economy.chat({ model: 'unknown' })).json).toMatchObject({ sluice: { cost_usd: null } });
    expect((await economy.get('/v1/usage')).json).toMatchObject({ today: { requests: 2, unpriced: 1 } });
    expect(economy.server.logged).toContainEqual(
      expect.objectContaining({ message: 'cost unknown', model: 'grok-of-tomorrow' }),
    );
  });
});

describe('keys of callers', () => {
  const hash = (key: string) => createHash('sha256').update(key).digest('hex');
  const AUTH = `
auth:
  mode: api_key
  keys:
    - {name: small, key_sha256: ${hash('small-key')}, tenant: acme, daily_budget_usd: 5}
    - {name: same-house, key_sha256: ${hash('house-key')}, tenant: acme}
    - {name: other-house, key_sha256: ${hash('other-key')}, tenant: zenith}
    - {name: chat-only, key_sha256: ${hash('chat-key')}, functions: [chat]}
    - {name: operator, key_sha256: ${hash('operator-key')}}`;
  const as = (key: string) => ({ authorization: `Bearer ${key}-key` });

  test('have a budget of their own, which refuses nobody else', async () => {
    const economy = await start(AUTH);
    expect(await spend(economy, 500, as('small'))).toBe(200);
    const refused = await economy.chat({}, as('small'));
    expect(refused).toMatchObject({ status: 429, json: { error: { code: 'budget_exceeded' } } });
    expect(refused.headers.get('retry-after')).toBe(String(12 * 3_600));
    expect(await spend(economy, 500, as('house'))).toBe(200);
    economy.time.passUntil('2026-11-23T00:00:00Z');
    expect(await spend(economy, 1, as('small'))).toBe(200);
  });

  test('see their own tenant’s usage, or their own, or everything', async () => {
    const economy = await start(AUTH);
    for (const [key, tokens] of [
      ['small', 100],
      ['house', 10],
      ['other', 1],
      ['chat', 7],
    ] as const) {
      await spend(economy, tokens, as(key));
    }
    const usageOf = async (key: string) => (await economy.get('/v1/usage', as(key))).json;
    const acme = await usageOf('small');
    expect(acme).toMatchObject({
      scope: 'tenant',
      today: { requests: 2, cost_usd: 1.1 },
      limits: [{ name: 'daily_budget_usd', limit: 5, used: 1 }],
    });
    expect(JSON.stringify(acme)).not.toMatch(/zenith|other-house|same-house/);
    expect(await usageOf('other')).toMatchObject({ scope: 'tenant', today: { requests: 1, cost_usd: 0.01 } });
    expect(await usageOf('chat')).toMatchObject({ scope: 'key', today: { requests: 1, cost_usd: 0.07 } });
    expect(await usageOf('operator')).toMatchObject({
      scope: 'all',
      today: {
        requests: 4,
        by: {
          key: { small: { requests: 1 }, 'same-house': { requests: 1 } },
          tenant: { acme: { requests: 2, cost_usd: 1.1 } },
          agent: { agent: { requests: 4 } },
          provider: { openai: { prompt_tokens: 118 } },
        },
      },
      period: { days: 30 },
    });
    expect((await economy.get('/v1/usage')).status).toBe(401);
    expect((await economy.get('/v1/usage?days=0', as('operator'))).status).toBe(400);
  });
});

describe('a ledger that is down', () => {
  const down = async (): Promise<never> => {
    throw new AppError('network', 'The ledger cannot be reached.');
  };
  const LEDGER: UsageLedger = {
    id: 'broken',
    add: down,
    today: down,
    days: down,
    claimOnce: down,
    flush: async () => {},
    close: async () => {},
  };

  test('takes no answer away and leaves a warning', async () => {
    const economy = await start('limits: {daily_usd: 10}', { ledger: LEDGER });
    expect(await spend(economy, 1)).toBe(200);
    expect(economy.server.logged).toContainEqual(
      expect.objectContaining({ severity: 'WARNING', message: 'usage not recorded' }),
    );
    // What this instance has spent itself it knows without a ledger.
    expect(await spend(economy, 999)).toBe(200);
    expect(await spend(economy, 1)).toBe(429);
  });

  test('refuses in strict mode, where a limit could otherwise be passed unseen', async () => {
    const economy = await start('strict: true\nlimits: {daily_usd: 10}', { ledger: LEDGER });
    economy.next('openai', cents(1));
    const refused = await economy.chat();
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(economy.calls).toEqual([]);
  });
});
