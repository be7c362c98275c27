import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { createEmbedder } from '../../../shared/rag/embed.ts';
import type { Policy } from '../../../shared/resilience/retry.ts';
import {
  createFakeEmbeddings as createFake,
  toTexts as texts,
  toFakeVector as toVector,
} from '../../support/fake-embeddings.ts';

const { signal } = new AbortController();

const refusal = (status: number, code: 'invalid_request' | 'too_large') =>
  new AppError(code, `fake refused the request (${status}).`, { upstreamStatus: status });

describe('batches', () => {
  test('close on the number of texts, and the order is kept', async () => {
    const { provider, batches } = createFake({
      answer: (batch) => ({ vectors: batch.map(toVector), usage: { tokens: batch.length } }),
    });
    const input = texts(2049);
    const result = await createEmbedder({ provider }).embedDocuments(input, { signal });
    expect(batches.map((batch) => batch.length)).toEqual([2048, 1]);
    expect(result).toEqual({ vectors: input.map(toVector), tokens: 2049, requests: 2 });
  });

  test('close on tokens with a fifth to spare', async () => {
    const { provider, batches } = createFake({ maxBatchTokens: 1000 });
    const input = Array.from({ length: 10 }, (_, index) => `${index} ${'word '.repeat(199)}`);
    await createEmbedder({ provider }).embedDocuments(input, { signal });
    expect(batches.map((batch) => batch.length)).toEqual([4, 4, 2]);
  });

  test('close on bytes', async () => {
    const { provider, batches } = createFake({ maxInputTokens: 1e9, maxBatchTokens: 1e9 });
    const input = texts(4).map((text) => text + 'é'.repeat(300_000));
    await createEmbedder({ provider }).embedDocuments(input, { signal });
    expect(batches.map((batch) => batch.length)).toEqual([2, 2]);
  });

  test('hold equal texts once', async () => {
    const { provider, batches } = createFake();
    const result = await createEmbedder({ provider }).embedDocuments(['a', 'b', 'a', 'a'], { signal });
    expect(batches).toEqual([['a', 'b']]);
    expect(result.vectors).toEqual(['a', 'b', 'a', 'a'].map(toVector));
  });

  test('are sent at most so many at a time, over all callers', async () => {
    let running = 0;
    let most = 0;
    const { provider } = createFake({
      maxBatchSize: 1,
      answer: async (batch) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return { vectors: batch.map(toVector) };
      },
    });
    const embedder = createEmbedder({ provider, concurrency: 3, cacheEntries: 0 });
    await Promise.all([1, 2, 3].map(() => embedder.embedDocuments(texts(10), { signal })));
    expect(most).toBe(3);
  });

  test('of any texts and limits give every text its vector', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text.trim() !== ''),
          { maxLength: 60 },
        ),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 20, max: 60 }),
        fc.integer({ min: 1, max: 5 }),
        async (input, maxBatchSize, maxBatchTokens, concurrency) => {
          const { provider, batches } = createFake({ maxBatchSize, maxBatchTokens });
          const { vectors, requests } = await createEmbedder({ provider, concurrency }).embedDocuments(input, {
            signal,
          });
          expect(vectors).toEqual(input.map(toVector));
          expect(requests).toBe(batches.length);
          for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(maxBatchSize);
        },
      ),
    );
  });

  test('of nothing are not sent', async () => {
    const { provider, batches } = createFake();
    expect(await createEmbedder({ provider }).embedDocuments([], { signal })).toEqual({
      vectors: [],
      tokens: 0,
      requests: 0,
    });
    expect(batches).toEqual([]);
  });
});

describe('a batch that is too large', () => {
  test.each([
    [413, 'too_large'],
    [422, 'invalid_request'],
    [400, 'invalid_request'],
  ] as const)('by status %i is halved until it passes, and later ones are that small at once', async (status, code) => {
    const { provider, batches } = createFake({
      maxBatchSize: 128,
      answer: (batch) => {
        if (batch.length > 32) throw refusal(status, code);
        return { vectors: batch.map(toVector) };
      },
    });
    const embedder = createEmbedder({ provider, concurrency: 1 });
    const input = texts(128);
    expect((await embedder.embedDocuments(input, { signal })).vectors).toEqual(input.map(toVector));
    batches.length = 0;
    await embedder.embedDocuments(
      texts(200).map((text) => `later ${text}`),
      { signal },
    );
    expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(32);
  });

  test('ends in the index of the text that is refused by itself', async () => {
    const { provider } = createFake({
      answer: (batch) => {
        if (batch.includes('bad')) throw refusal(400, 'invalid_request');
        return { vectors: batch.map(toVector) };
      },
    });
    const failure = createEmbedder({ provider }).embedDocuments([...texts(5), 'bad', 'x'], { signal });
    await expect(failure).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'input[5]',
      message: 'fake refused the request (400). It was the text at index 5.',
    });
  });
});

describe('a failure', () => {
  test.each(['rate_limit', 'server_error', 'authentication'] as const)(
    'of kind %s is passed on as it is',
    async (code) => {
      const { provider, batches } = createFake({
        answer: () => {
          throw new AppError(code, 'no', { upstreamStatus: 429 });
        },
      });
      await expect(createEmbedder({ provider }).embedDocuments(texts(3), { signal })).rejects.toMatchObject({ code });
      expect(batches).toHaveLength(1);
    },
  );

  test('is left to the retry that was given', async () => {
    let calls = 0;
    const { provider } = createFake({
      answer: (batch) => {
        calls += 1;
        if (calls < 3) throw new AppError('rate_limit', 'wait');
        return { vectors: batch.map(toVector) };
      },
    });
    const retry: Policy = async (operation, under) => {
      for (;;) {
        try {
          return await operation(under);
        } catch (error) {
          if (!(error instanceof AppError && error.retryable)) throw error;
        }
      }
    };
    expect(await createEmbedder({ provider, retry }).embedDocuments(['a'], { signal })).toMatchObject({ requests: 3 });
  });

  test('ends the other requests in flight, and what arrived is not asked again', async () => {
    const aborted: boolean[] = [];
    let fail = true;
    const { provider, batches } = createFake({
      maxBatchSize: 1,
      answer: (batch, _purpose, under) => {
        if (batch[0] === 'text 0') return { vectors: batch.map(toVector) };
        if (fail && batch[0] === 'text 1') throw new AppError('server_error', 'no');
        if (!fail) return { vectors: batch.map(toVector) };
        return new Promise((_, reject) => {
          under.addEventListener('abort', () => {
            aborted.push(true);
            reject(new Error('aborted'));
          });
        });
      },
    });
    const embedder = createEmbedder({ provider, concurrency: 3 });
    await expect(embedder.embedDocuments(texts(3), { signal })).rejects.toMatchObject({ code: 'server_error' });
    expect(aborted).toEqual([true]);
    fail = false;
    batches.length = 0;
    await embedder.embedDocuments(texts(3), { signal });
    expect(batches.flat()).toEqual(['text 1', 'text 2']);
  });

  test('by the caller going away is a cancellation, also while waiting in line', async () => {
    const controller = new AbortController();
    const { provider, batches } = createFake({
      maxBatchSize: 1,
      answer: (_batch, _purpose, under) =>
        new Promise((_, reject) => {
          under.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    });
    const embedder = createEmbedder({ provider, concurrency: 1 });
    const first = embedder.embedDocuments(['a'], { signal: controller.signal });
    const second = embedder.embedDocuments(['b'], { signal: controller.signal });
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    await expect(embedder.embedDocuments(['c'], { signal: controller.signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(batches).toEqual([['a']]);
  });
});

describe('a text', () => {
  test.each(['', ' \n\t'])('that is blank is refused with its index and without a request: %j', async (blank) => {
    const { provider, batches } = createFake();
    const failure = createEmbedder({ provider }).embedDocuments(['fine', blank], { signal });
    await expect(failure).rejects.toMatchObject({ code: 'invalid_request', param: 'input[1]' });
    expect(batches).toEqual([]);
  });

  test('surely above the limit of the model is refused with its index, never cut', async () => {
    const { provider, batches } = createFake();
    const failure = createEmbedder({ provider }).embedDocuments(['fine', 'word '.repeat(17_000)], { signal });
    await expect(failure).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'input[1]',
      message: expect.stringContaining('fake/m takes 8192'),
    });
    expect(batches).toEqual([]);
  });
});

describe('answers', () => {
  test.each([
    ['too few vectors', [Float32Array.of(1, 2)]],
    ['another dimension', [Float32Array.of(1, 2), Float32Array.of(1, 2, 3)]],
    ['empty vectors', [new Float32Array(), new Float32Array()]],
    ['NaN', [Float32Array.of(1, 2), Float32Array.of(1, Number.NaN)]],
    ['a zero vector', [Float32Array.of(1, 2), Float32Array.of(0, 0)]],
  ])('with %s are invalid output', async (_name, vectors) => {
    const { provider } = createFake({ answer: () => ({ vectors }) });
    await expect(createEmbedder({ provider }).embedDocuments(['a', 'b'], { signal })).rejects.toMatchObject({
      code: 'invalid_output',
    });
  });

  test('must keep the dimension that was learned from the first one', async () => {
    let length = 3;
    const { provider } = createFake({
      dimensions: undefined,
      answer: (batch) => ({ vectors: batch.map(() => new Float32Array(length).fill(1)) }),
    });
    const embedder = createEmbedder({ provider });
    expect(embedder).toMatchObject({ fingerprint: undefined, space: 'fake/m' });
    expect(embedder.matches('fake/m@7')).toBe(true);
    await embedder.embedDocuments(['a'], { signal });
    expect(embedder).toMatchObject({ fingerprint: 'fake/m@3', space: 'fake/m' });
    expect(embedder.matches('fake/m@7')).toBe(false);
    length = 4;
    await expect(embedder.embedDocuments(['b'], { signal })).rejects.toMatchObject({ code: 'invalid_output' });
  });

  test('without usage are counted by estimate', async () => {
    const { provider } = createFake();
    expect(await createEmbedder({ provider }).embedQuery('four words are here', { signal })).toMatchObject({
      tokens: 4,
    });
  });
});

describe('memory', () => {
  test('answers for a text that was embedded before, at no tokens', async () => {
    const { provider, batches } = createFake();
    const embedder = createEmbedder({ provider });
    const first = await embedder.embedQuery('same', { signal });
    const second = await embedder.embedQuery('same', { signal });
    expect(second).toEqual({ vector: first.vector, tokens: 0, requests: 0 });
    expect(batches).toHaveLength(1);
  });

  test('tells queries from documents', async () => {
    const purposes: string[] = [];
    const { provider } = createFake({
      answer: (batch, purpose) => {
        purposes.push(purpose);
        return { vectors: batch.map(toVector) };
      },
    });
    const embedder = createEmbedder({ provider });
    await embedder.embedQuery('same', { signal });
    await embedder.embedDocuments(['same'], { signal });
    expect(purposes).toEqual(['query', 'document']);
  });

  test('keeps so many vectors and gives up the one that was not used for longest', async () => {
    const { provider, batches } = createFake();
    const embedder = createEmbedder({ provider, cacheEntries: 2 });
    for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) await embedder.embedQuery(text, { signal });
    expect(batches.flat()).toEqual(['a', 'b', 'c', 'b']);
  });

  test('can be turned off', async () => {
    const { provider, batches } = createFake();
    const embedder = createEmbedder({ provider, cacheEntries: 0 });
    await embedder.embedQuery('a', { signal });
    await embedder.embedQuery('a', { signal });
    expect(batches).toHaveLength(2);
  });
});

test('a fingerprint names provider, model and dimensions', () => {
  const embedder = createEmbedder({ provider: createFake().provider });
  expect(embedder).toMatchObject({ fingerprint: 'fake/m@2', space: 'fake/m@2' });
  expect(embedder.matches('fake/m@2')).toBe(true);
  expect(embedder.matches('other/m@2')).toBe(false);
});
