import type { Chunk } from '../../shared/contracts/vector-store.ts';

/** A chunk with everything filled in; the id and the vector are what tests usually care about. */
export function makeChunk(id: string, embedding: readonly number[] | Float32Array, fields: Partial<Chunk> = {}): Chunk {
  return {
    id,
    documentId: 'document',
    index: 0,
    content: `content of ${id}`,
    embedding: Float32Array.from(embedding),
    contentHash: 'a'.repeat(64),
    embeddingModel: 'test/vectors@3',
    metadata: {},
    tenant: null,
    ...fields,
  };
}

/** A seeded generator (mulberry32), so that a failure can be repeated. Values from 0 up to 1. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function randomVector(random: () => number, dimensions: number): Float32Array {
  return Float32Array.from({ length: dimensions }, () => random() * 2 - 1);
}

/** Cosine similarity the plain way, in 64 bits: what every store is compared with. */
export function plainCosine(left: Float32Array, right: Float32Array): number {
  let product = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (const [position, value] of left.entries()) {
    const other = right[position] ?? 0;
    product += value * other;
    leftSquares += value * value;
    rightSquares += other * other;
  }
  return leftSquares === 0 || rightSquares === 0 ? 0 : product / Math.sqrt(leftSquares * rightSquares);
}
