import { describe, expect, it, vi } from 'vitest';
import {
  type AnswerCacheOptions,
  createAnswerCache,
  type Produced,
} from '../../../../shared/app/cache/answer-cache.ts';
import type { CacheableRequest } from '../../../../shared/app/cache/request-key.ts';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import { createMemoryResponseCache } from '../../../../shared/stores/cache/memory.ts';
import { toChoice, toCompletion, toInput, toLeg, toProduced } from '../../../support/cache-parts.ts';

const HOUR_MS = 3_600_000;
const newSignal = (): AbortSignal => new AbortController().signal;

function setUp(options: Partial<AnswerCacheOptions> = {}) {
  const clock = { now: 0 };
  const store = createMemoryResponseCache({ now: () => clock.now });
  const get = vi.spyOn(store, 'get');
  const set = vi.spyOn(store, 'set');
  const cache = createAnswerCache({
    cache: { get: async () => store },
    ttlMs: HOUR_MS,
    allowTemperature: false,
    ...options,
  });
  const produce = vi.fn<(signal: AbortSignal) => Promise<Produced>>(async () => toProduced());
  const ask = async (input: CacheableRequest = toInput(), caller = newSignal()) => {
    const ticket = cache.ticketFor(input);
    if (!ticket) throw new Error('The request is not cacheable.');
    return cache.run({ ticket, signal: caller, produce });
  };
  return { clock, store, get, set, cache, produce, ask };
}

const stored = { answer: { provider: 'openai', model: 'gpt-test', dropped: ['seed'], completion: toCompletion() } };

describe('an answer', () => {
  it('is produced once and used again until its time is over', async () => {
    const { ask, produce, clock } = setUp();
    expect(await ask()).toEqual({ produced: toProduced() });
    clock.now = HOUR_MS - 1;
    expect(await ask()).toEqual(stored);
    expect(produce).toHaveBeenCalledOnce();
    clock.now = HOUR_MS;
    expect(await ask()).toEqual({ produced: toProduced() });
    expect(produce).toHaveBeenCalledTimes(2);
  });

  it('is not used for another request', async () => {
    const { ask, produce } = setUp();
    await ask();
    await ask(toInput({ seed: 2 }));
    await ask(toInput({}, { tenant: 'acme' }));
    expect(produce).toHaveBeenCalledTimes(3);
  });

  it('is stored under a key that tells nothing', async () => {
    const { ask, set } = setUp();
    await ask();
    expect(set.mock.calls).toEqual([[expect.stringMatching(/^[0-9a-f]{64}$/), expect.any(String), { ttlMs: HOUR_MS }]]);
  });

  it('is stored without the text the upstream sent, and without keys', async () => {
    const { ask, set, produce } = setUp();
    const produced = toProduced();
    const result = { ...produced.result, result: { completion: toCompletion(), json: '{"raw":1}' } };
    produce.mockResolvedValueOnce({ ...produced, result });
    await ask();
    expect(set.mock.calls[0]?.[1]).not.toMatch(/raw|keymark/);
  });

  it('is there for a request that is to be streamed, once it is stored', async () => {
    const { ask, cache } = setUp();
    const ticket = cache.ticketFor(toInput());
    if (!ticket) throw new Error('not cacheable');
    expect(await cache.find(ticket, newSignal())).toBeUndefined();
    await ask();
    expect(await cache.find(ticket, newSignal())).toEqual(stored.answer);
  });

  it.each<readonly [string, Produced]>([
    ['was cut off', toProduced(toCompletion(toChoice({}, { finish_reason: 'length' })))],
    ['calls a tool', toProduced(toCompletion(toChoice({ content: null }, { finish_reason: 'tool_calls' })))],
    ['was made with a temperature', toProduced(toCompletion(), toLeg({ provider: 'xai', temperature: 0.5 }))],
  ])('is not stored when it %s', async (_what, produced) => {
    const { ask, produce, set } = setUp();
    produce.mockResolvedValue(produced);
    const legs = [toLeg({ provider: 'xai', temperature: 0.5 }), toLeg()];
    expect(await ask(toInput({}, { legs }))).toEqual({ produced });
    expect(await ask(toInput({}, { legs }))).toEqual({ produced });
    expect(produce).toHaveBeenCalledTimes(2);
    expect(set).not.toHaveBeenCalled();
  });

  it('is stored in spite of its temperature when that is allowed', async () => {
    const { ask, produce } = setUp({ allowTemperature: true });
    await ask(toInput({ temperature: 1 }));
    expect(await ask(toInput({ temperature: 1 }))).toEqual(stored);
    expect(produce).toHaveBeenCalledOnce();
  });
});

describe('a request', () => {
  it('has no part in the cache when it says so, or when its answer would not be stored', () => {
    const { cache } = setUp();
    expect(cache.ticketFor(toInput(), { enabled: false })).toBeUndefined();
    expect(cache.ticketFor(toInput({ temperature: 1 }))).toBeUndefined();
    expect(cache.ticketFor(toInput(), { enabled: undefined })).toBeDefined();
  });

  it('has no part in the cache when it is nested too deeply to be read', () => {
    let parameters: Record<string, unknown> = {};
    for (let depth = 0; depth < 100_000; depth += 1) parameters = { parameters };
    const { cache } = setUp();
    expect(cache.ticketFor(toInput({ tools: [{ type: 'function', function: { name: 'f', parameters } }] }))).toBe(
      undefined,
    );
  });

  it('fails as it would without a cache, and the failure is not kept', async () => {
    const { ask, produce } = setUp();
    const failure = new AppError('rate_limit', 'busy');
    produce.mockRejectedValueOnce(failure);
    await expect(ask()).rejects.toBe(failure);
    expect(await ask()).toEqual({ produced: toProduced() });
  });
});

describe('fifty equal requests at once', () => {
  it('are one call, paid for once', async () => {
    const { ask, produce, get } = setUp();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => ask()));
    expect(produce).toHaveBeenCalledOnce();
    expect(get).toHaveBeenCalledOnce();
    expect(outcomes.filter((outcome) => 'produced' in outcome)).toHaveLength(1);
    expect(outcomes.filter((outcome) => 'answer' in outcome)).toEqual(Array(49).fill(stored));
  });

  it('are not failed by one failure', async () => {
    const { ask, produce } = setUp();
    produce.mockRejectedValueOnce(new AppError('server_error', 'down'));
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => ask()));
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(produce.mock.calls.length).toBeLessThanOrEqual(11);
  });

  it('are not failed by the first one leaving, whose call goes on', async () => {
    const { ask, produce } = setUp();
    let finish = (_produced: Produced): void => {};
    const began = new Promise<AbortSignal>((resolve) => {
      produce.mockImplementationOnce((given) => {
        resolve(given);
        return new Promise((done) => {
          finish = done;
        });
      });
    });
    const first = new AbortController();
    const left = ask(toInput(), first.signal);
    const others = Array.from({ length: 49 }, () => ask());
    const given = await began;
    first.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    expect(given.aborted).toBe(false);
    finish(toProduced());
    const [second, ...rest] = await Promise.all(others);
    expect(second).toEqual({ produced: toProduced() });
    expect(rest).toEqual(Array(48).fill(stored));
    expect(produce).toHaveBeenCalledOnce();
  });
});

describe('a cache in trouble', () => {
  it.each<readonly [string, Partial<AnswerCacheOptions>]>([
    ['cannot be had', { cache: { get: () => Promise.reject(new Error('no secret')) } }],
    ['throws', { cache: { get: async () => ({ get: fails, set: fails }) } }],
    [
      'holds something else',
      { cache: { get: async () => ({ get: async () => '{"version":0}', set: async () => {} }) } },
    ],
  ])('that %s is a miss', async (_what, options) => {
    const { ask, produce } = setUp({ ...options, onFault: () => {} });
    expect(await ask()).toEqual({ produced: toProduced() });
    expect(await ask()).toEqual({ produced: toProduced() });
    expect(produce).toHaveBeenCalledTimes(2);
  });
});

function fails(): Promise<never> {
  return Promise.reject(new Error('broken'));
}
