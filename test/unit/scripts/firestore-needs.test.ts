import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';
import { describeFirestore, type FirestoreNeeds } from '../../../scripts/firestore-needs.ts';
import { parseConfig } from '../../../shared/config/parse.ts';
import { createFirestoreDocumentStore } from '../../../shared/stores/document/firestore.ts';
import type { FirestoreSdk } from '../../../shared/stores/firestore-client.ts';
import { createFirestoreVectorStore } from '../../../shared/stores/vector/firestore.ts';
import { toDocument } from '../../../shared/stores/vector/firestore-chunk.ts';
import { indexCommand } from '../../../shared/stores/vector/firestore-index.ts';
import { createRecordingFirestore, type RecordedQuery } from '../../support/recording-firestore.ts';

function needsOf(yaml: string): FirestoreNeeds {
  const environment = { K_SERVICE: 'test', GOOGLE_CLOUD_PROJECT: 'project' };
  return describeFirestore(parseConfig(yaml, { environment }).config);
}

const yamlOf = ({ dimensions = 384, store = '', more = '' }) => `
agents: [{name: a, role: assistant, providers: [{provider: vertexai, model: gemini-2.5-flash}]}]
embeddings: {provider: huggingface, huggingface: {model: sentence-transformers/all-MiniLM-L6-v2}}
vectorstore: {provider: firestore, embedding_dimensions: ${dimensions}, firestore: {collection: embeddings}${store}}
auth: {mode: iam}
${more}`;

const SIGNAL = new AbortController().signal;
const VECTOR = new Float32Array(384).fill(0.1);

describe('the indexes of a configuration', () => {
  it('are, for the plain case, the one vector index that the missing-index message names', () => {
    const [index, ...others] = needsOf(yamlOf({})).indexes;
    expect(others).toEqual([]);
    expect(index).toEqual({
      collectionGroup: 'embeddings',
      queryScope: 'COLLECTION',
      fields: [{ fieldPath: 'embedding', vectorConfig: { dimension: 384, flat: {} } }],
    });
    const command = indexCommand({ collectionGroup: 'embeddings', vector: { field: 'embedding', dimensions: 384 } });
    expect(command).toContain('--collection-group=embeddings --query-scope=COLLECTION');
    expect(command).toContain(`field-path=embedding,vector-config='{"dimension":"384","flat":{}}'`);
  });

  it('have the tenant before the vector, and one for the words, where the configuration says so', () => {
    const { indexes } = needsOf(yamlOf({ store: ', tenancy: true', more: 'retrieval: {mode: hybrid}' }));
    expect(indexes.map(({ fields }) => fields.map(({ fieldPath }) => fieldPath))).toEqual([
      ['tenant', 'embedding'],
      ['tenant', 'lexical'],
    ]);
  });

  it('are there beside for the collection that a migration fills, or has emptied', () => {
    const beside = ', beside: [{collection: vectors-2, embedding_dimensions: 1024}]}';
    const yaml = yamlOf({ more: 'retrieval: {mode: hybrid}' }).replace(
      'collection: embeddings}',
      `collection: embeddings${beside}`,
    );
    const { indexes, field_overrides: overrides } = needsOf(yaml);
    expect(
      indexes.map(({ collectionGroup, fields }) => [collectionGroup, ...fields.map((field) => field.fieldPath)]),
    ).toEqual([
      ['embeddings', 'embedding'],
      ['embeddings', 'lexical'],
      ['vectors-2', 'embedding'],
      ['vectors-2', 'lexical'],
    ]);
    expect(JSON.stringify(indexes[2])).toContain('1024');
    const exempt = (group: string) =>
      overrides.filter(({ collectionGroup }) => collectionGroup === group).map(({ fieldPath }) => fieldPath);
    expect(exempt('vectors-2')).toEqual(exempt('embeddings'));
  });

  it('hold the questions of the semantic cache apart', () => {
    const { indexes } = needsOf(yamlOf({ more: 'cache: {provider: firestore, semantic: {enabled: true}}' }));
    expect(indexes.map(({ collectionGroup }) => collectionGroup)).toEqual(['embeddings', 'embeddings_sluice_cache']);
    expect(indexes[1]?.fields.map(({ fieldPath }) => fieldPath)).toEqual(['metadata.scope', 'embedding']);
  });

  it('are none where the vectors are elsewhere', () => {
    const yaml = yamlOf({}).replace(
      /^vectorstore:.*$/m,
      'vectorstore: {provider: pgvector, pgvector: {connection_string: "secret://database"}}',
    );
    const needs = needsOf(yaml);
    expect(needs.indexes).toEqual([]);
    expect(needs.search_collections).toEqual([]);
    // The ledger is in Firestore all the same.
    expect(needs.field_overrides.map(({ collectionGroup }) => collectionGroup)).toContain('shards');
  });
});

describe('the queries of the code', () => {
  /** Firestore joins indexes of single fields for equality by itself; anything more takes an index of its own. */
  const isServed = ({ collection, equal, other, vector }: RecordedQuery, needs: FirestoreNeeds): boolean => {
    if (vector !== undefined || other.length > 0) {
      const wanted = JSON.stringify([...equal, ...other, ...(vector === undefined ? [] : [vector])]);
      return needs.indexes.some(
        ({ collectionGroup, fields }) =>
          collectionGroup === collection && JSON.stringify(fields.map(({ fieldPath }) => fieldPath)) === wanted,
      );
    }
    const exempt = needs.field_overrides.filter(({ collectionGroup }) => collectionGroup === collection);
    return equal.every((field) => exempt.every(({ fieldPath }) => fieldPath !== field));
  };

  it.each([
    { tenancy: false, lexical: false },
    { tenancy: true, lexical: true },
  ])('over passages have their indexes, with tenancy $tenancy and words $lexical', async ({ tenancy, lexical }) => {
    const { client, queries } = createRecordingFirestore();
    const store = createFirestoreVectorStore({ dimensions: 384, tenancy, lexical, client });
    const scope = { collection: 'default', tenant: tenancy ? 'acme' : null, signal: SIGNAL };
    await store.query({ ...scope, vector: VECTOR, topK: 3 });
    await store.query({ ...scope, vector: new Float32Array(384), topK: 3 });
    await store.searchText?.({ ...scope, text: 'words of a question', topK: 3 });
    await store.listDocument('a', scope);
    await store.listDocument('a', { ...scope, indexes: [0, 1] });
    await store.count(scope);
    const needs = needsOf(yamlOf({ store: `, tenancy: ${tenancy}`, more: lexical ? 'retrieval: {mode: hybrid}' : '' }));
    expect(queries.length).toBe(lexical ? 6 : 5);
    expect(queries.filter((query) => !isServed(query, needs))).toEqual([]);
  });

  it('over ingestions have theirs', async () => {
    const { client, queries } = createRecordingFirestore();
    await createFirestoreDocumentStore({ client }).listEntries('a');
    expect(queries).toHaveLength(1);
    expect(queries.filter((query) => !isServed(query, needsOf(yamlOf({}))))).toEqual([]);
  });

  it('are noticed here when they lack one', () => {
    const needs = needsOf(yamlOf({}));
    const query = { collection: 'embeddings', equal: ['tenant'], other: [] };
    expect(isServed({ ...query, vector: 'embedding' }, needs)).toBe(false);
    expect(isServed({ ...query, other: ['createdAt'] }, needs)).toBe(false);
    expect(isServed({ ...query, equal: ['metadata'] }, needs)).toBe(false);
    expect(isServed(query, needs)).toBe(true);
  });

  it('are those of the two stores alone, and none sorts or looks across collections', () => {
    const folder = join(ROOT, 'shared', 'stores');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /(?:^|[/-])firestore[^/]*\.ts$/.test(file))
      .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));
    const asking = files.filter(({ text }) => /\.where\('|\.findNearest\(/.test(text)).map(({ file }) => file);
    expect(asking.sort()).toEqual([
      join('document', 'firestore.ts'),
      join('vector', 'firestore-queries.ts'),
      join('vector', 'firestore-search.ts'),
      join('vector', 'firestore.ts'),
    ]);
    expect(files.filter(({ text }) => /\.orderBy\(|\.collectionGroup\(/.test(text)).map(({ file }) => file)).toEqual(
      [],
    );
  });
});

describe('the fields of a passage', () => {
  it('are all either asked for by a query or without an index', () => {
    const sdk = { FieldValue: { vector: () => 'vector' } } as unknown as FirestoreSdk;
    const time = new Date(0);
    const stored = toDocument(
      {
        id: 'x'.repeat(2_000),
        documentId: 'a',
        index: 0,
        content: '',
        contentHash: '',
        embedding: VECTOR,
        embeddingModel: '',
        lexical: VECTOR,
        metadata: {},
        tenant: null,
      },
      sdk,
      time,
    );
    const exempt = needsOf(yamlOf({})).field_overrides.filter(
      ({ collectionGroup }) => collectionGroup === 'embeddings',
    );
    const names = new Set(exempt.map(({ fieldPath }) => fieldPath));
    const asked = ['documentId', 'index', 'tenant'];
    expect([...Object.keys(stored), 'createdAt'].filter((field) => !names.has(field)).sort()).toEqual(asked);
    expect([...names].filter((field) => !(field in stored) && field !== 'createdAt')).toEqual([]);
  });
});
