import { describe, expect, test } from 'vitest';
import { measurePrompt } from '../../../shared/routing/prompt-size.ts';
import { type Economy, type EconomyOptions, refuse, startEconomy } from '../../support/economy.ts';
import { openAiAnswer } from '../../support/vendor-answers.ts';

interface Setting {
  /** Of `limits`. */
  readonly limits?: string;
  readonly keys?: string;
  /** Further legs. */
  readonly legs?: (endpoints: Readonly<Record<string, string>>) => string;
}

function start(
  { limits = 'request_timeout: 5m', keys = '[key-1]', legs = () => '' }: Setting,
  options: Partial<EconomyOptions> = {},
): Promise<Economy> {
  return startEconomy({
    upstreams: ['openai', 'anthropic'],
    yaml: (endpoints) => `
limits: {${limits}}
agents:
  - name: agent
    retry: {max_attempts: 1}
    providers:
      - {provider: openai, model: gpt-4o-mini, api_key: ${keys}, endpoint: "${endpoints.openai}"}
${legs(endpoints)}`,
    ...options,
  });
}

const anthropicLeg: Setting['legs'] = ({ anthropic }) =>
  `      - {provider: anthropic, model: claude-sonnet-4-5, api_key: other-key, endpoint: "${anthropic}"}`;

describe('the limit of requests a minute to a provider', () => {
  test('lets as many through at once and makes the next one wait its turn', async () => {
    const { chat, calls, time } = await start({ limits: 'providers: {openai: {requests_per_minute: 3}}' });
    for (let count = 0; count < 4; count += 1) expect((await chat()).status).toBe(200);
    expect(calls).toHaveLength(4);
    expect(time.waits).toEqual([20_000]);
  });

  test('answers 429 with the time of the next turn when that comes too late', async () => {
    const { chat, calls, time } = await start({
      limits: 'request_timeout: 15s, providers: {openai: {requests_per_minute: 3}}',
    });
    for (let count = 0; count < 3; count += 1) await chat();
    const refused = await chat();
    expect(refused).toMatchObject({ status: 429, json: { error: { code: 'rate_limit_exceeded' } } });
    expect(refused.headers.get('retry-after')).toBe('20');
    expect(calls).toHaveLength(3);
    expect(time.waits).toEqual([]);
    time.pass(20_000);
    expect((await chat()).status).toBe(200);
  });

  test('hands over to the next leg when its own turn comes too late', async () => {
    const { chat, order } = await start({
      limits: 'request_timeout: 15s, providers: {openai: {requests_per_minute: 1}}',
      legs: anthropicLeg,
    });
    await chat();
    const second = await chat();
    expect(second.read.sluice?.attempts).toMatchObject([{ code: 'rate_limit' }, { provider: 'anthropic' }]);
    expect(order()).toEqual(['openai', 'anthropic']);
  });

  test('counts for each key of its own', async () => {
    const { chat, calls, time } = await start({
      limits: 'providers: {openai: {requests_per_minute: 2}}',
      keys: '[key-1, key-2]',
    });
    for (let count = 0; count < 4; count += 1) await chat();
    expect(calls.map(({ key }) => key).sort()).toEqual(['key-1', 'key-1', 'key-2', 'key-2']);
    expect(time.waits).toEqual([]);
  });

  test('is neither waited for nor used up by what the provider cannot take', async () => {
    const { chat, order, time } = await startEconomy({
      upstreams: ['ollama', 'openai'],
      yaml: ({ ollama, openai }) => `
limits: {providers: {ollama: {requests_per_minute: 2}}}
agents:
  - name: agent
    providers:
      - {provider: ollama, model: qwen3, endpoint: "${ollama}"}
      - {provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${openai}"}`,
    });
    for (let count = 0; count < 3; count += 1) await chat({ n: 2 });
    await chat();
    await chat();
    await chat({ n: 2 });
    expect(order()).toEqual(['openai', 'openai', 'openai', 'ollama', 'ollama', 'openai']);
    expect(time.waits).toEqual([]);
  });

  test('is not used up while the provider is not there', async () => {
    const { chat, order, onProbe, time } = await startEconomy({
      upstreams: ['ollama', 'openai'],
      yaml: ({ ollama, openai }) => `
limits: {providers: {ollama: {requests_per_minute: 1}}}
agents:
  - name: agent
    retry: {max_attempts: 1}
    providers:
      - {provider: ollama, model: qwen3, endpoint: "${ollama}"}
      - {provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${openai}"}`,
    });
    onProbe('ollama', refuse(503));
    await chat();
    onProbe('ollama', { body: { models: [] } });
    // So long an answer about this holds.
    time.pass(10_000);
    await chat();
    expect(order()).toEqual(['openai', 'ollama']);
    expect(time.waits).toEqual([]);
  });
});

describe('the limit of tokens a minute', () => {
  const limits = 'providers: {openai: {tokens_per_minute: 40000}}';

  /** A request of about this many tokens. */
  function toMessages(tokens: number) {
    const toList = (words: number) => [{ role: 'user' as const, content: 'word '.repeat(words) }];
    let words = 1;
    while (measurePrompt({ messages: toList(words) }).tokens < tokens) words *= 2;
    while (measurePrompt({ messages: toList(words) }).tokens > tokens) words -= 100;
    return toList(words);
  }

  test('makes a call wait until there is room for it', async () => {
    const { chat, next, time } = await start({ limits });
    next('openai', openAiAnswer({ text: 'x', promptTokens: 29_500, completionTokens: 500 }));
    await chat({ messages: toMessages(29_500) });
    expect(time.waits).toEqual([]);
    await chat({ messages: toMessages(19_500) });
    expect(time.waits).toHaveLength(1);
    // 10,000 are missing, of which there are 40,000 a minute.
    expect(time.waits[0]).toBeGreaterThan(14_000);
    expect(time.waits[0]).toBeLessThan(16_000);
  });

  test('counts what a call used in truth', async () => {
    const { chat, next, time } = await start({ limits });
    next('openai', openAiAnswer({ text: 'x', promptTokens: 10, completionTokens: 49_990 }));
    await chat();
    await chat();
    // 10,000 are owed, and some more are needed.
    expect(time.waits[0]).toBeGreaterThan(15_000);
  });

  test('counts a stream too', async () => {
    const { chat, next, time } = await start({ limits });
    next('openai', openAiAnswer({ text: 'x', promptTokens: 10, completionTokens: 49_990 }));
    expect((await chat({ stream: true })).read.done).toBe(true);
    await chat({ stream: true });
    expect(time.waits[0]).toBeGreaterThan(15_000);
  });
});

describe('several keys of a provider', () => {
  const keysOf = ({ calls }: Economy) => calls.map(({ key }) => key);
  const keys = '[key-1, key-2, key-3]';

  test('take turns', async () => {
    const economy = await start({ keys });
    for (let count = 0; count < 4; count += 1) await economy.chat();
    expect(keysOf(economy)).toEqual(['key-1', 'key-2', 'key-3', 'key-1']);
  });

  test.each([false, true])(
    'step in for one that is limited, which rests as long as it was told to (streamed: %s)',
    async (stream) => {
      const economy = await start({ keys: '[key-1, key-2]' });
      economy.next('openai', refuse(429, { 'retry-after': '30' }));
      expect((await economy.chat({ stream })).read.text).not.toBe('');
      economy.time.pass(29_000);
      await economy.chat({ stream });
      expect(keysOf(economy)).toEqual(['key-1', 'key-2', 'key-2']);
      economy.time.pass(2_000);
      await economy.chat({ stream });
      await economy.chat({ stream });
      expect(keysOf(economy).slice(3)).toEqual(['key-1', 'key-2']);
      expect(economy.time.waits).toEqual([]);
    },
  );

  test.each([
    [401, { code: 'invalid_api_key' }],
    [402, { code: 'insufficient_balance' }],
  ])('step in for one that is refused with %i', async (status) => {
    const economy = await start({ keys: '[key-1, key-2]' });
    economy.next('openai', refuse(status));
    for (let count = 0; count < 3; count += 1) expect((await economy.chat()).status).toBe(200);
    expect(keysOf(economy)).toEqual(['key-1', 'key-2', 'key-2', 'key-2']);
  });

  test('are all limited: 429 with the shortest rest, and nobody is asked meanwhile', async () => {
    const economy = await start({ keys: '[key-1, key-2]' });
    economy.next('openai', refuse(429, { 'retry-after': '50' }), refuse(429, { 'retry-after': '20' }));
    const refused = await economy.chat();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('20');
    expect((await economy.chat()).status).toBe(429);
    expect(keysOf(economy)).toEqual(['key-1', 'key-2']);
    economy.time.pass(20_000);
    expect((await economy.chat()).status).toBe(200);
    expect(keysOf(economy)).toEqual(['key-1', 'key-2', 'key-2']);
  });

  test('are all limited: the next leg answers', async () => {
    const economy = await start({ keys: '[key-1, key-2]', legs: anthropicLeg });
    economy.always('openai', refuse(429, { 'retry-after': '50' }));
    for (let count = 0; count < 2; count += 1) expect((await economy.chat()).status).toBe(200);
    expect(keysOf(economy)).toEqual(['key-1', 'key-2', 'other-key', 'other-key']);
  });
});
