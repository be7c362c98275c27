import { describe, expect, test } from 'vitest';
import { recordOfChunks } from '../../../shared/rag/record-of-chunks.ts';
import { makeChunk } from '../../contracts/vectors.ts';

const scope = { collection: 'default', tenant: null };
const [older, newer] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-02T00:00:00Z')];
const chunkAt = (index: number, count: number | undefined, updatedAt = older) => ({
  ...makeChunk(`c${index}`, [], { index, metadata: count === undefined ? {} : { chunk_count: count } }),
  createdAt: older,
  updatedAt,
});
const recordOf = (...chunks: readonly ReturnType<typeof chunkAt>[]) => recordOfChunks('document', scope, chunks);

describe('the record that chunks make', () => {
  test('is none without chunks', () => {
    expect(recordOf()).toBeUndefined();
  });

  test('is ready when they are all there, and as new as the newest of them', () => {
    expect(recordOf(chunkAt(0, 2, newer), chunkAt(1, 2))).toEqual({
      documentId: 'document',
      ...scope,
      state: 'ready',
      chunks: 2,
      contentHash: '',
      updatedAt: newer,
    });
    expect(recordOf(chunkAt(0, undefined))).toMatchObject({ state: 'ready', chunks: 1 });
  });

  test.each([
    ['the last ones are missing', [chunkAt(0, 3), chunkAt(1, 3)]],
    ['one between is missing', [chunkAt(0, 3), chunkAt(2, 3)]],
    ['those of an older version are still there', [chunkAt(0, 1, newer), chunkAt(0, 2), chunkAt(1, 2)]],
    ['some have moved and others not', [chunkAt(0, 3, newer), chunkAt(1, 2), chunkAt(2, 3, newer)]],
  ])('has failed when %s', (_title, chunks) => {
    expect(recordOf(...chunks)).toMatchObject({
      state: 'failed',
      chunks: chunks.length,
      error: { message: expect.stringContaining('Send it again') },
    });
  });
});
