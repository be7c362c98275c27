import { describe, expect, it } from 'vitest';
import { createMemoryVectorStore } from '../../../../shared/stores/vector/memory.ts';
import { describeVectorStore } from '../../../contracts/vector-store.ts';
import { createRandom, makeChunk, plainCosine, randomVector } from '../../../contracts/vectors.ts';

describeVectorStore({
  name: 'memory',
  createStore: createMemoryVectorStore,
  searchesText: true,
  givesEmbeddings: true,
});

describe('capacity of the memory store', () => {
  const scope = { collection: 'default', tenant: null };
  const vector = [1, 0];

  it('refuses a call that does not fit as a whole, and still replaces what is there', async () => {
    const store = createMemoryVectorStore({ dimensions: 2, maxDocuments: 2 });
    await store.upsert([makeChunk('a', vector), makeChunk('b', vector, { content: 'old' })], scope);
    const overflow = store.upsert([makeChunk('b', vector, { content: 'new' }), makeChunk('c', vector)], scope);
    await expect(overflow).rejects.toMatchObject({
      code: 'quota_exceeded',
      message: expect.stringContaining('max_documents'),
    });
    const contents = async () => (await store.listDocument('document', scope)).map(({ content }) => content);
    expect(await contents()).toEqual(['content of a', 'old']);
    await store.upsert([makeChunk('b', vector, { content: 'new' })], scope);
    expect(await contents()).toEqual(['content of a', 'new']);
  });

  it('counts all collections and tenants together, and frees what was deleted', async () => {
    const store = createMemoryVectorStore({ dimensions: 2, maxDocuments: 2 });
    await store.upsert([makeChunk('a', vector)], scope);
    await store.upsert([makeChunk('a', vector, { tenant: 't1' })], { collection: 'other' });
    await expect(store.upsert([makeChunk('b', vector)], scope)).rejects.toMatchObject({ code: 'quota_exceeded' });
    await store.delete({ ids: ['a'] }, scope);
    await expect(store.upsert([makeChunk('b', vector)], scope)).resolves.toMatchObject({ upserted: ['b'] });
  });

  it('holds 10,000 chunks when nothing else is configured', async () => {
    const store = createMemoryVectorStore({ dimensions: 2 });
    const chunks = Array.from({ length: 10_000 }, (_, index) => makeChunk(`c${index}`, vector, { index }));
    await store.upsert(chunks, scope);
    await expect(store.upsert([makeChunk('one more', vector)], scope)).rejects.toMatchObject({
      code: 'quota_exceeded',
    });
    expect(await store.count(scope)).toBe(10_000);
  });

  it.each([0, -1, 1.5, Number.NaN, 20_000])('cannot be created for %s dimensions', (dimensions) => {
    expect(() => createMemoryVectorStore({ dimensions })).toThrowError(
      expect.objectContaining({ code: 'configuration' }),
    );
  });
});

describe('the lifetime of chunks in the memory store', () => {
  const scope = { collection: 'default', tenant: null };
  const vector = Float32Array.of(1, 0);

  function createTimed(maxDocuments = 100) {
    const clock = { nowMs: 1_000_000 };
    const store = createMemoryVectorStore({ dimensions: 2, ttlMs: 5_000, maxDocuments, now: () => clock.nowMs });
    const seen = async () => ({
      byVector: (await store.query({ vector, topK: 10, ...scope })).map(({ id }) => id),
      byWords: (await store.searchText?.({ text: 'content', topK: 10, ...scope }))?.map(({ id }) => id),
      listed: (await store.listDocument('document', scope)).map(({ id }) => id),
      counted: await store.count(scope),
    });
    return { clock, store, seen };
  }

  it('ends with the millisecond, however the chunks are asked for', async () => {
    const { clock, store, seen } = createTimed();
    await store.upsert([makeChunk('a', vector)], scope);
    clock.nowMs += 2_000;
    await store.upsert([makeChunk('b', vector, { index: 1 })], scope);
    clock.nowMs += 2_999;
    expect(await seen()).toEqual({ byVector: ['a', 'b'], byWords: ['a', 'b'], listed: ['a', 'b'], counted: 2 });
    clock.nowMs += 1;
    expect(await seen()).toEqual({ byVector: ['b'], byWords: ['b'], listed: ['b'], counted: 1 });
    expect(await store.delete({ ids: ['a', 'b'] }, scope)).toEqual({ deleted: 1 });
  });

  it('begins again when a chunk is written again, which is a new one once it had expired', async () => {
    const { clock, store, seen } = createTimed();
    await store.upsert([makeChunk('a', vector), makeChunk('b', vector)], scope);
    clock.nowMs += 4_000;
    await store.upsert([makeChunk('a', vector)], scope);
    clock.nowMs += 4_000;
    expect((await seen()).byVector).toEqual(['a']);
    clock.nowMs += 5_000;
    await store.upsert([makeChunk('a', vector)], scope);
    const [found] = await store.query({ vector, topK: 1, ...scope });
    expect(found?.createdAt).toEqual(new Date(clock.nowMs));
  });

  it('makes room in a full store, in collections nobody looks at too', async () => {
    const { clock, store } = createTimed(2);
    await store.upsert([makeChunk('a', vector)], { collection: 'forgotten' });
    await store.upsert([makeChunk('b', vector, { tenant: 't1' })], scope);
    await expect(store.upsert([makeChunk('c', vector)], scope)).rejects.toMatchObject({ code: 'quota_exceeded' });
    clock.nowMs += 5_000;
    await expect(store.upsert([makeChunk('c', vector), makeChunk('d', vector)], scope)).resolves.toMatchObject({
      upserted: ['c', 'd'],
    });
  });
});

describe('memory store under change', () => {
  it('stays exact while chunks are added, replaced and removed at random', async () => {
    const random = createRandom(7);
    const dimensions = 9;
    const scope = { collection: 'default', tenant: null };
    const store = createMemoryVectorStore({ dimensions });
    const expected = new Map<string, Float32Array>();
    for (let step = 0; step < 600; step += 1) {
      const id = `c${Math.floor(random() * 90)}`;
      if (random() < 0.35) {
        const { deleted } = await store.delete({ ids: [id] }, scope);
        expect(deleted).toBe(expected.delete(id) ? 1 : 0);
      } else {
        const embedding = randomVector(random, dimensions);
        await store.upsert([makeChunk(id, embedding)], scope);
        expected.set(id, embedding);
      }
      if (step % 20 !== 0) continue;
      const vector = randomVector(random, dimensions);
      const best = [...expected]
        .map(([candidate, embedding]) => ({ id: candidate, score: plainCosine(vector, embedding) }))
        .sort((left, right) => right.score - left.score)
        .slice(0, 5);
      const found = await store.query({ vector, topK: 5, ...scope });
      expect(found.map((chunk) => chunk.id)).toEqual(best.map((chunk) => chunk.id));
    }
    expect(await store.count(scope)).toBe(expected.size);
  });
});
