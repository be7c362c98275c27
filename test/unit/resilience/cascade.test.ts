import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { AppError, ERROR_CODES, type ErrorCode } from '../../../shared/contracts/app-error.ts';
import { cascade } from '../../../shared/resilience/cascade.ts';

const STOP: ReadonlySet<ErrorCode> = new Set(['invalid_request', 'too_large', 'content_filtered', 'cancelled']);

const leg = (name: string) => ({ provider: name, model: `${name}-model` });
const LEGS = [leg('openai'), leg('anthropic'), leg('vertexai')];

/** Each leg answers with its text or fails with its error, in order. */
async function run(outcomes: readonly (string | Error)[], signal: AbortSignal = new AbortController().signal) {
  const called: string[] = [];
  const failed: [string, AppError][] = [];
  let time = 0;
  const promise = cascade({
    legs: LEGS.slice(0, outcomes.length),
    signal,
    now: () => time,
    onFailure: ({ provider }, error) => failed.push([provider, error]),
    call: async ({ provider }) => {
      const outcome = outcomes[called.length];
      called.push(provider);
      time += 10.4 * called.length;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  });
  const settled = await promise.then(
    (result) => ({ result, error: undefined }),
    (error: unknown) => ({ result: undefined, error: error as AppError }),
  );
  return { called, failed, ...settled };
}

const error = (code: ErrorCode, retryAfterMs?: number) =>
  new AppError(code, `It was ${code}.`, {
    upstreamStatus: 499,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

describe('cascade', () => {
  it('asks no second leg when the first one answers', async () => {
    const { called, result } = await run(['yes', 'never']);
    expect(called).toEqual(['openai']);
    expect(result).toEqual({
      leg: LEGS[0],
      result: 'yes',
      attempts: [{ provider: 'openai', model: 'openai-model', latency_ms: 10 }],
    });
  });

  it.each(ERROR_CODES.filter((code) => !STOP.has(code)))('goes on to the next leg after %s', async (code) => {
    const { called, result, failed } = await run([error(code), 'yes', 'never']);
    expect(called).toEqual(['openai', 'anthropic']);
    expect(result).toEqual({
      leg: LEGS[1],
      result: 'yes',
      attempts: [
        { provider: 'openai', model: 'openai-model', code, latency_ms: 10 },
        { provider: 'anthropic', model: 'anthropic-model', latency_ms: 21 },
      ],
    });
    expect(failed).toEqual([['openai', expect.objectContaining({ code })]]);
  });

  it.each([...STOP])('stops at %s, which every leg would say', async (code) => {
    const { called, error: thrown } = await run([error(code), 'never']);
    expect(called).toEqual(['openai']);
    expect(thrown).toBeInstanceOf(AppError);
    expect(thrown).toMatchObject({ code, message: `It was ${code}.` });
    expect(thrown?.details).toEqual({
      attempts: [{ provider: 'openai', model: 'openai-model', code, latency_ms: 10 }],
    });
  });

  it('keeps what the caller needs of an error it stops at', async () => {
    const original = new AppError('invalid_request', 'Bad role.', { param: 'messages[0].role', upstreamStatus: 400 });
    const { error: thrown } = await run([error('timeout'), original, 'never']);
    expect(thrown).toMatchObject({
      code: 'invalid_request',
      param: 'messages[0].role',
      upstreamStatus: 400,
      retryable: false,
    });
    expect(thrown?.details?.attempts).toHaveLength(2);
    expect(thrown?.cause).toBe(original);
  });

  it('counts an exception as a failed leg and goes on', async () => {
    const { result, failed } = await run([new TypeError('x is not a function'), 'yes']);
    expect(result?.result).toBe('yes');
    expect(failed[0]?.[1]).toMatchObject({ code: 'server_error', cause: expect.any(TypeError) });
  });

  it('names the code of each leg when all failed for different reasons', async () => {
    const { error: thrown, called } = await run([error('server_error'), error('rate_limit', 7), error('timeout')]);
    expect(called).toHaveLength(3);
    expect(thrown).toMatchObject({ code: 'server_error', retryable: true, retryAfterMs: undefined });
    expect(thrown?.message).toBe(
      'No provider could answer (openai/openai-model: server_error; anthropic/anthropic-model: rate_limit; vertexai/vertexai-model: timeout).',
    );
    expect(thrown?.details?.attempts).toEqual([
      { provider: 'openai', model: 'openai-model', code: 'server_error', latency_ms: 10 },
      { provider: 'anthropic', model: 'anthropic-model', code: 'rate_limit', latency_ms: 21 },
      { provider: 'vertexai', model: 'vertexai-model', code: 'timeout', latency_ms: 31 },
    ]);
  });

  it('repeats no message of an upstream when it sums up', async () => {
    const { error: thrown } = await run([
      new AppError('server_error', 'secret 1'),
      new AppError('network', 'secret 2'),
    ]);
    expect(thrown?.message).not.toContain('secret');
    expect(JSON.stringify(thrown?.details)).not.toContain('secret');
  });

  it.each<[string, AppError[], number | undefined]>([
    [
      'the shortest wait there is',
      [error('rate_limit', 9_000), error('rate_limit', 4_000), error('quota_exceeded', 60_000)],
      4_000,
    ],
    ['the only wait that is known', [error('rate_limit'), error('rate_limit', 4_000)], 4_000],
    ['no wait when none is known', [error('quota_exceeded'), error('rate_limit')], undefined],
    ['the wait of the only leg', [error('rate_limit', 20_000)], 20_000],
  ])('is a rate limit when limits were all there was, with %s', async (_, errors, retryAfterMs) => {
    const { error: thrown } = await run(errors);
    expect(thrown).toMatchObject({ code: 'rate_limit', retryAfterMs });
    for (const [index, { code }] of errors.entries())
      expect(thrown?.message).toContain(`${LEGS[index]?.provider}-model: ${code}`);
  });

  it('is no rate limit when one leg failed otherwise', async () => {
    expect((await run([error('rate_limit', 5), error('network')])).error?.code).toBe('server_error');
  });

  it.each<ErrorCode>([
    'model_not_found',
    'context_length_exceeded',
    'unsupported',
    'timeout',
    'configuration',
    'blocked_url',
    'invalid_output',
    'quota_exceeded',
  ])('says %s when all legs do, and only then', async (code) => {
    for (const errors of [[error(code)], [error(code), error(code), error(code)]]) {
      const { error: thrown } = await run(errors);
      expect(thrown).toMatchObject({ code, message: `It was ${code}.` });
      expect(thrown?.details?.attempts).toHaveLength(errors.length);
    }
    expect((await run([error(code), error('network')])).error?.code).toBe('server_error');
    expect((await run([error('network'), error(code)])).error?.code).toBe('server_error');
  });

  it.each<readonly [ErrorCode, boolean]>([
    ['authentication', false],
    ['permission', false],
    ['network', true],
  ])(
    'hides %s of its only leg behind server_error, for it is not about the caller, and says whether to try again: %s',
    async (code, retryable) => {
      const { error: thrown } = await run([error(code)]);
      expect(thrown).toMatchObject({ code: 'server_error', retryable });
      expect(thrown?.message).toContain(`openai/openai-model: ${code}`);
    },
  );

  it.each([
    [
      'a smaller or equal window is passed over',
      { openai: 8_000, anthropic: 8_000, vertexai: 9_000 },
      ['openai', 'vertexai'],
    ],
    ['an unknown window may be the larger one', { openai: 8_000, vertexai: 4_000 }, ['openai', 'anthropic']],
    ['an unknown window that was too small says nothing', { anthropic: 1, vertexai: 1 }, ['openai', 'anthropic']],
  ] as const)('after a request was too long, %s', async (_, windows: Readonly<Record<string, number>>, expected) => {
    const called: string[] = [];
    const { attempts } = await cascade({
      legs: LEGS,
      signal: new AbortController().signal,
      windowOf: ({ provider }) => windows[provider],
      call: async ({ provider }) => {
        called.push(provider);
        if (provider === 'openai') throw error('context_length_exceeded');
        return 'yes';
      },
    });
    expect(called).toEqual(expected);
    expect(attempts.map(({ provider }) => provider)).toEqual(expected);
  });

  it('says so when there is no leg', async () => {
    expect((await run([])).error).toMatchObject({ code: 'configuration' });
  });

  describe('when its signal is aborted', () => {
    /** The first leg aborts the signal with `reason` and then fails with `thrown`. */
    async function abortedRun(reason: unknown, thrown: Error) {
      const controller = new AbortController();
      const call = vi.fn(async () => {
        controller.abort(reason);
        throw thrown;
      });
      const failure = await cascade({ legs: LEGS, call, signal: controller.signal }).catch((caught: unknown) => caught);
      return { failure: failure as AppError, calls: call.mock.calls.length };
    }

    const late = new AppError('timeout', 'The request took longer than 5000 ms.');
    const gone = new AppError('cancelled', 'The client went away.');

    it.each<[string, Error]>([
      ['the reason itself', late],
      ['a broken connection', new AppError('network', 'Reset.')],
      ['a cancellation', new AppError('cancelled', 'The request was cancelled.')],
      ['an exception', new DOMException('aborted', 'AbortError')],
    ])('is a timeout when the deadline did it, though the leg says %s', async (_, thrown) => {
      const { failure, calls } = await abortedRun(late, thrown);
      expect(calls).toBe(1);
      expect(failure).toMatchObject({ code: 'timeout', message: late.message });
      expect(failure.details?.attempts).toHaveLength(1);
    });

    it.each<[string, Error]>([
      ['the reason itself', gone],
      ['a broken connection', new AppError('network', 'Reset.')],
      ['a timeout', new AppError('timeout', 'Too late.')],
      ['an exception', new DOMException('aborted', 'AbortError')],
    ])('is cancelled when the client left, though the leg says %s', async (_, thrown) => {
      const { failure, calls } = await abortedRun(gone, thrown);
      expect(calls).toBe(1);
      expect(failure.code).toBe('cancelled');
    });

    it('is cancelled for a reason that says nothing', async () => {
      const { failure } = await abortedRun(undefined, new AppError('network', 'Reset.'));
      expect(failure.code).toBe('cancelled');
    });
  });

  it('tries legs in order until one answers or one is final, whatever they say', async () => {
    const outcome = fc.oneof(
      fc.constant('yes'),
      fc.constantFrom(...ERROR_CODES).map((code) => error(code)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(outcome, { minLength: 1, maxLength: 3 }), async (outcomes) => {
        const end = outcomes.findIndex((item) => typeof item === 'string' || STOP.has(item.code));
        const tried = end === -1 ? outcomes : outcomes.slice(0, end + 1);
        const { called, result, error: thrown, failed } = await run(outcomes);
        expect(called).toEqual(LEGS.slice(0, tried.length).map(({ provider }) => provider));
        const attempts = (result?.attempts ?? thrown?.details?.attempts) as { code?: ErrorCode }[];
        expect(attempts.map(({ code }) => code)).toEqual(
          tried.map((item) => (typeof item === 'string' ? undefined : item.code)),
        );
        expect(result === undefined).toBe(typeof tried.at(-1) !== 'string');
        expect(failed).toHaveLength(tried.filter((item) => typeof item !== 'string').length);
      }),
    );
  });
});
