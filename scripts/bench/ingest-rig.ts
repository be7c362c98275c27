import { setTimeout as pause } from 'node:timers/promises';
import type { Firestore } from '@google-cloud/firestore';
import type { EmbeddingProvider } from '../../shared/contracts/embedding-provider.ts';
import { createEmbedder } from '../../shared/rag/embed.ts';
import { createIngestion, type IngestInput } from '../../shared/rag/ingest.ts';
import { createRetriever } from '../../shared/rag/retrieve.ts';
import { createFirestoreDocumentStore } from '../../shared/stores/document/firestore.ts';
import { createFirestoreVectorStore } from '../../shared/stores/vector/firestore.ts';
import { type FirestoreProxy, startFirestoreProxy } from './firestore-proxy.ts';

const DIMENSIONS = 768;
const PROJECT = 'demo-bench';
/** What a model takes: for the way, and for each text. */
const CALL_MS = 40;
const TEXT_MS = 0.2;
const CHUNK_LENGTH = 1_000;
/** Most texts in a request to the model. */
const BATCH_SIZE = 100;

interface EmulatorModule {
  startFirestoreEmulator(): Promise<{ readonly host: string; stop(): Promise<void> } | undefined>;
}

type Sdk = typeof import('@google-cloud/firestore');

/** A Firestore emulator, a model that answers as late as one over the network, and texts. */
export interface IngestRig {
  readonly sdk: Sdk;
  /** A client as anybody would make one. */
  readonly database: Firestore;
  readonly texts: readonly string[];
  /** Calls to the model so far. */
  readonly calls: () => number;
  readonly embed: (texts: readonly string[]) => Promise<Float32Array[]>;
  /** What is stored of a text by those we compare with. */
  toDocument(text: string, vector: Float32Array): Record<string, unknown>;
  /** Ours, as it is composed in the service. */
  ingest(documents: readonly Pick<IngestInput, 'id' | 'content'>[]): Promise<{ chunks: number; embedded: number }>;
  /** What the emulator was asked for by a search for ten chunks. */
  search(): Promise<FirestoreProxy['calls']>;
  /** Calls that write, of what `work` asks the emulator for. */
  watchWrites(work: () => Promise<unknown>): Promise<number>;
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** The emulator is started as the tests start it; they are no part of what is shipped, so it is loaded by its address. */
export async function startIngestRig(chunks: number): Promise<IngestRig> {
  const support = new URL('../../test/support/firestore-emulator.ts', import.meta.url).href;
  const { startFirestoreEmulator } = (await import(support)) as EmulatorModule;
  const emulator = await startFirestoreEmulator();
  if (emulator === undefined) throw new Error('The Firestore emulator (or Java) is missing. See README, "Work on it".');
  const proxy = await startFirestoreProxy(emulator.host);
  const { default: sdk } = await import('@google-cloud/firestore');
  // Otherwise the client looks for Google around it, and waits.
  process.env.METADATA_SERVER_DETECTION = 'none';
  const connect = (host: string): Firestore => {
    process.env.FIRESTORE_EMULATOR_HOST = host;
    return new sdk.Firestore({ projectId: PROJECT });
  };
  const database = connect(emulator.host);
  const watched = connect(proxy.host);
  const vectors = Array.from({ length: 64 }, (_, index) => toVector(index));
  let calls = 0;

  const embed = async (texts: readonly string[]): Promise<Float32Array[]> => {
    calls += 1;
    await pause(CALL_MS + TEXT_MS * texts.length);
    return texts.map((_, index) => vectors[index % vectors.length] as Float32Array);
  };
  const provider: EmbeddingProvider = {
    id: 'bench',
    model: 'model',
    dimensions: DIMENSIONS,
    maxBatchSize: BATCH_SIZE,
    maxBatchTokens: 300_000,
    maxInputTokens: 8_192,
    embed: async (texts) => ({ vectors: await embed(texts) }),
  };
  const compose = (client: Firestore) => {
    const embedder = createEmbedder({ provider, cacheEntries: 0 });
    const vectorStore = createFirestoreVectorStore({ dimensions: DIMENSIONS, client, emulator: true });
    const documentStore = createFirestoreDocumentStore({ client });
    return {
      ingestion: createIngestion({
        embedder,
        vectorStore,
        documentStore,
        chunking: { size: CHUNK_LENGTH, overlap: 0 },
      }),
      retriever: createRetriever({ embedder, vectorStore, paidReads: true }),
      vectorStore,
    };
  };
  const [ours, seen] = [compose(database), compose(watched)];
  const { signal } = new AbortController();
  let target = ours;

  return {
    sdk,
    database,
    texts: Array.from({ length: chunks }, (_, index) => toText(index)),
    calls: () => calls,
    embed,
    toDocument: (text, vector) => ({ content: text, embedding: sdk.FieldValue.vector(Array.from(vector)) }),
    async ingest(documents) {
      const outcomes = await target.ingestion.ingestMany(
        documents.map((document) => ({ ...document, tenant: null })),
        { signal },
      );
      const failed = outcomes.find(({ error }) => error !== undefined);
      if (failed?.error !== undefined) throw failed.error;
      const sum = (of: 'chunks' | 'embedded') => outcomes.reduce((total, outcome) => total + outcome[of], 0);
      return { chunks: sum('chunks'), embedded: sum('embedded') };
    },
    async search() {
      proxy.calls.length = 0;
      await seen.retriever.search({ query: 'a question', topK: 10, tenant: null, signal, mode: 'vector' });
      await proxy.idle();
      return [...proxy.calls];
    },
    async watchWrites(work) {
      proxy.calls.length = 0;
      target = seen;
      await work();
      target = ours;
      await proxy.idle();
      return proxy.calls.filter(({ method }) => /Commit|Write/.test(method)).length;
    },
    async clear() {
      await fetch(`http://${emulator.host}/emulator/v1/projects/${PROJECT}/databases/(default)/documents`, {
        method: 'DELETE',
      });
    },
    async close() {
      await Promise.all([ours, seen].map(({ vectorStore }) => vectorStore.close()));
      await Promise.all([database.terminate(), watched.terminate()]);
      await proxy.close();
      await emulator.stop();
    },
  };
}

/** A paragraph that is a chunk by itself, and that no other is equal to. */
function toText(index: number): string {
  const words = `Paragraph ${index} says what ${index * 7} people wrote about ${index * 13} things, and why. `;
  return `${words
    .repeat(20)
    .slice(0, CHUNK_LENGTH - 20)
    .trimEnd()} The end.`;
}

function toVector(seed: number): Float32Array {
  let state = seed + 1;
  return Float32Array.from({ length: DIMENSIONS }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
