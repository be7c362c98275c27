import { describe, expect, it } from 'vitest';
import { createReadEstimate } from '../../../../shared/app/search/search-reads.ts';

const SCOPE = { collection: 'default', tenant: null };

function prepare(sizes: (number | Error)[]) {
  const scopes: object[] = [];
  const clock = { now: 0 };
  const estimate = createReadEstimate({
    now: () => clock.now,
    count: async (scope) => {
      const size = sizes[Math.min(scopes.length, sizes.length - 1)] as number | Error;
      scopes.push(scope);
      if (size instanceof Error) throw size;
      return size;
    },
  });
  return { scopes, clock, estimate };
}

describe('what a search is charged for', () => {
  it.each([
    ['a read per 100 index entries begun, and one per result', 1_550, { searches: 1, chunks: 5 }, 21],
    ['the entries for each of two searches', 1_550, { searches: 2, chunks: 20 }, 52],
    ['one read for a search that an empty collection answers', 0, { searches: 1, chunks: 0 }, 1],
    ['one read for each of two', 0, { searches: 2, chunks: 0 }, 2],
    ['nothing where nothing was searched', 0, { searches: 0, chunks: 0 }, 0],
    ['one read for few entries', 3, { searches: 1, chunks: 3 }, 4],
  ])('is %s', async (_title, size, store, expected) => {
    expect(await prepare([size]).estimate.begin(SCOPE)(store)).toBe(expected);
  });

  it('is estimated from a size that is counted once in ten minutes, for each collection and tenant', async () => {
    const { scopes, clock, estimate } = prepare([100, 900]);
    const one = { searches: 1, chunks: 1 };
    const reads = (scope: { collection: string; tenant: string | null }) => estimate.begin(scope)(one);
    expect(await reads(SCOPE)).toBe(2);
    clock.now = 599_999;
    expect(await reads(SCOPE)).toBe(2);
    expect(await reads({ ...SCOPE, tenant: 't1' })).toBe(10);
    expect(scopes).toHaveLength(2);
    clock.now = 600_000;
    expect(await reads(SCOPE)).toBe(10);
    expect(scopes).toHaveLength(3);
  });

  it('is unknown while the size cannot be had, and is asked for again', async () => {
    const { estimate } = prepare([new Error('down'), 100]);
    const one = { searches: 1, chunks: 1 };
    expect(await estimate.begin(SCOPE)(one)).toBeNull();
    expect(await estimate.begin(SCOPE)(one)).toBe(2);
  });

  it('hands nobody’s signal to a count that others wait for', async () => {
    const { scopes, estimate } = prepare([100]);
    const { signal } = new AbortController();
    estimate.begin({ ...SCOPE, signal } as typeof SCOPE);
    expect(scopes).toEqual([SCOPE]);
  });
});
