import type { Distance, VECTOR_STORE_NAMES } from '../../config/names.ts';
import { defined } from '../../config/objects.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { Filter } from '../../contracts/filter.ts';
import type { Chunk, Metadata } from '../../contracts/vector-store.ts';
import { sha256 } from '../../rag/document-key.ts';
import { createModelGuard, foreignModel } from '../../rag/model-guard.ts';
import { createLazy } from '../lazy.ts';
import { createParts, type PartOptions } from './parts.ts';

export interface VectorStoreOptions extends PartOptions {
  readonly provider: (typeof VECTOR_STORE_NAMES)[number];
  /** Length of the embeddings. */
  readonly embeddingDimensions: number | undefined;
  /** What the embeddings come from, `Embeddings.embeddingModel`: a service with the same model then finds them too. */
  readonly embeddingModel?: string;
  /** Whether documents of several tenants are kept apart. */
  readonly tenancy?: boolean;
  readonly distance?: Distance;
  /** Of Firestore: Google Cloud project, database and credentials. */
  readonly projectId?: string;
  readonly databaseId?: string;
  readonly credentialsFile?: string;
  /** Of Firestore and Qdrant. */
  readonly collection?: string;
  /** Of memory: most documents, and a file that they are kept in. */
  readonly maxDocuments?: number;
  readonly file?: string;
  /** Of Qdrant: its address and key. */
  readonly url?: string;
  readonly apiKey?: string;
  readonly allowedCidrs?: readonly string[];
  /** Of pgvector. */
  readonly connectionString?: string;
  readonly table?: string;
}

export interface VectorDocument {
  readonly id: string;
  readonly content: string;
  readonly metadata?: Metadata;
}

export interface SearchOptions {
  readonly embedding: Float32Array;
  /** 1 to 1,000. Default 5. */
  readonly topK?: number;
  /** Results below it are left out. */
  readonly minScore?: number;
  /** In OpenAI's language: `{ type: 'eq', key: 'category', value: 'documentation' }`. */
  readonly filter?: Filter;
  readonly tenant?: string;
  readonly signal?: AbortSignal;
}

export interface VectorSearchResult {
  /** Cosine similarity unless `distance` says otherwise; higher is better. */
  readonly score: number;
  readonly document: Required<VectorDocument>;
}

export interface VectorStore {
  /**
   * Inserts or replaces by id. @throws AppError the first failure, when a document could not be stored; `configuration`
   * where the collection holds vectors of another model than `embeddingModel`, and then nothing is stored.
   */
  upsert(
    documents: readonly (VectorDocument & { readonly embedding: Float32Array })[],
    options?: { readonly tenant?: string; readonly signal?: AbortSignal },
  ): Promise<void>;
  /**
   * Best first. @throws AppError `unsupported` for a filter that the store cannot run, `configuration` for results whose
   * vectors are of another model than `embeddingModel`, if that was given.
   */
  search(options: SearchOptions): Promise<VectorSearchResult[]>;
  /** Ids that do not exist are skipped. */
  delete(ids: readonly string[], options?: { readonly tenant?: string }): Promise<{ readonly deleted: number }>;
  close(): Promise<void>;
}

const COLLECTION = 'default';
const DEFAULT_TOP_K = 5;

/**
 * A vector store for programs. Nothing is opened before its first use.
 * @throws AppError `configuration` naming each option that is wrong.
 */
export function createVectorStore(options: VectorStoreOptions): VectorStore {
  const { provider, embeddingDimensions, tenancy } = options;
  const block = defined({
    distance: options.distance,
    project_id: options.projectId,
    database_id: options.databaseId,
    credentials_file: options.credentialsFile,
    collection: options.collection,
    max_documents: options.maxDocuments,
    file: options.file,
    url: options.url,
    api_key: options.apiKey,
    allowed_cidrs: options.allowedCidrs,
    connection_string: options.connectionString,
    table: options.table,
  });
  const vectorstore = {
    provider,
    [provider]: block,
    ...defined({ embedding_dimensions: embeddingDimensions, tenancy }),
  };
  if (embeddingDimensions === undefined) {
    throw new AppError('configuration', 'createVectorStore needs `embeddingDimensions`, the length of the embeddings.');
  }
  // The vectors come from the program; the configuration wants to know a model whose vectors are that long.
  const own = { model: 'custom', api_key: 'none', dimensions: embeddingDimensions };
  const embeddings = { provider: 'openai', openai: own };
  const parts = createParts('createVectorStore', { vectorstore, embeddings }, options);
  const { vectorStore } = parts.backends;
  const embeddingModel = options.embeddingModel ?? `custom@${embeddingDimensions}`;
  // A program may have named its model before the first embedding told the length.
  const toMark = (model: string): string => (/@\d/.test(model) ? model : `${model}@${embeddingDimensions}`);
  const space = {
    fingerprint: toMark(embeddingModel),
    space: embeddingModel,
    matches: (held: string) => toMark(held) === toMark(embeddingModel),
  };
  const guard = createLazy(async () => createModelGuard({ space, vectorStore: await vectorStore.get() }));

  return {
    async upsert(documents, { tenant, signal } = {}) {
      const chunks = documents.map(
        ({ id, content, embedding, metadata = {} }): Chunk => ({
          id,
          documentId: id,
          index: 0,
          content,
          embedding,
          contentHash: sha256(content),
          embeddingModel,
          metadata,
          tenant: tenant ?? null,
        }),
      );
      const store = await vectorStore.get();
      const scope = { collection: COLLECTION, ...defined({ signal }) };
      await (await guard.get()).check(scope);
      const { failed } = await store.upsert(chunks, scope);
      if (failed[0] !== undefined) throw failed[0].error;
    },
    async search({ embedding, topK = DEFAULT_TOP_K, tenant, minScore, filter, signal }) {
      const store = await vectorStore.get();
      const found = await store.query({
        vector: embedding,
        topK,
        collection: COLLECTION,
        tenant: tenant ?? null,
        ...defined({ minScore, filter, signal }),
      });
      const foreign = found.find((chunk) => !space.matches(chunk.embeddingModel));
      // A program that does not say what its vectors come from cannot be told that they are others.
      if (foreign !== undefined && options.embeddingModel !== undefined) {
        throw foreignModel({ collection: COLLECTION, held: foreign.embeddingModel, space });
      }
      return found.map(({ score, id, content, metadata }) => ({ score, document: { id, content, metadata } }));
    },
    async delete(ids, { tenant } = {}) {
      return await (await vectorStore.get()).delete({ ids }, { collection: COLLECTION, tenant: tenant ?? null });
    },
    close: parts.close,
  };
}
