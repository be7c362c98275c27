import { describe, expect, it } from 'vitest';
import { AppError, type ErrorCode } from '../../../../shared/contracts/app-error.ts';
import type { Chunk } from '../../../../shared/contracts/vector-store.ts';
import { storeBatches, toBatches } from '../../../../shared/stores/vector/batched-upsert.ts';
import { idsOf } from '../../../contracts/vector-store-harness.ts';
import { makeChunk } from '../../../contracts/vectors.ts';

const chunksOf = (ids: string, fields: Partial<Chunk> = {}): Chunk[] =>
  [...ids].map((id) => makeChunk(id, [1, 0], fields));
const namesOf = (batches: readonly (readonly Chunk[])[]): string[] => batches.map((batch) => idsOf(batch).join(''));

describe('batches', () => {
  it('are cut by number and by size, in the order given, and a large chunk travels alone', () => {
    const limits = { maxChunks: 3, maxBytes: 10_000 };
    expect(namesOf(toBatches(chunksOf('abcdefgh'), limits))).toEqual(['abc', 'def', 'gh']);
    const large = chunksOf('L', { content: '文'.repeat(4_000) });
    expect(namesOf(toBatches([...chunksOf('ab'), ...large, ...chunksOf('c')], limits))).toEqual(['ab', 'L', 'c']);
    const labelled = chunksOf('xyz', { metadata: { label: 'm'.repeat(4_000) } });
    expect(namesOf(toBatches(labelled, limits))).toEqual(['xy', 'z']);
    expect(toBatches([], limits)).toEqual([]);
  });
});

describe('storing batches', () => {
  /** Refuses a batch that holds one of these chunks, with the code beside it. */
  const refusing = (faults: Readonly<Record<string, ErrorCode>>) => {
    const tried: string[] = [];
    const store = async (batch: readonly Chunk[]): Promise<void> => {
      tried.push(...namesOf([batch]));
      const at = idsOf(batch).find((id) => Object.hasOwn(faults, id));
      if (at !== undefined) throw new AppError(faults[at] as ErrorCode, 'refused');
    };
    return { tried, store };
  };
  const batches = ['abcd', 'efgh', 'ij'].map((ids) => chunksOf(ids));

  it('finds the chunks at fault by halves, and stores everything else', async () => {
    const { tried, store } = refusing({ b: 'invalid_request', h: 'too_large' });
    const report = await storeBatches(batches, store, undefined);
    expect(report.upserted.join('')).toBe('acdefgij');
    expect(report.failed.map(({ id, error }) => [id, error.code])).toEqual([
      ['b', 'invalid_request'],
      ['h', 'too_large'],
    ]);
    expect(tried).toEqual(['abcd', 'ab', 'a', 'b', 'cd', 'efgh', 'ef', 'gh', 'g', 'h', 'ij']);
  });

  it('ends at any other failure, and tells what was stored from what was not', async () => {
    const { tried, store } = refusing({ f: 'network' });
    const report = await storeBatches(batches, store, undefined);
    expect(report.upserted.join('')).toBe('abcd');
    expect(idsOf(report.failed).join('')).toBe('efghij');
    expect(report.failed[0]?.error).toMatchObject({ code: 'network' });
    expect(tried).toEqual(['abcd', 'efgh']);
  });

  it('is refused as a whole when nothing was stored, or when the caller left', async () => {
    await expect(storeBatches(batches, refusing({ a: 'network' }).store, undefined)).rejects.toMatchObject({
      code: 'network',
    });
    const controller = new AbortController();
    const leaving = async (batch: readonly Chunk[]): Promise<void> => {
      if (batch[0]?.id !== 'e') return;
      controller.abort();
      throw new Error('aborted');
    };
    await expect(storeBatches(batches, leaving, controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
  });
});
