import type { AppError } from '../../shared/contracts/app-error.ts';
import type { EmbeddingProvider } from '../../shared/contracts/embedding-provider.ts';
import type { VectorStore } from '../../shared/contracts/vector-store.ts';
import { createEmbedder } from '../../shared/rag/embed.ts';
import { createIngestion, type IngestInput, type IngestionOptions } from '../../shared/rag/ingest.ts';
import { createMemoryDocumentStore } from '../../shared/stores/document/memory.ts';
import { createMemoryVectorStore } from '../../shared/stores/vector/memory.ts';

/** Every paragraph becomes a chunk of its own. */
const CHUNKING = { size: 40, overlap: 0 };

export const paragraph = (name: string) => `Paragraph ${name} has some words in it.`;
export const textOf = (...names: readonly string[]) => names.map(paragraph).join('\n\n');

/** One instance of ingestion with stores of its own, which can be made to fail, and a count of what it did there. */
export function createIngestSetting({ dimensions = 3, known = true } = {}) {
  const embedded: string[] = [];
  const written: string[] = [];
  const removed: string[] = [];
  const world = {
    embedded,
    written,
    removed,
    /** Makes embedding a text fail. */
    refuses: (_text: string): AppError | undefined => undefined,
    /** Makes storing a chunk fail. */
    loses: (_content: string): AppError | undefined => undefined,
  };
  const provider = (model = 'm'): EmbeddingProvider => ({
    id: 'fake',
    model,
    dimensions: known ? dimensions : undefined,
    maxBatchSize: 2,
    maxBatchTokens: 1000,
    maxInputTokens: 500,
    async embed(texts) {
      const error = texts.map((text) => world.refuses(text)).find((refusal) => refusal !== undefined);
      if (error !== undefined) throw error;
      embedded.push(...texts);
      return {
        vectors: texts.map((text) => Float32Array.of(text.length, 1, text.charCodeAt(10) || 1)),
        usage: { tokens: texts.length },
      };
    },
  });
  const memory = createMemoryVectorStore({ dimensions });
  const vectorStore: VectorStore = {
    ...memory,
    async upsert(chunks, options) {
      const failed = chunks.flatMap(({ id, content }) => {
        const error = world.loses(content);
        return error === undefined ? [] : [{ id, error }];
      });
      const kept = chunks.filter(({ id }) => !failed.some((failure) => failure.id === id));
      written.push(...kept.map(({ content }) => content));
      const report = await memory.upsert(kept, options);
      return { upserted: report.upserted, failed: [...report.failed, ...failed] };
    },
    async delete(selector, where) {
      if ('ids' in selector) removed.push(...selector.ids);
      return memory.delete(selector, where);
    },
  };
  const documentStore = createMemoryDocumentStore();
  const create = (more: Partial<IngestionOptions> = {}) =>
    createIngestion({
      embedder: createEmbedder({ provider: provider(), cacheEntries: 0 }),
      vectorStore,
      documentStore,
      chunking: CHUNKING,
      now: () => 1_700_000_000_000,
      ...more,
    });
  const forget = () => {
    embedded.length = 0;
    written.length = 0;
    removed.length = 0;
  };
  return { world, provider, vectorStore, documentStore, create, forget };
}

export const document = (text: string, more: Partial<IngestInput> = {}): IngestInput => ({
  id: 'guide',
  content: text,
  tenant: null,
  ...more,
});
