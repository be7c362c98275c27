import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPgvectorVectorStore } from '../../../../shared/stores/vector/pgvector.ts';
import { openSql, type SqlConnection } from '../../../../shared/stores/vector/pgvector-connection.ts';
import { describeVectorStore } from '../../../contracts/vector-store.ts';
import { idsOf } from '../../../contracts/vector-store-harness.ts';
import { makeChunk } from '../../../contracts/vectors.ts';
import { usePgliteServer } from '../../../support/pglite-server.ts';

const scope = { collection: 'default', tenant: null };

describe('the pgvector store inside this process', () => {
  let connection: SqlConnection;
  beforeAll(async () => {
    connection = await openSql({
      connectionString: 'pglite://memory',
      production: false,
      maxConnections: 1,
      statementTimeoutMs: 60_000,
    });
  });
  afterAll(() => connection.close());

  describeVectorStore({
    name: 'pgvector in PGlite',
    searchesText: true,
    givesEmbeddings: true,
    singlePrecision: true,
    createStore: ({ dimensions, ...options }) =>
      createPgvectorVectorStore({ connection, dimensions, table: `embeddings_${dimensions}`, ...options }),
  });

  it('searches by the index as well', async () => {
    const store = createPgvectorVectorStore({ connection, dimensions: 3, table: 'indexed', exactUpTo: 0 });
    await store.upsert([makeChunk('a', [1, 0, 0]), makeChunk('b', [0, 1, 0])], scope);
    expect(idsOf(await store.query({ vector: Float32Array.of(0, 1, 0), topK: 1, ...scope }))).toEqual(['b']);
  });

  it('creates its table once, however many stores start at the same time', async () => {
    const stores = Array.from({ length: 4 }, () =>
      createPgvectorVectorStore({ connection, dimensions: 3, table: 'started_together' }),
    );
    await Promise.all(stores.map((store, index) => store.upsert([makeChunk(`c${index}`, [1, 0, 0])], scope)));
    expect(await stores[0]?.count(scope)).toBe(4);
  });
});

describe('the pgvector store in a directory', () => {
  let parent: string;
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'sluice-pglite-'));
  });
  afterAll(() => rm(parent, { recursive: true, force: true }));

  it('finds after a restart what it held before', async () => {
    const open = () =>
      createPgvectorVectorStore({ connectionString: `pglite://${join(parent, 'new', 'data')}`, dimensions: 3 });
    const first = open();
    await first.upsert([makeChunk('a', [1, 0, 0]), makeChunk('b', [0, 1, 0], { tenant: 't1' })], scope);
    await first.close();
    const second = open();
    const found = await second.query({ vector: Float32Array.of(1, 0, 0), topK: 5, ...scope });
    expect(idsOf(found)).toEqual(['a']);
    expect(await second.count({ ...scope, tenant: 't1' })).toBe(1);
    await second.close();
  });

  it('is for development: it is refused in production, before anything is written', async () => {
    const connectionString = `pglite://${join(parent, 'refused')}`;
    const store = createPgvectorVectorStore({ connectionString, dimensions: 3, production: true });
    await expect(store.ready()).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('development'),
    });
    expect(await readdir(parent)).not.toContain('refused');
    await expect(
      createPgvectorVectorStore({ connectionString: 'pglite://', dimensions: 3 }).ready(),
    ).rejects.toMatchObject({ code: 'configuration', message: expect.stringContaining('pglite://memory') });
  });
});

describe('a PostgreSQL server without pgvector', () => {
  const server = usePgliteServer({ withVector: false });

  it('is told apart from everything else that can be wrong', async () => {
    await expect(server.open().ready()).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('CREATE EXTENSION vector'),
    });
  });
});
