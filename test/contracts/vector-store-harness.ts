import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect } from 'vitest';
import type { Filter } from '../../shared/contracts/filter.ts';
import type { Chunk, ScoredChunk, StoreScope, VectorStore } from '../../shared/contracts/vector-store.ts';

export interface VectorStoreSuite {
  readonly name: string;
  /** A store for cosine similarity that accepts tenants. The suite closes it. */
  createStore(options: VectorStoreSuiteOptions): VectorStore | Promise<VectorStore>;
  /** Filters this store refuses with `unsupported`. Everything else has to work. */
  readonly refusedFilters?: readonly Filter[];
  /** The store has `searchText`. */
  readonly searchesText?: boolean;
  /** The store gives results their vectors when asked to. */
  readonly givesEmbeddings?: boolean;
  /** The store refuses vectors that 32 bits cannot compare. */
  readonly singlePrecision?: boolean;
  /** The store refuses zero vectors; otherwise their score is 0. */
  readonly refusesZeroVectors?: boolean;
}

export interface VectorStoreSuiteOptions {
  readonly dimensions: number;
  readonly now?: () => number;
}

/** A store and a fresh collection for each test of a suite. */
export function useStore(suite: VectorStoreSuite, dimensions: number, now?: () => number): StoreUnderTest {
  const opened: { store?: VectorStore; scope: StoreScope } = { scope: { collection: 'none', tenant: null } };
  beforeEach(async () => {
    opened.store = await suite.createStore({ dimensions, ...(now !== undefined && { now }) });
    opened.scope = { collection: freshCollection(), tenant: null };
  });
  afterEach(async () => {
    await opened.store?.close();
  });
  return {
    get store() {
      if (opened.store === undefined) throw new Error('The store is opened before each test.');
      return opened.store;
    },
    get scope() {
      return opened.scope;
    },
    async put(...chunks: readonly Chunk[]) {
      const report = await this.store.upsert(chunks, this.scope);
      expect(report.failed).toEqual([]);
    },
    async search(vector, options = {}) {
      return this.store.query({ vector: Float32Array.from(vector), topK: 10, ...this.scope, ...options });
    },
  };
}

export interface StoreUnderTest {
  readonly store: VectorStore;
  readonly scope: StoreScope;
  put(...chunks: readonly Chunk[]): Promise<void>;
  search(
    vector: readonly number[] | Float32Array,
    options?: Partial<Parameters<VectorStore['query']>[0]>,
  ): Promise<ScoredChunk[]>;
}

export function freshCollection(): string {
  return `c-${randomUUID()}`;
}

export function idsOf(chunks: readonly { id: string }[]): string[] {
  return chunks.map(({ id }) => id);
}
