import { describe, expect, it } from 'vitest';
import { CLOUD_RUN, expectProblem, parse } from './parse.ts';

const OPENAI = { OPENAI_API_KEY: 'sk-1' };

describe('vectorstore', () => {
  const store = (lines: string) => `vectorstore: {provider: memory, ${lines}}`;

  it.each([384, 1536, 2048])('accepts %d dimensions in Firestore', (dimensions) => {
    const text = `vectorstore: {provider: firestore, embedding_dimensions: ${dimensions}}`;
    expect(parse(text, { GCP_PROJECT_ID: 'p' }).vectorstore).toMatchObject({
      embeddingDimensions: dimensions,
      project: 'p',
      collection: 'embeddings',
    });
  });

  it.each([
    [store('embedding_dimensions: 0'), 'vectorstore.embedding_dimensions', 'from 1 to 4096'],
    [store('embedding_dimensions: 4097'), 'vectorstore.embedding_dimensions', 'from 1 to 4096'],
    [store('default_top_k: 0'), 'vectorstore.default_top_k', 'from 1 to 1000'],
    [store('default_top_k: 1001'), 'vectorstore.default_top_k', 'from 1 to 1000'],
    [store('memory: {max_documents: 0}'), 'vectorstore.memory.max_documents', 'at least 1'],
    [store('memory: {ttl: 1d}'), 'vectorstore.memory.ttl', 'duration'],
    ['vectorstore: {provider: firestore, embedding_dimensions: 2049}', 'vectorstore.embedding_dimensions', '2048'],
    [
      'vectorstore: {provider: firestore, firestore: {distance: manhattan}}',
      'vectorstore.firestore.distance',
      'cosine, euclidean, dot_product',
    ],
    [
      'vectorstore: {provider: firestore, firestore: {collection: a/b}}',
      'vectorstore.firestore.collection',
      'collection name',
    ],
    [
      'vectorstore: {provider: firestore, firestore: {collection: __x__}}',
      'vectorstore.firestore.collection',
      'collection name',
    ],
    ['vectorstore: {provider: qdrant}', 'vectorstore.qdrant', 'required'],
    ['vectorstore: {provider: qdrant, qdrant: {collection: c}}', 'vectorstore.qdrant', 'a host or a url'],
    ['vectorstore: {provider: qdrant, qdrant: {host: h, url: "https://q.example.com"}}', 'vectorstore.qdrant', 'both'],
    [
      'vectorstore: {provider: qdrant, qdrant: {host: q.example.com, https: false}}',
      'vectorstore.qdrant.host',
      'https',
    ],
    ['vectorstore: {provider: qdrant, qdrant: {host: "a.com/x?"}}', 'vectorstore.qdrant.host', 'host name'],
    ['vectorstore: {provider: pgvector}', 'vectorstore.pgvector.connection_string', 'required'],
    ['vectorstore: {provider: pgvector, pgvector: {table: t}}', 'vectorstore.pgvector.connection_string', 'required'],
    [
      'vectorstore: {provider: pgvector, pgvector: {connection_string: "mysql://x"}}',
      'vectorstore.pgvector.connection_string',
      'postgresql://',
    ],
    [
      'vectorstore: {provider: pgvector, pgvector: {connection_string: "postgres://x", table: "a; drop"}}',
      'vectorstore.pgvector.table',
      'table name',
    ],
    ['vectorstore: {provider: pinecone}', 'vectorstore.provider', 'firestore, memory, qdrant, pgvector'],
  ])('of %j is refused', (text, path, message) => {
    expectProblem(text, path, message, { GCP_PROJECT_ID: 'p' });
  });

  it('must fit the embedding model, and says both numbers when it does not', () => {
    const text = `embeddings: {provider: openai, openai: {}}\nvectorstore: {provider: memory, embedding_dimensions: 384}`;
    expectProblem(
      text,
      'vectorstore.embedding_dimensions',
      'is 384, but openai/text-embedding-3-small makes vectors of 1536',
      OPENAI,
    );
  });

  it('takes its dimensions from the embedding model, within what Firestore stores', () => {
    const large = 'embeddings: {provider: openai, openai: {model: text-embedding-3-large}}\n';
    const environment = { ...OPENAI, GCP_PROJECT_ID: 'p' };
    expect(
      parse(`${large}vectorstore: {provider: pgvector, pgvector: {connection_string: "secret://db"}}`, environment)
        .vectorstore,
    ).toMatchObject({
      embeddingDimensions: 3072,
      connectionString: { secret: 'db' },
    });
    expectProblem(
      `${large}vectorstore: {provider: firestore}`,
      'vectorstore.embedding_dimensions',
      'not 3072',
      environment,
    );
  });

  it('keeps tenants apart as soon as a key has one', () => {
    const key = (tenant: string) => `auth: {keys: [{name: k, key: a-long-enough-key-1, ${tenant}}]}\n`;
    expect(parse(key('tenant: acme')).vectorstore?.tenancy).toBe(true);
    expect(parse(key('models: [a]')).vectorstore?.tenancy).toBe(false);
    expect(parse(`${key('tenant: acme')}vectorstore: {provider: memory, tenancy: false}`).vectorstore?.tenancy).toBe(
      false,
    );
  });

  it('knows where Qdrant is', () => {
    const qdrant = (lines: string) => parse(`vectorstore: {provider: qdrant, qdrant: {${lines}}}`).vectorstore;
    expect(qdrant('host: q.example.com')).toMatchObject({ url: 'https://q.example.com:6333', allowedCidrs: [] });
    expect(qdrant('host: qdrant')).toMatchObject({ url: 'http://qdrant:6333', allowedCidrs: ['172.16.0.0/12'] });
    expect(qdrant('url: "https://q.example.com/"')).toMatchObject({
      url: 'https://q.example.com',
      collection: 'embeddings',
    });
  });

  it.each([
    ['pgvector', '{connection_string: "postgres://x", ', '}'],
    ['qdrant', '{host: localhost, ', '}'],
  ])('tells %s how to compare vectors, and up to where one by one', (provider, before, after) => {
    const store = (lines: string) =>
      parse(`vectorstore: {provider: ${provider}, ${provider}: ${before}${lines}${after}}`).vectorstore;
    expect(store('distance: dot_product, exact_up_to: 0')).toMatchObject({ distance: 'dot_product', exactUpTo: 0 });
    expect(store('')).toMatchObject({ distance: 'cosine' });
    expect(store('')).not.toHaveProperty('exactUpTo');
    for (const [lines, path, message] of [
      ['distance: manhattan', 'distance', 'cosine, euclidean, dot_product'],
      ['exact_up_to: -1', 'exact_up_to', 'whole number of at least 0'],
    ] as const) {
      const text = `vectorstore: {provider: ${provider}, ${provider}: ${before}${lines}${after}}`;
      expectProblem(text, `vectorstore.${provider}.${path}`, message);
    }
  });

  it('takes PGlite in development alone', () => {
    const text =
      'auth: {mode: iam}\nvectorstore: {provider: pgvector, pgvector: {connection_string: "pglite://memory"}}';
    expect(parse(text).vectorstore).toMatchObject({ connectionString: { value: 'pglite://memory' } });
    expectProblem(text, 'vectorstore.pgvector.connection_string', 'for development', CLOUD_RUN);
  });

  it('in memory warns on Cloud Run', () => {
    expect(parse('auth: {mode: iam}\nvectorstore: {provider: memory}', CLOUD_RUN).warnings).toContainEqual(
      expect.stringContaining('loses its contents'),
    );
  });
});
