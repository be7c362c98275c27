import { describe, expect, test } from 'vitest';
import { type Economy, type EconomyOptions, refuse, startEconomy } from '../../support/economy.ts';
import { createTestTime } from '../../support/test-time.ts';
import { TEXT } from '../clients/wires/wire.ts';

/** One leg, with members of its agent. */
function start(agent: string, options: Partial<EconomyOptions> & { readonly blocks?: string } = {}): Promise<Economy> {
  const { blocks = '', ...rest } = options;
  return startEconomy({
    upstreams: ['openai'],
    yaml: ({ openai }) => `
agents:
  - {name: agent, provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${openai}", ${agent}}
${blocks}`,
    ...rest,
  });
}

const RETRY = 'retry: {max_attempts: 3, initial_backoff: 1s, max_backoff: 10s, multiplier: 2}';
const inSeconds = (ms: number): string => String(ms / 1_000);

describe.each([false, true])('attempts at a leg (streamed: %s)', (stream) => {
  test('wait longer each time, up to the longest wait', async () => {
    const { chat, always, calls, time } = await start(
      'retry: {max_attempts: 6, initial_backoff: 1s, max_backoff: 10s, multiplier: 2}',
    );
    always('openai', refuse(503));
    expect((await chat({ stream })).status).toBe(503);
    expect(calls).toHaveLength(6);
    expect(time.waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000]);
  });

  test('happen by default: three of them', async () => {
    const { chat, next, calls, time } = await start('role: assistant');
    next('openai', { finish: 'refuse' }, refuse(500));
    expect((await chat({ stream })).read).toMatchObject({ text: TEXT, sluice: { attempts: [{ provider: 'openai' }] } });
    expect(calls).toHaveLength(3);
    expect(time.waits).toEqual([1_000, 2_000]);
  });

  test.each<[what: string, headers: Readonly<Record<string, string>>]>([
    ['seconds', { 'retry-after': '7' }],
    ['milliseconds', { 'retry-after-ms': '7000' }],
  ])('wait as long as the upstream asks for, in %s', async (_, headers) => {
    const { chat, next, time } = await start(RETRY);
    next('openai', refuse(429, headers));
    expect((await chat({ stream })).read.text).toBe(TEXT);
    expect(time.waits).toEqual([7_000]);
  });

  test('wait until the date the upstream names', async () => {
    const { chat, next, time } = await start(RETRY);
    next('openai', () => refuse(429, { 'retry-after': new Date(Date.now() + 8_000).toUTCString() }));
    expect((await chat({ stream })).read.text).toBe(TEXT);
    expect(time.waits[0]).toBeGreaterThan(4_000);
    expect(time.waits[0]).toBeLessThanOrEqual(8_000);
  });

  test.each([
    ['that is longer than max_backoff', '5m', '60'],
    ['that the request has no time for', '5s', '8'],
  ])('end at once when a wait is asked for %s', async (_, timeout, seconds) => {
    const { chat, always, calls, time } = await start(RETRY, { blocks: `limits: {request_timeout: ${timeout}}` });
    always('openai', refuse(429, { 'retry-after': seconds }));
    const reply = await chat({ stream });
    expect(reply.status).toBe(429);
    expect(reply.headers.get('retry-after')).toBe(seconds);
    expect(calls).toHaveLength(1);
    expect(time.waits).toEqual([]);
  });

  test.each([
    ['rate_limit', 429, 3],
    ['rate_limit', 503, 1],
    ['server_error', 503, 3],
    ['server_error', 429, 1],
    ['server_error', 'a broken connection', 3],
    ['timeout', 504, 3],
    ['timeout', 503, 1],
  ] as const)('with retry_on [%s] after %s: %i', async (reason, failure, attempts) => {
    const { chat, always, calls } = await start(`retry: {max_attempts: 3, retry_on: [${reason}]}`);
    always('openai', typeof failure === 'number' ? refuse(failure) : { finish: 'refuse' });
    await chat({ stream });
    expect(calls).toHaveLength(attempts);
  });

  test.each([400, 401, 402, 403, 404, 413, 422])('is one after %i', async (status) => {
    const { chat, always, calls, time } = await start(RETRY);
    always('openai', refuse(status));
    await chat({ stream });
    expect(calls).toHaveLength(1);
    expect(time.waits).toEqual([]);
  });

  test('is cut off by the agent’s timeout and made again', async () => {
    const { chat, next, calls, server } = await start(`timeout: 150ms, ${RETRY}`);
    next('openai', { finish: 'silence' });
    expect((await chat({ stream })).read.text).toBe(TEXT);
    expect(calls).toHaveLength(2);
    await calls[0]?.request.whenAborted;
    expect(server.logged).toContainEqual(
      expect.objectContaining({ message: 'leg retried', code: 'timeout', attempt: 1, delay_seconds: 1 }),
    );
  });
});

test('callers that failed together do not come back together', async () => {
  const draws = [0, 0.25, 0.75, 0.999];
  const time = createTestTime({ random: () => draws.shift() ?? 0.5 });
  const { chat, next } = await start('retry: {max_attempts: 5, initial_backoff: 1s, multiplier: 1}', { time });
  next('openai', refuse(503), refuse(503), refuse(503), refuse(503));
  await chat();
  expect(time.waits.map(inSeconds)).toEqual(['0.5', '0.75', '1.25', '1.499']);
});

test('an embedding is asked for again too', async () => {
  const { post, next, calls } = await start(RETRY, {
    yaml: ({ openai }) => `
agents: [{name: agent, model: local}]
embeddings:
  provider: openai
  openai: {api_key: k, model: text-embedding-3-small, dimensions: 2, endpoint: "${openai}"}
  retry: {max_attempts: 2, initial_backoff: 1ms}
vectorstore: {provider: memory, embedding_dimensions: 2}`,
  });
  next('openai', refuse(503), {
    body: {
      object: 'list',
      model: 'text-embedding-3-small',
      data: [{ object: 'embedding', index: 0, embedding: [0, 1] }],
      usage: { prompt_tokens: 1, total_tokens: 1 },
    },
  });
  const reply = await post('/v1/embeddings', { model: 'text-embedding-3-small', input: 'x' });
  expect(reply.json).toMatchObject({ data: [{ embedding: [0, 1] }] });
  expect(calls).toHaveLength(2);
});
