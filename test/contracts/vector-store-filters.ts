import { describe, expect, it } from 'vitest';
import type { Filter } from '../../shared/contracts/filter.ts';
import type { Metadata } from '../../shared/contracts/vector-store.ts';
import { idsOf, useStore, type VectorStoreSuite } from './vector-store-harness.ts';
import { makeChunk } from './vectors.ts';

/** One chunk per record, by id. Between them they have every field present, null, missing and of another type. */
const RECORDS: Readonly<Record<string, Metadata>> = {
  a: { category: 'documentation', year: 2019, draft: false, tags: ['x', 'y'], owner: 'kim' },
  b: { category: 'documentation', year: 2021, draft: true, tags: ['y'], owner: null },
  c: { category: 'blog', year: 2021, draft: false, tags: [], rating: 4.5 },
  d: { category: 'blog', year: '2021', tags: 'x', rating: -1 },
  e: {},
  f: { category: null, year: null, tags: [1, true] },
  g: { category: 'Ünïcode 🙂', year: 0, 'key with spaces & `signs`': 'v' },
};

const CASES: readonly (readonly [string, Filter, readonly string[]])[] = [
  ['eq with text', { type: 'eq', key: 'category', value: 'documentation' }, ['a', 'b']],
  ['eq with text beyond ASCII', { type: 'eq', key: 'category', value: 'Ünïcode 🙂' }, ['g']],
  ['eq with a number, which is not its text', { type: 'eq', key: 'year', value: 2021 }, ['b', 'c']],
  ['eq with the text of a number', { type: 'eq', key: 'year', value: '2021' }, ['d']],
  ['eq with zero', { type: 'eq', key: 'year', value: 0 }, ['g']],
  ['eq with false, which is not a missing field', { type: 'eq', key: 'draft', value: false }, ['a', 'c']],
  ['eq on a list, which is not its element', { type: 'eq', key: 'tags', value: 'x' }, ['d']],
  ['eq on a key of unusual characters', { type: 'eq', key: 'key with spaces & `signs`', value: 'v' }, ['g']],
  ['eq on a name of JavaScript', { type: 'eq', key: 'constructor', value: 'x' }, []],
  ['ne, which needs a value to differ', { type: 'ne', key: 'category', value: 'blog' }, ['a', 'b', 'g']],
  ['ne with another type', { type: 'ne', key: 'year', value: 2021 }, ['a', 'd', 'g']],
  ['gt', { type: 'gt', key: 'year', value: 2019 }, ['b', 'c']],
  ['gte', { type: 'gte', key: 'year', value: 2019 }, ['a', 'b', 'c']],
  ['lt', { type: 'lt', key: 'year', value: 2021 }, ['a', 'g']],
  ['lte with a fraction', { type: 'lte', key: 'rating', value: 4.5 }, ['c', 'd']],
  ['lt below zero', { type: 'lt', key: 'rating', value: 0 }, ['d']],
  ['gt with text', { type: 'gt', key: 'category', value: 'c' }, ['a', 'b', 'g']],
  ['lte with text', { type: 'lte', key: 'category', value: 'blog' }, ['c', 'd']],
  ['in', { type: 'in', key: 'year', value: [2019, 0, 'x'] }, ['a', 'g']],
  ['in with one value', { type: 'in', key: 'owner', value: ['kim'] }, ['a']],
  ['nin, which needs a value to differ', { type: 'nin', key: 'category', value: ['blog', 'x'] }, ['a', 'b', 'g']],
  ['nin with one value', { type: 'nin', key: 'year', value: [2021] }, ['a', 'd', 'g']],
  ['contains', { type: 'contains', key: 'tags', value: 'x' }, ['a']],
  ['contains with a boolean', { type: 'contains', key: 'tags', value: true }, ['f']],
  ['exists, which null does not', { type: 'exists', key: 'owner', value: true }, ['a']],
  ['exists with an empty list', { type: 'exists', key: 'tags', value: true }, ['a', 'b', 'c', 'd', 'f']],
  ['exists false', { type: 'exists', key: 'category', value: false }, ['e', 'f']],
  [
    'and',
    {
      type: 'and',
      filters: [
        { type: 'eq', key: 'category', value: 'documentation' },
        { type: 'gt', key: 'year', value: 2019 },
        { type: 'contains', key: 'tags', value: 'y' },
      ],
    },
    ['b'],
  ],
  [
    'a range',
    {
      type: 'and',
      filters: [
        { type: 'gte', key: 'year', value: 0 },
        { type: 'lt', key: 'year', value: 2021 },
      ],
    },
    ['a', 'g'],
  ],
  [
    'ranges over two fields',
    {
      type: 'and',
      filters: [
        { type: 'gte', key: 'year', value: 2000 },
        { type: 'gt', key: 'rating', value: 0 },
      ],
    },
    ['c'],
  ],
  [
    'or',
    {
      type: 'or',
      filters: [
        { type: 'eq', key: 'owner', value: 'kim' },
        { type: 'eq', key: 'rating', value: -1 },
      ],
    },
    ['a', 'd'],
  ],
  [
    'and inside or inside and',
    {
      type: 'and',
      filters: [
        {
          type: 'or',
          filters: [
            {
              type: 'and',
              filters: [
                { type: 'eq', key: 'category', value: 'blog' },
                { type: 'eq', key: 'draft', value: false },
              ],
            },
            { type: 'in', key: 'year', value: [2019, 2021] },
          ],
        },
        { type: 'ne', key: 'year', value: 2019 },
      ],
    },
    ['b', 'c'],
  ],
  ['a group of one', { type: 'or', filters: [{ type: 'eq', key: 'draft', value: true }] }, ['b']],
  [
    'nin beside other conditions',
    {
      type: 'and',
      filters: [
        { type: 'nin', key: 'year', value: [2019, 0] },
        { type: 'eq', key: 'draft', value: false },
      ],
    },
    ['c'],
  ],
  [
    'two negations',
    {
      type: 'and',
      filters: [
        { type: 'ne', key: 'category', value: 'blog' },
        { type: 'ne', key: 'year', value: 2019 },
      ],
    },
    ['b', 'g'],
  ],
  [
    'two elements of a list',
    {
      type: 'and',
      filters: [
        { type: 'contains', key: 'tags', value: 'x' },
        { type: 'contains', key: 'tags', value: 'y' },
      ],
    },
    ['a'],
  ],
  [
    'nin or something else',
    {
      type: 'or',
      filters: [
        { type: 'nin', key: 'year', value: [2019, 2021] },
        { type: 'eq', key: 'draft', value: true },
      ],
    },
    ['b', 'd', 'g'],
  ],
  [
    'a range or something else',
    {
      type: 'or',
      filters: [
        { type: 'gt', key: 'rating', value: 0 },
        { type: 'eq', key: 'draft', value: true },
      ],
    },
    ['b', 'c'],
  ],
  [
    'in with 31 values',
    { type: 'in', key: 'year', value: [2019, ...Array.from({ length: 30 }, (_, i) => i)] },
    ['a', 'g'],
  ],
];

/** What the filter language means. A filter the store refuses has to be refused for search and for delete. */
export function describeVectorStoreFilters(suite: VectorStoreSuite): void {
  describe('filters', () => {
    const target = useStore(suite, 3);
    const refused = new Set((suite.refusedFilters ?? []).map((filter) => JSON.stringify(filter)));

    for (const [title, filter, expected] of CASES) {
      if (refused.delete(JSON.stringify(filter))) {
        it(`refuses ${title} instead of returning something else`, async () => {
          const refusal = { code: 'unsupported', param: 'filter', retryable: false };
          await expect(target.search([1, 0, 0], { filter })).rejects.toMatchObject(refusal);
          await expect(target.store.delete({ filter }, target.scope)).rejects.toMatchObject(refusal);
        });
        continue;
      }
      it(`understands ${title}`, async () => {
        await target.put(...Object.entries(RECORDS).map(([id, metadata]) => makeChunk(id, [1, 0, 0], { metadata })));
        expect(idsOf(await target.search([1, 0, 0], { filter }))).toEqual(expected);
      });
    }

    it('fills top_k from the matches, not from the best chunks overall', async () => {
      const near = Array.from({ length: 30 }, (_, number) => makeChunk(`near-${number}`, [1, 0, 0]));
      const far = ['x', 'y'].map((id) => makeChunk(id, [0, 1, 0], { metadata: { wanted: true } }));
      await target.put(...near, ...far);
      const filter: Filter = { type: 'eq', key: 'wanted', value: true };
      expect(idsOf(await target.search([1, 0, 0], { topK: 2, filter }))).toEqual(['x', 'y']);
    });

    it('applies to a zero query as well', async () => {
      await target.put(...Object.entries(RECORDS).map(([id, metadata]) => makeChunk(id, [1, 0, 0], { metadata })));
      const filter: Filter = { type: 'gt', key: 'year', value: 2019 };
      expect(idsOf(await target.search([0, 0, 0], { filter }))).toEqual(['b', 'c']);
    });

    it('has no refused filter that the cases above do not know', () => {
      expect([...refused]).toEqual([]);
    });
  });
}
