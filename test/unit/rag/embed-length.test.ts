import { describe, expect, test } from 'vitest';
import { AppError, type ErrorCode } from '../../../shared/contracts/app-error.ts';
import { createEmbedder } from '../../../shared/rag/embed.ts';
import { estimateTokens } from '../../../shared/usage/tokens.ts';
import { createFakeEmbeddings as createFake, toFakeVector as toVector } from '../../support/fake-embeddings.ts';

const { signal } = new AbortController();
const words = (count: number, first = 'word') => `${first} ${'word '.repeat(count - 1)}`.trimEnd();

describe('a text that may be too long for the model', () => {
  test('is sent alone, and passes where the vendor takes it', async () => {
    const { provider, batches } = createFake();
    const long = words(9_000);
    expect(estimateTokens(long)).toBeGreaterThan(provider.maxInputTokens);
    const input = ['a', long, 'b', words(8_300), 'c'];
    const { vectors } = await createEmbedder({ provider }).embedDocuments(input, { signal });
    expect(vectors).toEqual(input.map(toVector));
    expect(batches).toEqual([['a'], [long], ['b'], [input[3]], ['c']]);
  });

  test.each<[ErrorCode, number]>([
    ['invalid_request', 400],
    ['context_length_exceeded', 400],
    ['too_large', 413],
    ['invalid_request', 422],
  ])('and is refused by the vendor (%s, %i) is named, and nobody else fails', async (code, upstreamStatus) => {
    const long = words(9_000);
    const { provider, batches } = createFake({
      answer: (texts) => {
        if (texts.includes(long)) throw new AppError(code, 'fake refused it.', { upstreamStatus });
        return { vectors: texts.map(toVector) };
      },
    });
    const embedder = createEmbedder({ provider });
    const [passed, failed] = await Promise.allSettled([
      embedder.embedDocuments(['c', 'd'], { signal }),
      embedder.embedDocuments(['a', 'b', long], { signal }),
    ]);
    expect(passed).toMatchObject({ status: 'fulfilled' });
    expect(failed).toMatchObject({
      reason: {
        code: 'invalid_request',
        param: 'input[2]',
        upstreamStatus,
        message: 'fake refused it. The text at index 2 has about 9000 tokens; fake/m takes 8192. Split it.',
      },
    });
    expect(batches.filter((batch) => batch.includes(long))).toEqual([[long]]);
  });
});

describe('a vendor that may cut a text without a word', () => {
  const create = (tokens: number | undefined) =>
    createFake({
      mayCut: true,
      maxInputTokens: 2_048,
      answer: (texts) => ({
        vectors: texts.map(toVector),
        ...(tokens === undefined ? {} : { usage: { tokens } }),
      }),
    });

  test('is believed when it counted fewer tokens than it takes', async () => {
    const { provider, batches } = create(1_900);
    const input = ['a', words(2_100), 'b'];
    const { vectors } = await createEmbedder({ provider }).embedDocuments(input, { signal });
    expect(vectors).toEqual(input.map(toVector));
    expect(batches).toEqual(input.map((text) => [text]));
  });

  test.each([
    [2_046, 1_500, /fake read 2046 tokens of a text, and may have cut it\. The text at index 1 has about 1500 tokens/],
    [3_000, 2_100, /fake read 3000 tokens/],
    [undefined, 2_100, /fake may have cut a text, and does not say how many tokens it read\. The text at index 1/],
  ])('and counted %s tokens of %i estimated has embedded nothing, but is paid', async (counted, estimated, message) => {
    const { provider, batches } = create(counted);
    const embedder = createEmbedder({ provider, concurrency: 1 });
    const ask = () => embedder.embedDocuments(['a', words(estimated)], { signal });
    await expect(ask()).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'input[1]',
      message: expect.stringMatching(message),
      usage: { prompt_tokens: counted === undefined ? 1 + estimated : 2 * counted },
    });
    // Nothing of it is in memory.
    await expect(ask()).rejects.toMatchObject({ param: 'input[1]' });
    expect(batches).toEqual([['a'], [words(estimated)], [words(estimated)]]);
  });

  test('need not count texts that surely fit', async () => {
    const { provider, batches } = create(undefined);
    const input = [words(1_300), words(1_300, 'another')];
    await createEmbedder({ provider }).embedDocuments(input, { signal });
    expect(batches).toEqual([input]);
  });

  test('and never counts is believed as far as the estimate goes', async () => {
    const { provider } = create(undefined);
    const { vectors } = await createEmbedder({ provider }).embedDocuments([words(2_000)], { signal });
    expect(vectors).toHaveLength(1);
  });
});
