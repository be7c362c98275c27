import { describe, expect, test } from 'vitest';
import { createLocalEmbeddings } from '../../../shared/embeddings/local.ts';

const signal = new AbortController().signal;

const embed = async (text: string, purpose: 'document' | 'query' = 'document', dimensions = 768) => {
  const { vectors } = await createLocalEmbeddings({ dimensions }).embed([text], { purpose, signal });
  return vectors[0] ?? new Float32Array();
};

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

describe('vectors', () => {
  test('are the same on every run and machine', async () => {
    const vector = await embed('The quick brown fox, 東京 and Grüße.', 'document', 64);
    expect(Array.from(vector, (value) => Number(value.toFixed(5)))).toMatchInlineSnapshot(`
      [
        0.00697,
        0.00697,
        -0.0209,
        -0.01393,
        -0.00697,
        0.00697,
        -0.16717,
        0,
        -0.17413,
        -0.18806,
        0.00697,
        -0.1811,
        0.01393,
        0.00697,
        0,
        0.00697,
        0,
        -0.0209,
        0,
        0.00697,
        0.0209,
        0.01393,
        0.00697,
        0.00697,
        -0.01393,
        -0.00697,
        0.00697,
        0.00697,
        -0.02786,
        0,
        -0.01393,
        0,
        0,
        -0.16717,
        0.01393,
        0.00697,
        -0.01393,
        0.00697,
        0.01393,
        0,
        -0.16717,
        0,
        0,
        0.01393,
        0,
        0,
        0.04179,
        0.00697,
        0.1811,
        -0.0209,
        0.00697,
        0.15324,
        0.00697,
        -0.16717,
        0.1602,
        -0.01393,
        -0.01393,
        -0.04179,
        0.00697,
        -0.00697,
        0.00697,
        0,
        0,
        0.83584,
      ]
    `);
  });

  test('have length 1, for documents and queries', async () => {
    for (const purpose of ['document', 'query'] as const) {
      const vector = await embed('Vectors of length one', purpose);
      expect(dot(vector, vector)).toBeCloseTo(1, 5);
    }
  });

  test('bring a query close to the document that shares its words, however inflected', async () => {
    const query = await embed('connecting databases', 'query');
    const scores = await Promise.all(
      ['How to connect to a database.', 'The weather in Paris is mild.'].map(async (text) =>
        dot(query, await embed(text)),
      ),
    );
    expect(scores[0]).toBeGreaterThan(0.2);
    expect(Math.abs(scores[1] ?? 1)).toBeLessThan(0.1);
  });

  test('forgive a misspelling', async () => {
    const query = await embed('retreival', 'query');
    expect(dot(query, await embed('retrieval of passages'))).toBeGreaterThan(
      dot(query, await embed('opening of windows')),
    );
  });

  test('work for other scripts', async () => {
    const query = await embed('文書の検索', 'query');
    expect(dot(query, await embed('この文書は検索できます。'))).toBeGreaterThan(
      dot(query, await embed('今日は良い天気です。')),
    );
    const russian = await embed('поиск документов', 'query');
    expect(dot(russian, await embed('Поиск по документам'))).toBeGreaterThan(
      dot(russian, await embed('Хорошая погода')),
    );
  });

  test('dampen a document of a word or two against one that is about the question', async () => {
    const query = await embed('boundary layer on a flat plate', 'query');
    const titled = dot(query, await embed('Plate'));
    const about = dot(
      query,
      await embed('The laminar boundary layer along a flat plate is computed, and the layer thickens.'),
    );
    expect(about).toBeGreaterThan(titled);
  });

  test.each(['the', '!!!', '🚀', 'a'.repeat(100_000)])('exist for odd texts: %.10s', async (text) => {
    for (const purpose of ['document', 'query'] as const) {
      const vector = await embed(text, purpose);
      expect(dot(vector, vector)).toBeCloseTo(1, 5);
    }
  });
});

describe('limits', () => {
  test.each([0, 63, 4097, 100.5, Number.NaN])('%s dimensions are a configuration error', (dimensions) => {
    expect(() => createLocalEmbeddings({ dimensions })).toThrowError(
      expect.objectContaining({ code: 'configuration' }),
    );
  });

  test('another model is a configuration error', () => {
    expect(() => createLocalEmbeddings({ model: 'bert' })).toThrowError(
      expect.objectContaining({ code: 'configuration' }),
    );
  });

  test('blank text is refused with its index', async () => {
    const { embed: run } = createLocalEmbeddings();
    await expect(run(['text', ' \n'], { purpose: 'document', signal })).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'input[1]',
    });
  });

  test('other work gets its turn during a long batch', async () => {
    const turns: string[] = [];
    const run = createLocalEmbeddings().embed(
      Array.from({ length: 64 }, (_, index) => `text ${index}`),
      { purpose: 'document', signal },
    );
    setImmediate(() => turns.push('other'));
    await run.then(() => turns.push('done'));
    expect(turns).toEqual(['other', 'done']);
  });

  test('an abort during a batch ends it', async () => {
    const controller = new AbortController();
    const run = createLocalEmbeddings().embed(
      Array.from({ length: 64 }, (_, index) => `text ${index}`),
      { purpose: 'document', signal: controller.signal },
    );
    controller.abort();
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
  });
});
