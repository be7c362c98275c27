import type { StoredChunk, StoreScope } from '../../contracts/vector-store.ts';
import type { TermReader } from '../../text/search-terms.ts';
import { type BlockWords, createBlockWords } from './block-words.ts';
import { toScopeKey } from './scope-sizes.ts';
import type { SimdMemory } from './simd-memory.ts';
import { createVectorBlock, type VectorBlock } from './vector-block.ts';
import type { VectorMeasure } from './vector-measure.ts';

type Scope = Pick<StoreScope, 'collection' | 'tenant'>;

/** The chunks of one collection and tenant. */
export interface MemoryBlock extends Scope {
  readonly vectors: VectorBlock;
  /** The words of the chunks, followed from the first time that somebody asks for them. */
  words(): BlockWords;
}

/** All that a store holds, each collection and tenant apart. What has expired is not there, however it is asked for. */
export interface MemoryBlocks {
  /** Chunks in all blocks; expired ones count until their block is asked for. */
  readonly size: number;
  all(): Iterable<MemoryBlock>;
  /** Undefined for a scope that holds nothing. */
  find(scope: Scope): MemoryBlock | undefined;
  /** A chunk that is there already keeps the time it was created. */
  put(collection: string, chunk: StoredChunk, embedding: Float32Array): void;
  remove(block: MemoryBlock, id: string): boolean;
  clear(): void;
}

export interface MemoryBlocksOptions {
  readonly dimensions: number;
  readonly measure: VectorMeasure;
  readonly memory: SimdMemory | undefined;
  readonly readTerms: TermReader;
  /** How long a chunk lives after it was written last. Default: for ever. */
  readonly ttlMs: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function createMemoryBlocks(options: MemoryBlocksOptions): MemoryBlocks {
  const { readTerms, ttlMs = Number.POSITIVE_INFINITY, now } = options;
  const blocks = new Map<string, KeptBlock>();
  let size = 0;

  const remove = (block: MemoryBlock, id: string): boolean => {
    const { vectors, followed } = block as KeptBlock;
    if (!vectors.remove(id)) return false;
    followed?.remove(id);
    size -= 1;
    if (vectors.size === 0) {
      vectors.release();
      blocks.delete(toScopeKey(block));
    }
    return true;
  };

  const expire = (block: KeptBlock): void => {
    const oldest = now() - ttlMs;
    // In the order they were written, so the first one that may stay is followed by others that may.
    for (const { id, updatedAt } of block.vectors.chunks()) {
      if (updatedAt.getTime() > oldest) return;
      remove(block, id);
    }
  };

  const find = (scope: Scope): KeptBlock | undefined => {
    const block = blocks.get(toScopeKey(scope));
    if (block === undefined) return undefined;
    expire(block);
    return block.vectors.size === 0 ? undefined : block;
  };

  const create = ({ collection, tenant }: Scope): KeptBlock => {
    const block: KeptBlock = {
      collection,
      tenant,
      vectors: createVectorBlock(options),
      words() {
        block.followed ??= createBlockWords({ chunks: block.vectors.chunks(), readTerms });
        return block.followed;
      },
    };
    blocks.set(toScopeKey(block), block);
    return block;
  };

  return {
    get size() {
      return size;
    },
    *all() {
      for (const block of blocks.values()) {
        expire(block);
        if (block.vectors.size > 0) yield block;
      }
    },
    find,
    put(collection, chunk, embedding) {
      const scope = { collection, tenant: chunk.tenant };
      const block = find(scope) ?? create(scope);
      const known = block.vectors.get(chunk.id);
      if (known === undefined) size += 1;
      block.vectors.put(known === undefined ? chunk : { ...chunk, createdAt: known.createdAt }, embedding);
      block.followed?.put(chunk);
    },
    remove,
    clear() {
      for (const { vectors } of blocks.values()) vectors.release();
      blocks.clear();
      size = 0;
    },
  };
}

interface KeptBlock extends MemoryBlock {
  followed?: BlockWords;
}
