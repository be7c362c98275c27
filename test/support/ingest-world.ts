import type { SourceDocument } from '../../shared/contracts/document-store.ts';
import type { EmbeddingProvider } from '../../shared/contracts/embedding-provider.ts';
import type { VectorStore } from '../../shared/contracts/vector-store.ts';
import { chunkText } from '../../shared/rag/chunk.ts';
import { createEmbedder } from '../../shared/rag/embed.ts';
import { createIngestion, type Ingestion } from '../../shared/rag/ingest.ts';
import { createMemoryDocumentStore } from '../../shared/stores/document/memory.ts';
import { createMemoryVectorStore } from '../../shared/stores/vector/memory.ts';
import { createFakeClock } from './fake-clock.ts';

/** Every paragraph below becomes a chunk of its own. */
const CHUNKING = { size: 40, overlap: 0 };

/** What an instance does that others can see, or that it can die in. */
export type Step =
  | 'embed'
  | 'upsert'
  | 'delete'
  | 'listDocument'
  | 'heldModel'
  | 'readSource'
  | 'readEntry'
  | 'listEntries'
  | 'swapEntry';

/** Runs one step of an instance; the test decides when, and whether the instance lives to see its end. */
export type Stepper = <T>(step: Step, operation: () => Promise<T>) => Promise<T>;

export function paragraphs(...names: readonly string[]): string {
  return names.map((name) => `Paragraph ${name} has some words in it.`).join('\n\n');
}

/** Stores that several instances share, and their clock. */
export function createIngestWorld() {
  const vectors = createMemoryVectorStore({ dimensions: 2 });
  const documents = createMemoryDocumentStore();
  const clock = createFakeClock(1_700_000_000_000);
  const embedded: string[] = [];

  const createInstance = (run: Stepper = (_step, operation) => operation()): Ingestion => {
    const provider: EmbeddingProvider = {
      id: 'fake',
      model: 'm',
      dimensions: 2,
      maxBatchSize: 2,
      maxBatchTokens: 1_000,
      maxInputTokens: 500,
      embed: (texts) =>
        run('embed', async () => {
          embedded.push(...texts);
          return { vectors: texts.map((text) => Float32Array.of(text.length, 1)) };
        }),
    };
    const vectorStore: VectorStore = {
      ...vectors,
      upsert: (chunks, scope) => run('upsert', () => vectors.upsert(chunks, scope)),
      delete: (selector, scope) => run('delete', () => vectors.delete(selector, scope)),
      listDocument: (id, scope) => run('listDocument', () => vectors.listDocument(id, scope)),
      heldModel: (scope) => run('heldModel', () => vectors.heldModel(scope)),
    };
    const documentStore: typeof documents = {
      ...documents,
      readSource: (id) => run('readSource', () => documents.readSource(id)),
      readEntry: (id, scope) => run('readEntry', () => documents.readEntry(id, scope)),
      listEntries: (id) => run('listEntries', () => documents.listEntries(id)),
      swapEntry: (target, next, expected) => run('swapEntry', () => documents.swapEntry(target, next, expected)),
    };
    return createIngestion({
      embedder: createEmbedder({ provider, cacheEntries: 0 }),
      vectorStore,
      documentStore,
      chunking: CHUNKING,
      now: clock.now,
      sleep: clock.sleep,
    });
  };

  return {
    vectors,
    documents,
    clock,
    /** Texts in the order they were embedded. */
    embedded,
    createInstance,
    /** Lets time go by until something has ended. */
    async until<T>(ending: Promise<T>): Promise<T> {
      const end = { reached: false };
      const settle = () => {
        end.reached = true;
      };
      ending.then(settle, settle);
      while (!end.reached) await clock.pass(1_000);
      return ending;
    },
    /** Contents of a document's chunks in their order, by `collection/tenant`; scopes without chunks are left out. */
    async stored(id: string, collections = ['default', 'other'], tenants: readonly (string | null)[] = [null, 't1']) {
      const found: Record<string, string[]> = {};
      for (const collection of collections) {
        for (const tenant of tenants) {
          const chunks = await vectors.listDocument(id, { collection, tenant });
          if (chunks.length > 0) found[`${collection}/${tenant}`] = chunks.map(({ content }) => content);
        }
      }
      return found;
    },
  };
}

/** What `stored` should say of a document. */
export function expectedOf(document: SourceDocument | undefined): Record<string, string[]> {
  if (document === undefined || document.text.trim() === '') return {};
  const contents = chunkText(document.text, CHUNKING).map(({ content }) => content);
  return { [`${document.collection ?? 'default'}/${document.tenant ?? null}`]: contents };
}
