import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Distance } from '../../../../shared/config/names.ts';
import type { Filter } from '../../../../shared/contracts/filter.ts';
import type { Chunk, Metadata, VectorQuery, VectorStore } from '../../../../shared/contracts/vector-store.ts';
import { matchesFilter } from '../../../../shared/stores/vector/filter.ts';
import { createMemoryVectorStore } from '../../../../shared/stores/vector/memory.ts';
import { createRandom, makeChunk, randomVector } from '../../../contracts/vectors.ts';

/** The three ways rows are searched. */
const WAYS = [
  { way: 'by codes, then vectors', prescan: true, wasm: true },
  { way: 'by vectors', prescan: false, wasm: true },
  { way: 'in plain JavaScript', prescan: true, wasm: false },
] as const;
const DISTANCES: readonly Distance[] = ['cosine', 'euclidean', 'dot_product'];
const CASES = WAYS.flatMap((way) => DISTANCES.map((distance) => ({ ...way, distance })));
const SCOPE = { collection: 'default', tenant: null };

afterEach(() => {
  vi.unstubAllGlobals();
});

function createStore(dimensions: number, { prescan, wasm, distance }: (typeof CASES)[number]): VectorStore {
  if (!wasm) vi.stubGlobal('WebAssembly', undefined);
  return createMemoryVectorStore({ dimensions, prescan, distance, maxDocuments: 100_000 });
}

/** The definition, once more, in 64 bits. */
function plainScore(left: Float32Array, right: Float32Array, distance: Distance): number {
  let product = 0;
  let squares = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (const [position, value] of left.entries()) {
    const other = right[position] as number;
    product += value * other;
    squares += (value - other) ** 2;
    leftSquares += value * value;
    rightSquares += other * other;
  }
  if (distance === 'dot_product') return product;
  if (distance === 'euclidean') return 1 / (1 + Math.sqrt(squares));
  return leftSquares === 0 || rightSquares === 0 ? 0 : product / Math.sqrt(leftSquares) / Math.sqrt(rightSquares);
}

/**
 * Holds an answer against the scores of all chunks there are. Chunks whose scores differ by less than 32-bit sums can tell
 * may be in either order.
 */
async function expectExact(
  store: VectorStore,
  chunks: readonly Chunk[],
  query: Pick<VectorQuery, 'vector' | 'topK' | 'minScore' | 'filter' | 'tenant'>,
  distance: Distance,
): Promise<void> {
  const found = await store.query({ collection: 'default', ...query });
  const embeddings = new Map(
    chunks.filter(({ tenant }) => tenant === query.tenant).map((chunk) => [chunk.id, chunk.embedding]),
  );
  const scores = new Map(
    chunks
      .filter(({ tenant, metadata }) => tenant === query.tenant && matches(metadata, query.filter))
      .map(({ id, embedding }) => [id, plainScore(query.vector, embedding, distance)]),
  );
  const best = [...scores.values()]
    .filter((score) => query.minScore === undefined || score >= query.minScore)
    .sort((left, right) => right - left)
    .slice(0, query.topK);
  expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
  expect(found.length).toBe(best.length);
  const faults = found.flatMap(({ id, score }, place) => {
    // A product is as exact as the lengths that went into it allow.
    const size =
      distance === 'dot_product' ? Math.hypot(...query.vector) * Math.hypot(...(embeddings.get(id) ?? [])) : 0;
    const differs = (other = Number.NaN): boolean => !(Math.abs(score - other) < 1e-6 * Math.max(1, size));
    const next = found[place + 1];
    const isOrdered = next === undefined || score > next.score || (score === next.score && id < next.id);
    return differs(best[place]) || differs(scores.get(id)) || !isOrdered ? [{ id, score, place, next }] : [];
  });
  expect(faults).toEqual([]);
}

const matches = (metadata: Metadata, filter: Filter | undefined): boolean =>
  filter === undefined || matchesFilter(metadata, filter);

describe.each(CASES)('the memory store, searching $way for $distance', (variant) => {
  const { distance } = variant;

  it('answers as comparing everything does, while chunks of two tenants come, change and go', async () => {
    const random = createRandom(41);
    const dimensions = 21;
    const store = createStore(dimensions, variant);
    const present = new Map<string, Chunk>();
    const filters: readonly (Filter | undefined)[] = [
      undefined,
      { type: 'eq', key: 'kind', value: 3 },
      { type: 'ne', key: 'kind', value: 3 },
      { type: 'in', key: 'kind', value: [1, 2, 2, 99] },
      { type: 'eq', key: 'rare', value: true },
      { type: 'lt', key: 'kind', value: 1 },
      {
        type: 'and',
        filters: [
          { type: 'eq', key: 'team', value: 'a' },
          { type: 'gt', key: 'kind', value: 4 },
        ],
      },
      {
        type: 'or',
        filters: [
          { type: 'eq', key: 'kind', value: 0 },
          { type: 'eq', key: 'team', value: 'b' },
        ],
      },
      { type: 'eq', key: 'kind', value: 77 },
    ];
    const change = (): Chunk => {
      const tenant = random() < 0.3 ? 't1' : null;
      const metadata: Metadata = {
        kind: Math.floor(random() * 7),
        ...(random() < 0.5 ? { team: random() < 0.5 ? 'a' : 'b' } : {}),
        ...(random() < 0.01 ? { rare: true } : {}),
      };
      return makeChunk(`c${Math.floor(random() * 1_400)}`, randomVector(random, dimensions), { tenant, metadata });
    };
    for (let round = 0; round < 7; round += 1) {
      const written = Array.from({ length: 260 }, change);
      await store.upsert(written, SCOPE);
      for (const chunk of written) present.set(`${chunk.tenant}:${chunk.id}`, chunk);
      const gone = [...present.values()].filter(() => random() < 0.04);
      for (const tenant of [null, 't1']) {
        const ids = gone.filter((chunk) => chunk.tenant === tenant).map(({ id }) => id);
        expect(await store.delete({ ids }, { collection: 'default', tenant })).toEqual({ deleted: ids.length });
      }
      for (const { id, tenant } of gone) present.delete(`${tenant}:${id}`);
      if (round % 2 === 1) continue;
      for (const filter of filters) {
        for (const tenant of [null, 't1']) {
          const query = { vector: randomVector(random, dimensions), topK: 1 + Math.floor(random() * 20), tenant };
          await expectExact(store, [...present.values()], { ...query, ...(filter && { filter }) }, distance);
        }
      }
    }
    expect(await store.count(SCOPE)).toBeGreaterThan(256);
    const [some] = present.values();
    const listed = await store.listDocument('document', { collection: 'default', tenant: some?.tenant ?? null });
    expect(listed.find(({ id }) => id === some?.id)?.embedding).toEqual(some?.embedding);
  });

  it.each([
    ['vectors that are nearly the same', (random: () => number) => 1 + random() * 0.01],
    [
      'vectors of very different lengths',
      (random: () => number, row: number) => (random() - 0.5) * 10 ** ((row % 9) - 4),
    ],
    [
      'vectors with one huge value',
      (random: () => number, _row: number, place: number) => (place === 3 ? 50 : random() - 0.5),
    ],
    ['vectors of few values', (random: () => number) => Math.floor(random() * 2)],
  ])('is exact for %s', async (_title, valueAt) => {
    const random = createRandom(5);
    const dimensions = 40;
    const store = createStore(dimensions, variant);
    const make = (row: number): Float32Array =>
      Float32Array.from({ length: dimensions }, (_, place) => valueAt(random, row, place));
    const chunks = Array.from({ length: 900 }, (_, row) => makeChunk(`c${row}`, make(row)));
    await store.upsert(chunks, SCOPE);
    for (let round = 0; round < 6; round += 1) {
      await expectExact(store, chunks, { vector: make(round), topK: 10, tenant: null }, distance);
      await expectExact(store, chunks, { vector: make(round), topK: 1_000, tenant: null }, distance);
    }
  });

  it('orders the same vectors by id, wherever they lie', async () => {
    const random = createRandom(6);
    const store = createStore(8, variant);
    const vector = randomVector(random, 8);
    const ids = Array.from({ length: 700 }, (_, row) => `c${(row * 379) % 700}`);
    await store.upsert(
      ids.map((id, row) => makeChunk(id, row % 2 === 0 ? vector : vector.map((value) => -value))),
      SCOPE,
    );
    const found = await store.query({ vector, topK: 100, ...SCOPE });
    const same = ids.filter((_, row) => row % 2 === 0).sort();
    expect(found.map(({ id }) => id)).toEqual(same.slice(0, 100));
  });

  it('compares vectors that 32-bit sums cannot hold', async () => {
    const store = createStore(4, variant);
    const filler = Array.from({ length: 300 }, (_, row) => makeChunk(`f${row}`, [-1, -row, -1, 0]));
    const odd = [
      makeChunk('large', [2e38, 2e38, 0, 0]),
      makeChunk('small', [1e-30, 2e-30, 0, 0]),
      makeChunk('smallest', [1e-45, 0, 0, 0]),
      makeChunk('zero', [0, 0, 0, 0]),
    ];
    await store.upsert([...filler, ...odd], SCOPE);
    for (const vector of [
      [1, 2, 0, 0],
      [3e38, 1e38, 0, 0],
      [1e-40, 2e-40, 0, 0],
      [0, 0, 0, 0],
    ]) {
      const query = { vector: Float32Array.from(vector), topK: 50, tenant: null };
      await expectExact(store, [...filler, ...odd], query, distance);
    }
  });

  it('leaves out what is below the lowest score, and nothing else', async () => {
    const random = createRandom(8);
    const store = createStore(16, variant);
    const chunks = Array.from({ length: 600 }, (_, row) => makeChunk(`c${row}`, randomVector(random, 16)));
    await store.upsert(chunks, SCOPE);
    for (let round = 0; round < 8; round += 1) {
      const vector = randomVector(random, 16);
      const scores = chunks.map(({ embedding }) => plainScore(vector, embedding, distance)).sort((a, b) => b - a);
      // Between two scores, so that rounding does not decide.
      const minScore = ((scores[20] as number) + (scores[21] as number)) / 2;
      await expectExact(store, chunks, { vector, topK: 1_000, tenant: null, minScore }, distance);
    }
  });
});
