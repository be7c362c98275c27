import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { VectorStore } from '../../../../shared/contracts/vector-store.ts';
import { createHttpClient, type HttpClient } from '../../../../shared/security/http-fetch.ts';
import { createQdrantVectorStore, type QdrantVectorStoreOptions } from '../../../../shared/stores/vector/qdrant.ts';
import { idsOf } from '../../../contracts/vector-store-harness.ts';
import { makeChunk } from '../../../contracts/vectors.ts';
import { type Failure, type QdrantServer, startQdrantServer } from '../../../support/qdrant-server.ts';

const scope = { collection: 'default', tenant: null };

describe('the Qdrant store in trouble', () => {
  let http: HttpClient;
  let server: QdrantServer;
  beforeAll(() => {
    http = createHttpClient();
  });
  afterAll(() => http.close());
  afterEach(async () => {
    expect(server.faults).toEqual([]);
    await server.close();
  });

  const open = async (
    options: Partial<QdrantVectorStoreOptions> = {},
    serverOptions: { apiKey?: string } = {},
  ): Promise<VectorStore> => {
    server = await startQdrantServer(serverOptions);
    return createQdrantVectorStore({ url: server.url, fetch: http.fetch, dimensions: 3, ...options });
  };
  const numbered = (count: number) => Array.from({ length: count }, (_, index) => makeChunk(`c${index}`, [1, 0, 0]));

  const FAILURES: readonly (readonly [Failure, object])[] = [
    [{ status: 400 }, { code: 'invalid_request', retryable: false }],
    [{ status: 403 }, { code: 'authentication', retryable: false, param: 'vectorstore.qdrant.api_key' }],
    [{ status: 404 }, { code: 'server_error', retryable: true }],
    [
      { status: 429, headers: { 'retry-after': '3' } },
      { code: 'rate_limit', retryable: true, retryAfterMs: 3_000 },
    ],
    [{ status: 500 }, { code: 'server_error', retryable: true, upstreamStatus: 500 }],
    [
      { status: 503, body: '<html>' },
      { code: 'server_error', retryable: true },
    ],
    [
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      { code: 'server_error', retryable: false },
    ],
    [
      { status: 200, body: '<html>' },
      { code: 'configuration', retryable: false },
    ],
    [
      { status: 200, body: '"ok"' },
      { code: 'configuration', retryable: false },
    ],
  ];

  it.each(FAILURES)('tells %j by its status, without quoting it', async (failure, expected) => {
    const store = await open();
    await store.ready();
    server.failNext({ body: JSON.stringify({ status: { error: 'the secret text' } }), ...failure });
    const error = await store.count(scope).catch((thrown: Error) => thrown);
    expect(error).toMatchObject(expected);
    expect(String(error)).not.toMatch(/secret|127\.0\.0\.1|html/);
  });

  it('creates its collection again after somebody deleted it', async () => {
    const store = await open({ collection: 'gone' });
    await store.ready();
    server.drop('gone');
    await expect(store.count(scope)).rejects.toMatchObject({ code: 'server_error', retryable: true });
    expect(await store.count(scope)).toBe(0);
    server.drop('gone');
    await expect(store.ready()).rejects.toMatchObject({ code: 'server_error' });
    await store.ready();
  });

  it('shows a key that is asked for anew with every request, and says so when it is refused', async () => {
    const apiKey = vi.fn<() => Promise<string>>().mockResolvedValueOnce('old').mockResolvedValue('new');
    const store = await open({ apiKey }, { apiKey: 'new' });
    const refusal = await store.ready().catch((error: Error) => error);
    expect(refusal).toMatchObject({ code: 'authentication', message: expect.stringContaining('API key') });
    await store.ready();
  });

  it('reports the chunks that Qdrant refuses, and stores the others', async () => {
    const store = await open();
    await store.ready();
    const chunks = numbered(9).map((chunk) => (chunk.id === 'c4' ? { ...chunk, content: 'too much' } : chunk));
    server.failNext({ status: 413, when: 'too much' });
    const report = await store.upsert(chunks, scope);
    expect(report.failed).toEqual([{ id: 'c4', error: expect.objectContaining({ code: 'too_large' }) }]);
    expect(report.upserted).toEqual(idsOf(chunks).filter((id) => id !== 'c4'));
    expect(await store.count(scope)).toBe(8);
  });

  it('reports what came after the break, and refuses the call when nothing came before', async () => {
    const store = await open();
    const chunks = numbered(600);
    server.failNext({ status: 500, when: '"chunk_id":"c256"' });
    const report = await store.upsert(chunks, scope);
    expect(idsOf(report.failed)).toEqual(idsOf(chunks.slice(256)));
    expect(report.upserted).toEqual(idsOf(chunks.slice(0, 256)));
    expect(await store.count(scope)).toBe(256);
    server.failNext({ status: 500, when: '"chunk_id":"c0"' });
    await expect(store.upsert(chunks, scope)).rejects.toMatchObject({ code: 'server_error' });
  });

  it('does not take a write for done that Qdrant only took', async () => {
    const store = await open();
    await store.ready();
    const body = JSON.stringify({ result: { operation_id: 1, status: 'wait_timeout' }, status: 'ok', time: 1 });
    server.failNext({ status: 200, body, when: '"points":[{' });
    await expect(store.upsert(numbered(1), scope)).rejects.toMatchObject({ code: 'timeout', retryable: true });
  });

  it('keeps nobody waiting who leaves, or longer than was said', async () => {
    const store = await open();
    await store.ready();
    server.failNext('silence');
    const controller = new AbortController();
    const left = store.count({ ...scope, signal: controller.signal });
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    const impatient = createQdrantVectorStore({ url: server.url, fetch: http.fetch, dimensions: 3, timeoutMs: 100 });
    await impatient.ready();
    server.failNext('silence');
    await expect(impatient.count(scope)).rejects.toMatchObject({ code: 'timeout' });
  });

  it('needs to be told where Qdrant is, and may be created before Qdrant is there', async () => {
    await open();
    expect(() => createQdrantVectorStore({ fetch: http.fetch, dimensions: 3 })).toThrowError(
      expect.objectContaining({ code: 'configuration', param: 'vectorstore.qdrant.url' }),
    );
    const early = createQdrantVectorStore({ url: 'http://127.0.0.1:1', fetch: http.fetch, dimensions: 3 });
    await expect(early.ready()).rejects.toMatchObject({ code: 'network', retryable: true });
  });
});
