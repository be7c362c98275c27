import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VectorStore } from '../../shared/contracts/vector-store.ts';
import { createEmbedder } from '../../shared/rag/embed.ts';
import { createIngestion } from '../../shared/rag/ingest.ts';
import { createRetriever } from '../../shared/rag/retrieve.ts';
import { createHttpClient, type HttpClient } from '../../shared/security/http-fetch.ts';
import { createMemoryDocumentStore } from '../../shared/stores/document/memory.ts';
import { createFirestoreVectorStore } from '../../shared/stores/vector/firestore.ts';
import { createMemoryVectorStore } from '../../shared/stores/vector/memory.ts';
import { createPgvectorVectorStore } from '../../shared/stores/vector/pgvector.ts';
import { createQdrantVectorStore } from '../../shared/stores/vector/qdrant.ts';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createFakeEmbeddings } from '../support/fake-embeddings.ts';
import { type QdrantServer, startQdrantServer } from '../support/qdrant-server.ts';
import { createScriptedServer } from '../support/scripted-server.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../support/services.ts';

const { signal } = new AbortController();

/** Where one model has stored vectors, another of the same length neither finds nor stores any, until they are gone. */
async function expectGuard(vectorStore: VectorStore): Promise<void> {
  const collection = `guard-${randomUUID()}`;
  const documentStore = createMemoryDocumentStore();
  const using = (model: string) => {
    const embedder = createEmbedder({ provider: createFakeEmbeddings({ model }).provider });
    const ingestion = createIngestion({ embedder, vectorStore, documentStore });
    const retriever = createRetriever({ embedder, vectorStore });
    return {
      ingest: (id: string, tenant: string | null = null) =>
        ingestion.ingest({ id, content: 'Some text.', tenant, collection }, { signal }),
      remove: (id: string) => ingestion.remove(id, { collection, tenant: null }),
      search: () => retriever.search({ query: 'text', topK: 1, tenant: null, collection, signal, mode: 'vector' }),
    };
  };
  const [first, second] = [using('first'), using('second')];
  await first.ingest('a');
  expect((await first.search()).results).toHaveLength(1);
  const refusal = {
    code: 'configuration',
    message: expect.stringMatching(/fake\/first@2.*fake\/second@2.*migrate-embeddings/),
  };
  await expect(second.search()).rejects.toMatchObject(refusal);
  for (const outcome of [await second.ingest('a'), await second.ingest('b'), await second.ingest('c', 'tenant')]) {
    expect(outcome).toMatchObject({ status: 'failed', embedded: 0, error: refusal });
  }
  expect((await first.search()).results).toMatchObject([{ documentId: 'a', embeddingModel: 'fake/first@2' }]);

  expect(await second.remove('a')).toBe(true);
  expect(await second.ingest('b')).toMatchObject({ status: 'ready', embedded: 1 });
  expect((await second.search()).results).toMatchObject([{ documentId: 'b', embeddingModel: 'fake/second@2' }]);
  await expect(first.search()).rejects.toMatchObject({ code: 'configuration' });
  expect(await using('first').ingest('a')).toMatchObject({ status: 'failed', error: { code: 'configuration' } });
  await vectorStore.close();
}

describe('vectors of another model are refused', () => {
  let http: HttpClient;
  let qdrant: QdrantServer;
  beforeAll(async () => {
    http = createHttpClient();
    qdrant = await startQdrantServer();
  });
  afterAll(async () => {
    await http.close();
    await qdrant.close();
  });

  it('in memory', () => expectGuard(createMemoryVectorStore({ dimensions: 2 })));
  it('in Postgres', () =>
    expectGuard(createPgvectorVectorStore({ dimensions: 2, connectionString: 'pglite://memory' })));
  it('in Qdrant', () => expectGuard(createQdrantVectorStore({ dimensions: 2, url: qdrant.url, fetch: http.fetch })));
});

describeWithFirestore('vectors of another model in Firestore are refused', (host) => {
  const environment = { FIRESTORE_EMULATOR_HOST: host };
  const opened: { close(): Promise<unknown> }[] = [];
  afterAll(() => Promise.all(opened.map((part) => part.close())));

  it('by the store and by the retriever', () =>
    expectGuard(
      createFirestoreVectorStore({ dimensions: 2, projectId: EMULATOR_PROJECT, emulator: true, tenancy: true }),
    ));

  it('where they have another length, which the query alone passes over', async () => {
    const collection = `guard${randomUUID().slice(0, 8)}`;
    const open = (dimensions: number) => {
      const vectorStore = createFirestoreVectorStore({
        dimensions,
        projectId: EMULATOR_PROJECT,
        emulator: true,
        collection,
      });
      opened.push(vectorStore);
      const { provider } = createFakeEmbeddings({
        dimensions,
        answer: (texts) => ({ vectors: texts.map(() => new Float32Array(dimensions).fill(1)) }),
      });
      const embedder = createEmbedder({ provider });
      const ingestion = createIngestion({ embedder, vectorStore, documentStore: createMemoryDocumentStore() });
      const retriever = createRetriever({ embedder, vectorStore, paidReads: true });
      return {
        ingest: () => ingestion.ingest({ id: 'a', content: 'Some text.', tenant: null }, { signal }),
        search: () => retriever.search({ query: 'text', topK: 1, tenant: null, signal }),
      };
    };
    const [two, three] = [open(2), open(3)];
    expect(await three.search()).toMatchObject({ results: [] });
    await two.ingest();
    await expect(three.search()).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/fake\/m@2.*fake\/m@3.*migrate-embeddings/),
    });
    expect((await two.search()).results).toHaveLength(1);
  });

  it('over HTTP, where two documents are ingested and found best first', async () => {
    const upstream = await createScriptedServer((request) => {
      const { input } = request.json() as { input: string[] };
      const data = input.map((text, index) => ({ index, embedding: /cat/i.test(text) ? [1, 0.2] : [0.2, 1] }));
      return { body: { data, usage: { prompt_tokens: 1, total_tokens: 1 } } };
    });
    opened.push(upstream);
    const collection = `guard${randomUUID().slice(0, 8)}`;
    const start = async (model: string): Promise<AppServer> => {
      const server = await startAppServer({
        environment,
        yaml: `
agents: [{name: a, role: assistant, provider: local, model: extractive}]
embeddings: {provider: openai, openai: {api_key: k, model: ${model}, dimensions: 2, endpoint: "${upstream.origin}/v1"}}
vectorstore: {provider: firestore, embedding_dimensions: 2, firestore: {project_id: ${EMULATOR_PROJECT}, collection: ${collection}}}
ingestion: {store: firestore}
`,
      });
      opened.push(server);
      return server;
    };
    const post = async ({ url }: AppServer, path: string, body: object) => {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Record<string, never> };
    };
    const [first, second] = [await start('text-embedding-3-small'), await start('text-embedding-3-large')];
    const documents = [
      { id: 'cats', text: 'Cats sleep most of the day.' },
      { id: 'dogs', text: 'Dogs like to run.' },
    ];
    expect(await post(first, '/v1/documents', { documents })).toMatchObject({ status: 200 });
    const found = await post(first, '/v1/search', { query: 'What does a cat do?', top_k: 3 });
    expect(found).toMatchObject({ status: 200, body: { data: [{ document_id: 'cats' }, { document_id: 'dogs' }] } });

    const refused = await post(second, '/v1/search', { query: 'What does a cat do?', top_k: 3 });
    expect(refused.status).toBe(500);
    // Which models are configured is the operator's business, and in the log.
    expect(JSON.stringify(refused.body)).not.toContain('text-embedding');
    expect(JSON.stringify(second.logged)).toContain('holds vectors of openai/text-embedding-3-small@2');

    const asked = upstream.requests.length;
    const logged = second.logged.length;
    for (const body of [{ documents }, { id: 'birds', text: 'Birds sing.' }]) {
      const refusedToo = await post(second, '/v1/documents', body);
      expect(refusedToo).toMatchObject({
        status: 500,
        body: { error: { code: 'configuration', type: 'server_error' } },
      });
      expect(JSON.stringify(refusedToo.body)).not.toContain('text-embedding');
    }
    expect(JSON.stringify(second.logged.slice(logged))).toMatch(/text-embedding-3-small@2.*migrate-embeddings/);
    expect(upstream.requests).toHaveLength(asked);
    expect(await post(first, '/v1/search', { query: 'What does a cat do?', top_k: 3 })).toMatchObject({
      status: 200,
      body: { data: found.body.data },
    });
  });
});
