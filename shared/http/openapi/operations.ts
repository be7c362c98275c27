import * as z from 'zod';
import { chatSchema } from '../schemas/chat-schema.ts';
import { collectionSchema, scopeSchema } from '../schemas/common-schema.ts';
import { completionsSchema } from '../schemas/completions-schema.ts';
import { documentsSchema } from '../schemas/documents-schema.ts';
import { embeddingsSchema } from '../schemas/embeddings-schema.ts';
import { countTokensSchema, messagesSchema } from '../schemas/messages-schema.ts';
import { responsesSchema } from '../schemas/responses-schema.ts';
import { searchSchema, vectorStoreSearchSchema } from '../schemas/search-schema.ts';
import * as answers from './answer-schemas.ts';
import type { AnswerKind, Operation } from './operation.ts';

const EVENTS = 'text/event-stream';
const JSON_TYPE = 'application/json';

/** What any request of a known caller can meet. */
const COMMON = [400, 401, 403, 429, 500, 503];
const WITH_BODY = [...COMMON, 413, 415];
/** What a cascade can end with. */
const OF_MODELS = [...WITH_BODY, 404, 502, 504];

type Facts = Omit<Operation, 'errors' | 'errorBody' | 'secured'> & Partial<Pick<Operation, 'errorBody'>>;

const known = (errors: readonly number[], facts: Facts): Operation => ({
  errorBody: answers.errorBody,
  ...facts,
  errors,
  secured: true,
});

const open = (facts: Facts): Operation => ({ errorBody: answers.errorBody, ...facts, errors: [400], secured: false });

const json = (schema: z.ZodType, description: string): AnswerKind => ({
  description,
  content: { [JSON_TYPE]: schema },
});

const model = (schema: z.ZodType, description: string): Operation['answers'] => ({
  200: { description, content: { [JSON_TYPE]: schema, [EVENTS]: null } },
});

const scope = scopeSchema.shape;
const documentId = { id: z.string().min(1).max(512) };
const STREAMS = 'With `stream: true` the answer is a stream of server-sent events in the form of the API.';

/** All routes of the gateway. */
export const OPERATIONS: readonly Operation[] = [
  known(OF_MODELS, {
    method: 'POST',
    path: '/v1/chat/completions',
    id: 'createChatCompletion',
    tag: 'chat',
    summary: 'OpenAI Chat Completions over the cascade of an agent',
    description: STREAMS,
    body: chatSchema,
    answers: model(answers.chatCompletion, 'The answer'),
  }),
  known(OF_MODELS, {
    method: 'POST',
    path: '/v1/responses',
    id: 'createResponse',
    tag: 'chat',
    summary: 'OpenAI Responses over the same cascade',
    description: STREAMS,
    body: responsesSchema,
    answers: model(answers.responseObject, 'The answer'),
  }),
  known(OF_MODELS, {
    method: 'POST',
    path: '/v1/messages',
    id: 'createMessage',
    tag: 'chat',
    summary: 'Anthropic Messages over the same cascade',
    description: STREAMS,
    body: messagesSchema,
    answers: model(answers.messageObject, 'The answer'),
    errorBody: answers.anthropicErrorBody,
  }),
  known(OF_MODELS, {
    method: 'POST',
    path: '/v1/messages/count_tokens',
    id: 'countMessageTokens',
    tag: 'chat',
    summary: 'An estimate of the tokens of a message',
    body: countTokensSchema,
    answers: { 200: json(answers.tokenCount, 'The estimate') },
    errorBody: answers.anthropicErrorBody,
  }),
  known(OF_MODELS, {
    method: 'POST',
    path: '/v1/completions',
    id: 'createCompletion',
    tag: 'chat',
    summary: 'OpenAI text completions over the same cascade',
    description: STREAMS,
    body: completionsSchema,
    answers: model(answers.textCompletion, 'The answer'),
  }),
  known(COMMON, {
    method: 'GET',
    path: '/v1/models',
    id: 'listModels',
    tag: 'chat',
    summary: 'Agents first, then configured models',
    answers: { 200: json(answers.modelList, 'What the caller may use') },
  }),
  known([...COMMON, 404], {
    method: 'GET',
    path: '/v1/models/:id*',
    id: 'getModel',
    tag: 'chat',
    summary: 'One agent or model; its name may hold slashes',
    params: { id: z.string().min(1) },
    answers: { 200: json(answers.modelObject, 'The model') },
  }),
  known(OF_MODELS, {
    method: 'POST',
    path: '/v1/embeddings',
    id: 'createEmbeddings',
    tag: 'embed',
    summary: 'OpenAI Embeddings of the configured model, or of `local`',
    body: embeddingsSchema,
    answers: { 200: json(answers.embeddingList, 'A vector for each text, in order') },
  }),
  known(OF_MODELS, {
    method: 'POST',
    path: '/v1/documents',
    id: 'ingestDocuments',
    tag: 'ingest',
    summary: 'Makes one document, or several, searchable',
    description:
      'Passages get the metadata of their document and, of their own, `start`, `end`, `chunk_index` and `chunk_count`, which a document’s may not hold.',
    body: documentsSchema,
    answers: {
      200: json(answers.documentList, 'What became of each'),
      207: json(answers.documentList, 'What became of each; some failed'),
    },
  }),
  known([...OF_MODELS], {
    method: 'POST',
    path: '/v1/documents/:id/retry',
    id: 'retryDocument',
    tag: 'ingest',
    summary: 'Ingests a document of the document store once more',
    params: documentId,
    query: scope,
    answers: {
      200: json(answers.documentObject, 'What became of it'),
      207: json(answers.documentObject, 'It failed again'),
    },
  }),
  known([...COMMON, 404, 504], {
    method: 'GET',
    path: '/v1/documents/:id*',
    id: 'getDocument',
    tag: 'ingest',
    summary: 'What became of a document',
    params: documentId,
    query: scope,
    answers: { 200: json(answers.documentObject, 'Its state') },
  }),
  known([...COMMON, 404, 504], {
    method: 'DELETE',
    path: '/v1/documents/:id*',
    id: 'deleteDocument',
    tag: 'ingest',
    summary: 'Removes a document with its passages',
    params: documentId,
    query: scope,
    answers: { 200: json(answers.deletedDocument, 'It is gone') },
  }),
  known(OF_MODELS, {
    method: 'POST',
    path: '/v1/search',
    id: 'search',
    tag: 'search',
    summary: 'Passages by meaning, by words, or by both',
    body: searchSchema,
    answers: { 200: json(answers.searchResults, 'The best first') },
  }),
  known(OF_MODELS, {
    method: 'POST',
    path: '/v1/vector_stores/:collection/search',
    id: 'searchVectorStore',
    tag: 'search',
    summary: 'OpenAI vector-store search',
    params: { collection: collectionSchema },
    body: vectorStoreSearchSchema,
    answers: { 200: json(answers.vectorStoreResults, 'The best first') },
  }),
  known(COMMON, {
    method: 'GET',
    path: '/v1/usage',
    id: 'getUsage',
    tag: 'operation',
    summary: 'Requests, tokens and costs of today and the days before',
    query: { days: z.int().min(1).max(90).optional(), tenant: z.string().optional() },
    answers: { 200: json(answers.usageReport, 'What the caller may see of it') },
  }),
  open({
    method: 'GET',
    path: '/health',
    id: 'getHealth',
    tag: 'operation',
    summary: 'Whether the process is alive',
    answers: { 200: json(answers.liveness, 'It is') },
  }),
  open({
    method: 'GET',
    path: '/ready',
    id: 'getReadiness',
    tag: 'operation',
    summary: 'Whether what the service depends on can be used',
    answers: { 200: json(answers.readiness, 'It can'), 503: json(answers.readiness, 'It cannot, and why') },
  }),
  known([...COMMON, 404], {
    method: 'GET',
    path: '/metrics',
    id: 'getMetrics',
    tag: 'operation',
    summary: 'What this instance has counted, for Prometheus',
    answers: { 200: { description: 'The text format of Prometheus', content: { 'text/plain': null } } },
  }),
  open({
    method: 'GET',
    path: '/openapi.json',
    id: 'getOpenApi',
    tag: 'operation',
    summary: 'This document',
    answers: { 200: json(z.looseObject({ openapi: z.string() }), 'OpenAPI 3.1') },
  }),
  open({
    method: 'GET',
    path: '/',
    id: 'getIndex',
    tag: 'operation',
    summary: 'The page for people where it is switched on, else the routes',
    answers: {
      200: {
        description: 'The page, or the methods and paths of the routes',
        content: { [JSON_TYPE]: answers.index, 'text/html': null },
      },
    },
  }),
  {
    ...open({
      method: 'GET',
      path: '/playground/:file',
      id: 'getPageFile',
      tag: 'operation',
      summary: 'A file of the page, where it is switched on',
      params: { file: z.string().min(1) },
      answers: { 200: { description: 'The file', content: { 'text/javascript': null, 'text/css': null } } },
    }),
    errors: [400, 404],
  },
];
