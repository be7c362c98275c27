import { createHash } from 'node:crypto';
import type { EmbeddingPurpose } from '../contracts/embedding-provider.ts';
import type { ResponseCache } from '../contracts/response-cache.ts';
import { fromBase64Floats, toBase64Floats } from '../text/base64-floats.ts';
import { hasDirection } from './check-vectors.ts';
import { mapConcurrently } from './concurrency.ts';

/** Vectors by text, the least recently used given up first. Keeps hashes, never the texts. */
export interface VectorCache {
  get(text: string): Float32Array | undefined;
  set(text: string, vector: Float32Array): void;
}

export function createVectorCache(maxEntries: number): VectorCache {
  const entries = new Map<string, Float32Array>();
  return {
    get(text) {
      if (maxEntries === 0) return undefined;
      const key = toKey(text);
      const vector = entries.get(key);
      if (vector !== undefined) {
        entries.delete(key);
        entries.set(key, vector);
      }
      return vector;
    },
    set(text, vector) {
      if (maxEntries === 0) return;
      const key = toKey(text);
      entries.delete(key);
      entries.set(key, vector);
      if (entries.size > maxEntries) {
        const oldest = entries.keys().next();
        if (!oldest.done) entries.delete(oldest.value);
      }
    },
  };
}

/** Where vectors are kept for other instances and later days. */
export interface VectorKeeping {
  readonly cache: Pick<ResponseCache, 'get' | 'set'>;
  readonly ttlMs: number;
}

/** What kept vectors must have in common to stand for one another. */
export interface VectorSpace {
  /** Model and dimensions, as stored vectors are marked. */
  readonly fingerprint: string;
  readonly dimensions: number;
  readonly purpose: EmbeddingPurpose;
}

export interface KeptVectors {
  /** Those of the texts that are there. */
  load(texts: readonly string[], space: VectorSpace): Promise<ReadonlyMap<string, Float32Array>>;
  save(vectors: ReadonlyMap<string, Float32Array>, space: VectorSpace): Promise<void>;
}

/** Caches are asked for one key at a time. */
const AT_ONCE = 32;

/** Vectors in a response cache. What cannot be read or written is embedded again and fails nothing. */
export function createKeptVectors({ cache, ttlMs }: VectorKeeping): KeptVectors {
  return {
    async load(texts, space) {
      const found = await mapConcurrently(texts, AT_ONCE, async (text) => {
        const value = await cache.get(toSharedKey(text, space)).catch(() => undefined);
        const vector = value === undefined ? undefined : fromBase64Floats(value);
        return vector?.length === space.dimensions && hasDirection(vector) ? [[text, vector] as const] : [];
      });
      return new Map(found.flat());
    },
    async save(vectors, space) {
      await mapConcurrently([...vectors], AT_ONCE, ([text, vector]) =>
        cache.set(toSharedKey(text, space), toBase64Floats(vector), { ttlMs }).catch(() => undefined),
      );
    },
  };
}

function toSharedKey(text: string, { fingerprint, purpose }: VectorSpace): string {
  return createHash('sha256')
    .update(JSON.stringify(['vector', fingerprint, purpose, text]))
    .digest('hex');
}

function toKey(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
