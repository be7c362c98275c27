import { createHash } from 'node:crypto';
import type { Chunk, VectorStore } from '../../shared/contracts/vector-store.ts';
import { createLocalEmbeddings } from '../../shared/embeddings/local.ts';
import { createEmbedder } from '../../shared/rag/embed.ts';
import type { Fusion } from '../../shared/rag/fusion.ts';
import { createRetriever, type SearchMode } from '../../shared/rag/retrieve.ts';
import type { JudgedSet } from './judged-set.ts';
import { averageMetrics, DEPTH, judgeRanking, type Metrics } from './metrics.ts';

export interface QualityRow extends Metrics {
  readonly store: string;
  readonly ranking: string;
  /** Of one search, query embedding included, in milliseconds. */
  readonly p95Ms: number;
}

export interface QualityOptions {
  readonly set: JudgedSet;
  /** Empty, or filled by an earlier run with the same set. */
  readonly store: VectorStore;
  readonly collection: string;
  readonly dimensions: number;
  /** The store charges for what it reads: ranked as it is in production. */
  readonly paidReads?: boolean;
}

const RANKINGS: readonly { readonly name: string; readonly mode: SearchMode; readonly fusion: Fusion }[] = [
  { name: 'vector', mode: 'vector', fusion: { method: 'convex' } },
  { name: 'lexical', mode: 'lexical', fusion: { method: 'convex' } },
  { name: 'hybrid', mode: 'hybrid', fusion: { method: 'convex' } },
  { name: 'hybrid, by places', mode: 'hybrid', fusion: { method: 'rrf' } },
];

const BATCH_SIZE = 200;

/** Stores a judged set with local embeddings, a chunk per document, and asks its questions in every way the store knows. */
export async function measureQuality(options: QualityOptions): Promise<QualityRow[]> {
  const { set, store, collection, dimensions, paidReads = false } = options;
  const { signal } = new AbortController();
  const embedder = createEmbedder({ provider: createLocalEmbeddings({ dimensions }) });
  for (let start = 0; start < set.documents.length; start += BATCH_SIZE) {
    const batch = set.documents.slice(start, start + BATCH_SIZE);
    const { vectors } = await embedder.embedDocuments(
      batch.map(({ text }) => text),
      { signal },
    );
    const chunks = batch.map(
      ({ id, text }, position): Chunk => ({
        id,
        documentId: id,
        index: 0,
        content: text,
        embedding: vectors[position] as Float32Array,
        contentHash: createHash('sha256').update(text).digest('hex'),
        embeddingModel: embedder.fingerprint ?? '',
        metadata: {},
        tenant: null,
      }),
    );
    const { failed } = await store.upsert(chunks, { collection });
    if (failed[0] !== undefined) throw failed[0].error;
  }
  const rows: QualityRow[] = [];
  for (const { name, mode, fusion } of RANKINGS) {
    if (mode !== 'vector' && store.searchText === undefined) continue;
    const retriever = createRetriever({ embedder, vectorStore: store, fusion, paidReads });
    const judged: Metrics[] = [];
    const times: number[] = [];
    for (const { text: query, relevant } of set.queries) {
      const startedAt = performance.now();
      const { results } = await retriever.search({ query, topK: DEPTH, mode, collection, tenant: null, signal });
      times.push(performance.now() - startedAt);
      judged.push(
        judgeRanking(
          results.map(({ documentId }) => documentId),
          relevant,
        ),
      );
    }
    rows.push({ store: store.id, ranking: name, ...averageMetrics(judged), p95Ms: percentile(times, 0.95) });
  }
  return rows;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
