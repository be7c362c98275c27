import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { EmbedResult } from '../../../shared/contracts/embedding-provider.ts';
import { createEmbedder } from '../../../shared/rag/embed.ts';
import { createRetry } from '../../../shared/resilience/retry.ts';
import { createFakeEmbeddings, toFakeVector, toTexts } from '../../support/fake-embeddings.ts';

const { signal } = new AbortController();

/** A provider that answers when it is told to. */
function createHeld(overrides: Parameters<typeof createFakeEmbeddings>[0] = {}) {
  const answers: (() => void)[] = [];
  const aborted: string[][] = [];
  const fake = createFakeEmbeddings({
    ...overrides,
    answer: (texts, _purpose, under) =>
      new Promise<EmbedResult>((resolve, reject) => {
        answers.push(() => resolve({ vectors: texts.map(toFakeVector), usage: { tokens: texts.length } }));
        under.addEventListener('abort', () => {
          aborted.push([...texts]);
          reject(new Error('aborted'));
        });
      }),
  });
  return { provider: fake.provider, batches: fake.batches, answers, aborted };
}

describe('callers that come together', () => {
  test('share a request, and each gets its own vectors and its share of the tokens', async () => {
    const { provider, batches } = createFakeEmbeddings({
      answer: (texts) => ({ vectors: texts.map(toFakeVector), usage: { tokens: 100 } }),
    });
    const embedder = createEmbedder({ provider });
    const inputs = Array.from({ length: 60 }, (_, index) => [`first ${index}`, `${'longer '.repeat(index)}${index}`]);
    const results = await Promise.all(inputs.map((input) => embedder.embedDocuments(input, { signal })));
    expect(batches.map((batch) => batch.length)).toEqual([100, 20]);
    expect(results.map(({ vectors }) => vectors)).toEqual(inputs.map((input) => input.map(toFakeVector)));
    expect(results.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(200);
    expect(results[49]?.tokens).toBeGreaterThan(results[3]?.tokens ?? 0);
  });

  test('take as few requests as one caller with all the texts would', async () => {
    const { provider, batches } = createFakeEmbeddings();
    const embedder = createEmbedder({ provider, cacheEntries: 0 });
    await Promise.all(toTexts(1_000).map((text) => embedder.embedDocuments([text], { signal })));
    expect(batches).toHaveLength(10);
  });

  test('have a text that they share embedded once', async () => {
    const { provider, batches } = createFakeEmbeddings();
    const embedder = createEmbedder({ provider });
    const queries = await Promise.all(['a', 'b', 'a'].map((text) => embedder.embedQuery(text, { signal })));
    expect(batches).toEqual([['a', 'b']]);
    expect(queries.map(({ vector, tokens }) => [vector, tokens])).toEqual([
      [toFakeVector('a'), 1],
      [toFakeVector('b'), 1],
      [toFakeVector('a'), 0],
    ]);
  });

  test('pay together for a text that they share, whoever of them stays', async () => {
    const { provider, batches, answers } = createHeld();
    const embedder = createEmbedder({ provider });
    const leaver = new AbortController();
    const left = embedder.embedDocuments(['a', 'b'], { signal: leaver.signal });
    const stays = embedder.embedDocuments(['a', 'b'], { signal });
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    leaver.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    answers[0]?.();
    expect(await stays).toMatchObject({ tokens: 2 });
    expect(batches).toEqual([['a', 'b']]);
  });

  test('with many texts each keep to requests of their own', async () => {
    const { provider, batches } = createFakeEmbeddings();
    const embedder = createEmbedder({ provider });
    const groups = [0, 1, 2].map((group) => toTexts(100).map((text) => `${group} ${text}`));
    await Promise.all(groups.map((group) => embedder.embedDocuments(group, { signal })));
    expect(batches).toEqual(groups);
  });

  test('do not wait for the end of a long list', async () => {
    const { provider, batches, answers } = createHeld({ maxBatchSize: 2 });
    const embedder = createEmbedder({ provider, concurrency: 1 });
    const long = embedder.embedDocuments(toTexts(6), { signal });
    const short = embedder.embedDocuments(['short'], { signal });
    let isShortDone = false;
    void short.then(() => {
      isShortDone = true;
    });
    for (let count = 0; count < 2; count += 1) {
      await vi.waitFor(() => expect(answers).toHaveLength(count + 1));
      answers[count]?.();
    }
    await vi.waitFor(() => expect(isShortDone).toBe(true));
    expect(batches.flat()).not.toContain('text 5');
    for (let count = 2; count < 4; count += 1) {
      await vi.waitFor(() => expect(answers).toHaveLength(count + 1));
      answers[count]?.();
    }
    expect((await long).vectors).toEqual(toTexts(6).map(toFakeVector));
  });

  test('wait a moment for company while requests are under way, and queries do not', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { provider, batches, answers } = createHeld();
    const embedder = createEmbedder({ provider });
    const pending = [embedder.embedDocuments(['a'], { signal })];
    await turn();
    expect(batches).toEqual([['a']]);
    for (const text of ['b', 'c']) {
      pending.push(embedder.embedDocuments([text], { signal }));
      await turn();
    }
    const query = embedder.embedQuery('q', { signal });
    await turn();
    expect(batches).toEqual([['a'], ['q']]);
    await vi.advanceTimersByTimeAsync(5);
    expect(batches).toEqual([['a'], ['q'], ['b', 'c']]);
    for (const answer of answers) answer();
    await Promise.all([...pending, query]);
  });
});

describe('a failure among callers that share a request', () => {
  test('tells what was used before it', async () => {
    const { provider } = createFakeEmbeddings({
      maxBatchSize: 2,
      answer: (texts) => {
        if (texts.includes('bad')) throw new AppError('invalid_request', 'No.', { upstreamStatus: 400 });
        return { vectors: texts.map(toFakeVector), usage: { tokens: 5 * texts.length } };
      },
    });
    const embedder = createEmbedder({ provider, concurrency: 1 });
    await expect(embedder.embedDocuments(['a', 'b', 'c', 'bad', 'd'], { signal })).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'input[3]',
      upstreamStatus: 400,
      usage: { prompt_tokens: 15, completion_tokens: 0, total_tokens: 15 },
    });
  });

  test('is that of the caller whose text it is', async () => {
    const { provider } = createFakeEmbeddings({
      answer: (texts) => {
        if (texts.includes('bad')) throw new AppError('invalid_request', 'No.', { upstreamStatus: 400 });
        return { vectors: texts.map(toFakeVector) };
      },
    });
    const embedder = createEmbedder({ provider });
    const inputs = [['a'], ['b', 'bad'], ['c', 'd'], ['e']];
    const results = await Promise.allSettled(inputs.map((input) => embedder.embedDocuments(input, { signal })));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'invalid_request', param: 'input[1]' } });
  });

  test('of the request itself is that of all', async () => {
    const { provider, batches } = createFakeEmbeddings({
      answer: () => {
        throw new AppError('rate_limit', 'wait');
      },
    });
    const embedder = createEmbedder({ provider });
    const results = await Promise.allSettled(['a', 'b'].map((text) => embedder.embedDocuments([text], { signal })));
    expect(results).toMatchObject([{ reason: { code: 'rate_limit' } }, { reason: { code: 'rate_limit' } }]);
    expect(batches).toHaveLength(1);
  });

  test.each([
    ['NaN', () => Float32Array.of(1, Number.NaN)],
    ['a zero vector', () => Float32Array.of(0, 0)],
    ['another dimension', () => Float32Array.of(1, 2, 3)],
  ])('of one vector that is %s is that of the callers whose text it is for', async (_what, spoil) => {
    const { provider, batches } = createFakeEmbeddings({
      answer: (texts) => ({ vectors: texts.map((text) => (text === 'bad' ? spoil() : toFakeVector(text))) }),
    });
    const embedder = createEmbedder({ provider });
    const inputs = [['a', 'b'], ['c', 'bad'], ['d'], ['bad']];
    const results = await Promise.allSettled(inputs.map((input) => embedder.embedDocuments(input, { signal })));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    expect(results[1]).toMatchObject({ reason: { code: 'invalid_output' } });
    expect(batches).toEqual([['a', 'b', 'c', 'bad', 'd']]);
    // What came with it is kept, and the bad one is not.
    await expect(embedder.embedDocuments(['c'], { signal })).resolves.toMatchObject({ requests: 0 });
    await expect(embedder.embedDocuments(['bad'], { signal })).rejects.toMatchObject({ code: 'invalid_output' });
  });

  test('of an answer that is unusable as a whole is that of the caller whose text spoils it', async () => {
    const { provider, batches } = createFakeEmbeddings({
      answer: (texts) => ({ vectors: texts.includes('text 77') ? [] : texts.map(toFakeVector) }),
    });
    const embedder = createEmbedder({ provider });
    const results = await Promise.allSettled(toTexts(100).map((text) => embedder.embedDocuments([text], { signal })));
    const failed = results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
    expect(failed).toEqual([77]);
    expect(results[77]).toMatchObject({
      reason: { code: 'invalid_output', message: expect.stringContaining('0 vectors') },
    });
    // Two for each time that a hundred texts can be halved.
    expect(batches.length).toBeLessThanOrEqual(1 + 2 * 7);
  });

  test('of a provider that answers nothing is that of all, after three requests', async () => {
    const { provider, batches } = createFakeEmbeddings({ answer: () => ({ vectors: [] }) });
    const embedder = createEmbedder({ provider });
    const results = await Promise.allSettled(toTexts(100).map((text) => embedder.embedDocuments([text], { signal })));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(batches.map(({ length }) => length)).toEqual([100, 50, 50]);
  });

  test('of an answer to one caller alone is not looked into', async () => {
    const { provider, batches } = createFakeEmbeddings({ answer: () => ({ vectors: [] }) });
    const embedder = createEmbedder({ provider });
    await expect(embedder.embedDocuments(toTexts(4), { signal })).rejects.toMatchObject({ code: 'invalid_output' });
    expect(batches).toHaveLength(1);
  });

  test('that leaves calls the request off only when nobody else waits for it', async () => {
    const { provider, answers, aborted } = createHeld();
    const embedder = createEmbedder({ provider, cacheEntries: 0 });
    const first = new AbortController();
    const second = new AbortController();
    const left = embedder.embedDocuments(['a'], { signal: first.signal });
    const stayed = embedder.embedDocuments(['b'], { signal: second.signal });
    await turn();
    first.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    expect(aborted).toEqual([]);
    answers[0]?.();
    expect(await stayed).toMatchObject({ vectors: [toFakeVector('b')], tokens: 1 });

    const alone = embedder.embedDocuments(['c'], { signal: second.signal });
    await turn();
    second.abort();
    await expect(alone).rejects.toMatchObject({ code: 'cancelled' });
    expect(aborted).toEqual([['c']]);
  });
});

describe('the size of batches', () => {
  test('is not made smaller for good by one text that is too long', async () => {
    const { provider, batches } = createFakeEmbeddings({
      answer: (texts) => {
        if (texts.includes('long')) throw new AppError('too_large', 'No.', { upstreamStatus: 413 });
        return { vectors: texts.map(toFakeVector) };
      },
    });
    const embedder = createEmbedder({ provider, cacheEntries: 0 });
    await expect(embedder.embedDocuments([...toTexts(30), 'long'], { signal })).rejects.toMatchObject({
      param: 'input[30]',
    });
    batches.length = 0;
    await embedder.embedDocuments(toTexts(500), { signal });
    expect(batches.map((batch) => batch.length)).toEqual([500]);
  });

  test('is learned once, from the halves that passed', async () => {
    const { provider, batches } = createFakeEmbeddings({
      maxBatchSize: 64,
      answer: (texts) => {
        if (texts.length > 16) throw new AppError('too_large', 'No.', { upstreamStatus: 413 });
        return { vectors: texts.map(toFakeVector) };
      },
    });
    await createEmbedder({ provider, concurrency: 1 }).embedDocuments(toTexts(64), { signal });
    expect(batches.map((batch) => batch.length)).toEqual([64, 32, 16, 16, 16, 16]);
  });

  test('follows a provider that learns its limits', async () => {
    const fake = createFakeEmbeddings();
    let maxBatchSize = 4;
    const provider = {
      ...fake.provider,
      get maxBatchSize() {
        return maxBatchSize;
      },
    };
    const embedder = createEmbedder({ provider, cacheEntries: 0 });
    await embedder.embedDocuments(toTexts(8), { signal });
    maxBatchSize = 8;
    await embedder.embedDocuments(toTexts(8), { signal });
    expect(fake.batches.map((batch) => batch.length)).toEqual([4, 4, 8]);
  });
});

describe('an attempt', () => {
  test('that fails for a moment is made again after the wait', async () => {
    const waits: number[] = [];
    const failures = [new AppError('server_error', 'down', { upstreamStatus: 503 })];
    const { provider } = createFakeEmbeddings({
      answer: (texts) => {
        const failure = failures.pop();
        if (failure) throw failure;
        return { vectors: texts.map(toFakeVector) };
      },
    });
    const retry = createRetry({
      config: {
        maxAttempts: 3,
        initialBackoffMs: 1_000,
        maxBackoffMs: 10_000,
        multiplier: 2,
        retryOn: ['rate_limit', 'timeout', 'server_error'],
      },
      random: () => 0.5,
      sleep: async (delayMs) => void waits.push(delayMs),
    });
    const result = await createEmbedder({ provider, retry }).embedDocuments(['a'], { signal });
    expect(result).toMatchObject({ vectors: [toFakeVector('a')], requests: 2 });
    expect(waits).toEqual([1_000]);
  });

  test('takes no longer than it may', async () => {
    const { provider, aborted } = createHeld();
    const embedder = createEmbedder({ provider, timeoutMs: 5 });
    await expect(embedder.embedDocuments(['a'], { signal })).rejects.toMatchObject({
      code: 'timeout',
      message: 'fake/m took longer than 5 ms.',
    });
    expect(aborted).toEqual([['a']]);
  });
});
