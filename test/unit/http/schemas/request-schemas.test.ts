import { describe, expect, it } from 'vitest';
import { documentsSchema } from '../../../../shared/http/schemas/documents-schema.ts';
import { embeddingsSchema } from '../../../../shared/http/schemas/embeddings-schema.ts';
import { searchSchema, vectorStoreSearchSchema } from '../../../../shared/http/schemas/search-schema.ts';

describe('the requests beside chat', () => {
  it.each([
    ['embeddings', embeddingsSchema, { model: 'm', input: 'a' }],
    ['embeddings as the OpenAI client asks', embeddingsSchema, { model: 'm', input: ['a'], encoding_format: 'base64' }],
    ['embeddings with nulls', embeddingsSchema, { model: 'm', input: 'a', dimensions: null, user: null }],
    [
      'search',
      searchSchema,
      { query: 'a', top_k: 5, min_score: 0.7, filter: { type: 'exists', key: 'a', value: true } },
    ],
    ['search of a collection', searchSchema, { query: 'a', collection: 'notes', mode: 'hybrid' }],
    ['vector store search', vectorStoreSearchSchema, { query: 'a', max_num_results: 50, rewrite_query: false }],
    [
      'vector store search of several questions',
      vectorStoreSearchSchema,
      { query: ['a', 'b'], ranking_options: { ranker: 'auto', score_threshold: 0 } },
    ],
    ['one document', documentsSchema, { text: 'a', metadata: { year: 2027, tags: ['x', 1], gone: null } }],
    [
      'several documents',
      documentsSchema,
      { documents: [{ id: 'a', text: 'x', title: null }, { content_base64: 'AA==' }] },
    ],
  ])('are accepted: %s', (_, schema, body) => {
    expect(schema.parse(body)).toEqual(body);
  });

  it.each([
    ['embeddings without input', embeddingsSchema, { model: 'm' }],
    ['embeddings of numbers', embeddingsSchema, { model: 'm', input: [1] }],
    ['embeddings of no length', embeddingsSchema, { model: 'm', input: 'a', dimensions: 0 }],
    ['embeddings with a key', embeddingsSchema, { model: 'm', input: 'a', api_key: 'x' }],
    ['a blank question', searchSchema, { query: ' \n' }],
    ['a question without end', searchSchema, { query: 'x'.repeat(32_769) }],
    ['no results', searchSchema, { query: 'a', top_k: 0 }],
    ['too many results', searchSchema, { query: 'a', top_k: 1001 }],
    ['a score that cannot be', searchSchema, { query: 'a', min_score: -0.1 }],
    ['a collection that is a path', searchSchema, { query: 'a', collection: '../x' }],
    ['a mode of its own', searchSchema, { query: 'a', mode: 'magic' }],
    ['no question', vectorStoreSearchSchema, { query: [] }],
    ['metadata of objects', documentsSchema, { text: 'a', metadata: { a: { b: 1 } } }],
    ['a document with a field of its own', documentsSchema, { documents: [{ text: 'a', url: 'http://x' }] }],
    ['no documents', documentsSchema, { documents: [] }],
  ])('are refused: %s', (_, schema, body) => {
    expect(schema.safeParse(body).success).toBe(false);
  });
});
