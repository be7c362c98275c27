import { describe, expect, it } from 'vitest';
import type { VectorQuery } from '../../../../shared/contracts/vector-store.ts';
import { createSqlValues, toSqlCondition } from '../../../../shared/stores/vector/pgvector-filter.ts';
import { toIndexSearch } from '../../../../shared/stores/vector/pgvector-search.ts';
import { idsOf } from '../../../contracts/vector-store-harness.ts';
import { createRandom, makeChunk, randomVector } from '../../../contracts/vectors.ts';
import { usePgliteServer } from '../../../support/pglite-server.ts';

const scope = { collection: 'default', tenant: null };

describe('search of the pgvector store', () => {
  const server = usePgliteServer();
  const { open, freshTable } = server;

  describe('other distances', () => {
    const vectors = { a: [3, 4], b: [1, 0], c: [-3, -4] } as const;

    it.each([
      [
        'euclidean',
        [
          ['b', 1 / 2],
          ['a', 1 / 6],
          ['c', 1 / 6],
        ],
      ],
      [
        'dot_product',
        [
          ['a', 3],
          ['b', 1],
          ['c', -3],
        ],
      ],
    ] as const)('scores by %s', async (distance, expected) => {
      const store = open({ distance, dimensions: 2, table: freshTable() });
      await store.upsert(
        Object.entries(vectors).map(([id, vector]) => makeChunk(id, vector)),
        scope,
      );
      const at = distance === 'euclidean' ? [0, 0] : [1, 0];
      const found = await store.query({ vector: Float32Array.from(at), topK: 3, ...scope });
      expect(found.map(({ id, score }) => [id, score])).toEqual(
        expected.map(([id, score]) => [id, expect.closeTo(score, 6)]),
      );
    });
  });

  describe('large collections', () => {
    const random = createRandom(11);
    const chunks = Array.from({ length: 400 }, (_, index) =>
      makeChunk(`c${index}`, randomVector(random, 8), { index, metadata: { rare: index % 100 === 0 } }),
    );
    const query = (vector: Float32Array, options: Partial<VectorQuery> = {}): VectorQuery => ({
      vector,
      topK: 10,
      ...scope,
      ...options,
    });

    it('are searched by the index, which finds nearly the same with the same scores', async () => {
      const table = freshTable();
      const exact = open({ table, dimensions: 8 });
      const indexed = open({ table, dimensions: 8, exactUpTo: 399 });
      await exact.upsert(chunks, scope);
      await server.database.exec('SET enable_seqscan = off; SET enable_sort = off');
      let shared = 0;
      for (let round = 0; round < 10; round += 1) {
        const vector = randomVector(random, 8);
        const expected = new Map((await exact.query(query(vector))).map(({ id, score }) => [id, score]));
        const found = await indexed.query(query(vector));
        expect(found).toHaveLength(10);
        for (const { id, score } of found) {
          const same = expected.get(id);
          if (same === undefined) continue;
          shared += 1;
          expect(score).toBeCloseTo(same, 6);
        }
      }
      expect(shared).toBeGreaterThanOrEqual(95);
    });

    it.each([
      [8, 'hnsw'],
      [2_500, 'hnsw'],
    ])('of %i dimensions have an index that the search uses', async (dimensions) => {
      const table = freshTable();
      const store = open({ table, dimensions });
      await store.upsert(
        [
          makeChunk(
            'a',
            Float32Array.from({ length: dimensions }, () => 0.5),
          ),
        ],
        scope,
      );
      await server.database.exec('SET enable_seqscan = off; SET enable_sort = off');
      const vector = Float32Array.from({ length: dimensions }, () => 1);
      const statement = toIndexSearch(query(vector), JSON.stringify([...vector]), {
        table,
        dimensions,
        distance: 'cosine',
      });
      const plan = await server.database.query(`EXPLAIN ${statement?.text}`, [...(statement?.values ?? [])]);
      expect(JSON.stringify(plan.rows)).toMatch(
        /Index Scan using \w+_embedding\w*_idx|Index Scan using table_\d+_expr_idx/,
      );
      const large = open({ table, dimensions, exactUpTo: 0 });
      expect((await large.query(query(vector, { topK: 1 })))[0]?.score).toBeCloseTo(1, 5);
    });

    it('are compared in full where the index gives up before it found enough', async () => {
      const table = freshTable();
      const store = open({ table, dimensions: 8, exactUpTo: 0 });
      await store.upsert(chunks, scope);
      await server.database.exec(
        'SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off; SET hnsw.max_scan_tuples = 1',
      );
      const filter = { type: 'eq', key: 'rare', value: true } as const;
      const found = await store.query(query(randomVector(random, 8), { filter }));
      expect(idsOf(found).sort()).toEqual(['c0', 'c100', 'c200', 'c300']);
    });

    it('find their zero vectors, which are in no index', async () => {
      const store = open({ table: freshTable(), exactUpTo: 0 });
      await store.upsert([makeChunk('zero', [0, 0, 0]), makeChunk('one', [1, 0, 0])], scope);
      const search = (vector: readonly number[]) =>
        store.query({ vector: Float32Array.from(vector), topK: 5, ...scope });
      expect(idsOf(await search([1, 0, 0]))).toEqual(['one', 'zero']);
      expect(idsOf(await search([0, 0, 0]))).toEqual(['one', 'zero']);
    });

    it('are narrowed by the index on metadata where a filter asks for equality', async () => {
      const table = freshTable();
      await open({ table }).ready();
      await server.database.exec('SET enable_seqscan = off; SET enable_indexscan = off');
      const values = createSqlValues();
      const condition = toSqlCondition({ type: 'eq', key: 'kind', value: 'x' }, values);
      const plan = await server.database.query(`EXPLAIN SELECT 1 FROM ${table} WHERE ${condition}`, [...values.list]);
      expect(JSON.stringify(plan.rows)).toContain('metadata_idx');
    });
  });

  it('by words gives the vectors of the results as well', async () => {
    const store = open({ table: freshTable() });
    await store.upsert([makeChunk('a', [3, 4, 5], { content: 'A valve.' })], scope);
    const found = await store.searchText?.({ text: 'valves', topK: 1, withEmbeddings: true, ...scope });
    expect(found).toMatchObject([{ id: 'a', embedding: Float32Array.of(3, 4, 5) }]);
  });
});
