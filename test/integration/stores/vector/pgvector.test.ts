import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeVectorStore } from '../../../contracts/vector-store.ts';
import { idsOf } from '../../../contracts/vector-store-harness.ts';
import { makeChunk } from '../../../contracts/vectors.ts';
import { usePgliteServer } from '../../../support/pglite-server.ts';

const scope = { collection: 'default', tenant: null };

describe('the pgvector store', () => {
  const server = usePgliteServer();
  const { open, freshTable } = server;

  describeVectorStore({
    name: 'pgvector',
    searchesText: true,
    givesEmbeddings: true,
    singlePrecision: true,
    createStore: ({ dimensions, ...options }) => open({ dimensions, table: `embeddings_${dimensions}`, ...options }),
  });

  describe('what it makes of the database', () => {
    it('creates its table with the indexes that its searches use', async () => {
      const table = freshTable();
      await open({ table }).ready();
      const { rows } = await server.database.query<{ definition: string }>(
        'SELECT indexdef AS definition FROM pg_indexes WHERE tablename = $1',
        [table],
      );
      const definitions = rows.map(({ definition }) => definition.replace(/.* USING /, '')).sort();
      expect(definitions).toEqual([
        'btree (collection, tenant, document_id)',
        'btree (collection, tenant, id)',
        'gin (content_terms)',
        'gin (metadata jsonb_path_ops)',
        'hnsw (embedding vector_cosine_ops)',
      ]);
    });

    it('takes a name with a schema and capital letters as it is written', async () => {
      await server.database.exec('CREATE SCHEMA "Own"');
      const store = open({ table: 'Own.Embeddings' });
      await store.upsert([makeChunk('a', [1, 0, 0])], scope);
      const { rows } = await server.database.query('SELECT id FROM "Own"."Embeddings"');
      expect(rows).toEqual([{ id: 'a' }]);
    });

    it('works on a table that exists without the right to create one', async () => {
      const table = freshTable();
      await open({ table }).upsert([makeChunk('a', [1, 0, 0])], scope);
      await server.database.exec(`CREATE ROLE writer; GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO writer`);
      await server.closeStores();
      await server.database.exec('SET ROLE writer');
      const store = open({ table });
      await store.upsert([makeChunk('b', [1, 0, 0])], scope);
      expect(await store.count(scope)).toBe(2);
      await expect(open({ table: freshTable() }).ready()).rejects.toMatchObject({
        code: 'configuration',
        message: expect.stringContaining('GRANT'),
      });
    });

    it.each([
      ['holds vectors of another length', 4, 'embedding', /holds vectors of 3 dimensions, but 4 are configured/],
      ['is another kind of table', 3, 'title', /lacks collection, tenant/],
    ])('refuses a table that %s', async (_title, dimensions, column, message) => {
      const table = freshTable();
      if (column === 'embedding') await open({ table }).ready();
      else await server.database.exec(`CREATE TABLE ${table} (id text, ${column} text)`);
      await expect(open({ table, dimensions }).ready()).rejects.toMatchObject({
        code: 'configuration',
        param: 'vectorstore.pgvector.table',
        message: expect.stringMatching(message),
      });
    });

    it('names the schema that is not there', async () => {
      await expect(open({ table: 'nowhere.embeddings' }).ready()).rejects.toMatchObject({
        code: 'configuration',
        message: expect.stringContaining('CREATE SCHEMA'),
      });
    });

    it('creates its table again after somebody dropped it', async () => {
      const table = freshTable();
      const store = open({ table });
      await store.ready();
      await server.database.exec(`DROP TABLE ${table}`);
      await expect(store.count(scope)).rejects.toMatchObject({ code: 'server_error', retryable: true });
      expect(await store.count(scope)).toBe(0);
    });

    it('reports the one chunk that PostgreSQL cannot hold, and stores the others', async () => {
      const store = open({ table: freshTable() });
      const chunks = Array.from({ length: 21 }, (_, index) =>
        makeChunk(`c${index}`, [1, 0, 0], { content: index === 7 ? 'a\0b' : 'text' }),
      );
      const report = await store.upsert(chunks, scope);
      expect(report.failed).toEqual([{ id: 'c7', error: expect.objectContaining({ code: 'invalid_request' }) }]);
      expect(report.upserted).toEqual(idsOf(chunks).filter((id) => id !== 'c7'));
      expect(await store.count(scope)).toBe(20);
    });

    it('stores a text beyond what its text index takes', async () => {
      const store = open({ table: freshTable() });
      const content = Array.from({ length: 200_000 }, (_, index) => `word${index}`).join(' ');
      await store.upsert([makeChunk('a', [1, 0, 0], { content })], scope);
      expect((await store.listDocument('document', scope))[0]?.content).toBe(content);
    });

    it('refuses a filter on text with the character NUL', async () => {
      const filter = { type: 'eq', key: 'title', value: 'a\0' } as const;
      const query = { vector: Float32Array.of(1, 0, 0), topK: 1, filter, ...scope };
      await expect(open().query(query)).rejects.toMatchObject({ code: 'unsupported', param: 'filter' });
    });
  });

  describe('the connection', () => {
    let silent: Server;
    beforeAll(async () => {
      silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
      await once(silent, 'listening');
    });
    afterAll(() => void silent.close());
    const silentAddress = (): string => {
      const address = silent.address();
      return `postgresql://u:p@127.0.0.1:${typeof address === 'object' ? address?.port : ''}/db?sslmode=disable`;
    };

    it('is opened again when PostgreSQL is back', async () => {
      const store = open();
      await store.ready();
      await server.stop();
      await expect(store.ready()).rejects.toMatchObject({ code: 'network', retryable: true });
      await server.start();
      await vi.waitFor(() => store.ready(), { timeout: 20_000, interval: 50 });
    });

    it('asks for its address again after that failed, and never names it', async () => {
      const connectionString = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new TypeError('no secret'));
      connectionString.mockResolvedValueOnce('postgresql://kim:hush@127.0.0.1:1/db');
      connectionString.mockResolvedValue(server.connectionString);
      const store = open({ connectionString });
      await expect(store.ready()).rejects.toMatchObject({ code: 'server_error' });
      const refusal = await store.ready().catch((error: Error) => error);
      expect(refusal).toMatchObject({ code: 'network' });
      expect(String(refusal)).not.toMatch(/kim|hush|127\.0\.0\.1/);
      await store.ready();
    });

    it.each(['', 'mysql://host/db', 'localhost:5432', 'postgresql://[/db'])(
      'refuses the address %j',
      async (address) => {
        await expect(open({ connectionString: address }).ready()).rejects.toMatchObject({
          code: 'configuration',
          param: 'vectorstore.pgvector.connection_string',
        });
      },
    );

    it('keeps nobody waiting who leaves, or longer than was said', async () => {
      const waiting = open({ connectionString: silentAddress() });
      const controller = new AbortController();
      const left = waiting.count({ ...scope, signal: controller.signal });
      controller.abort();
      await expect(left).rejects.toMatchObject({ code: 'cancelled' });
      const impatient = open({ connectionString: silentAddress(), timeoutMs: 30 });
      await expect(impatient.count(scope)).rejects.toMatchObject({ code: 'timeout' });
      server.abandonStores();
    });
  });
});
