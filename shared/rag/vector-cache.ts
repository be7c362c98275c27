import { createHash } from 'node:crypto';

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

function toKey(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
