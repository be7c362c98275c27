import * as z from 'zod';
import { jsonObject, sluiceSchema } from '../schemas/common-schema.ts';
import { filterSchema } from '../schemas/filter-schema.ts';
import type { AnswerKind, Operation } from './operation.ts';

type Json = Record<string, unknown>;

const COMPONENTS = '#/components/schemas/';
const DESCRIPTION =
  'One base URL for chat, embeddings, ingestion and search. Fields of Sluice itself travel in the object `sluice`. ' +
  'What is not HTTP, or not meant for a route, is refused with the error body too: 400, 404, 405, 408, 413, 417 or 431. ' +
  'Routes of documents, search and usage take no query parameters but their own.';

const ERROR_NAMES: Readonly<Record<number, string>> = {
  400: 'The request is not valid',
  401: 'The credential is missing or not known',
  403: 'The credential may not do this',
  404: 'There is nothing of that name',
  413: 'The body is too large',
  415: 'The body is not JSON',
  429: 'Too many requests, or a budget is used up; `retry-after` says when to come back',
  500: 'The service is not configured correctly, or has a fault of its own',
  502: 'The model did not give what was asked for',
  503: 'What the answer depends on cannot be had at the moment',
  504: 'It took too long',
};

/** Schemas that are worth a name of their own, where they are part of others. */
const SHARED: Readonly<Record<string, z.ZodType>> = { Filter: filterSchema, SluiceOptions: sluiceSchema };

/** An OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1) from the routes and the schemas that check them. */
export function toOpenApi(operations: readonly Operation[], { version }: { version: string }): Json {
  const requests = createNames();
  const answers = createNames();
  for (const [name, schema] of Object.entries(SHARED)) requests.add(schema, name);
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = operation.path.replace(/:([a-z_]+)\*?/g, '{$1}');
    const item = paths[path] ?? {};
    item[operation.method.toLowerCase()] = toOperation(operation, requests, answers);
    paths[path] = item;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or in mode `iam` an ID token of Google' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
      schemas: { ...requests.toSchemas('input'), ...answers.toSchemas('output') },
    },
  };
}

function toOperation(operation: Operation, requests: Names, answers: Names): Json {
  const { id, tag, summary, description, params = {}, query = {}, body, errors, errorBody, secured } = operation;
  const name = id.charAt(0).toUpperCase() + id.slice(1);
  const parameters = [
    ...Object.entries(params).map(([key, schema]) => toParameter(key, 'path', schema)),
    ...Object.entries(query).map(([key, schema]) => toParameter(key, 'query', schema)),
  ];
  const error = answers.add(errorBody, 'type' in (errorBody as z.ZodObject).shape ? 'AnthropicError' : 'Error');
  const responses = [
    ...Object.entries(operation.answers).map(([status, kind]) => [status, toResponse(kind, answers, `${name}Answer`)]),
    ...errors.map((status) => [
      String(status),
      { description: ERROR_NAMES[status], headers: REQUEST_ID, content: { 'application/json': { schema: error } } },
    ]),
  ];
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(secured ? {} : { security: [] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: requests.add(body, `${name}Request`) } },
          },
        }),
    responses: Object.fromEntries(responses),
  };
}

const REQUEST_ID = { 'x-request-id': { schema: { type: 'string' }, description: 'Names the request in the logs' } };

function toParameter(name: string, place: 'path' | 'query', schema: z.ZodType): Json {
  const { $schema: _version, ...plain } = toJsonSchema(schema);
  return { name, in: place, required: place === 'path', schema: plain };
}

function toResponse({ description, content }: AnswerKind, answers: Names, name: string): Json {
  const media = Object.entries(content).map(([type, schema]) => [
    type,
    { schema: schema === null ? { type: 'string' } : answers.add(schema, name) },
  ]);
  return { description, headers: REQUEST_ID, content: Object.fromEntries(media) };
}

type Names = ReturnType<typeof createNames>;

/** Schemas with the names they have in the document. */
function createNames() {
  const registry = z.registry<{ id: string }>();
  return {
    /** @returns a reference to it, by the first name it was given. */
    add(schema: z.ZodType, id: string): Json {
      if (!registry.has(schema)) registry.add(schema, { id });
      return { $ref: `${COMPONENTS}${registry.get(schema)?.id}` };
    },
    toSchemas(io: 'input' | 'output'): Json {
      const { schemas } = z.toJSONSchema(registry, { ...RENDERING, io, uri: (id) => `${COMPONENTS}${id}` });
      return Object.fromEntries(
        Object.entries(schemas).map(([id, { $schema: _version, $id: _id, ...schema }]) => [id, schema]),
      );
    },
  };
}

/** What JSON Schema has no word for is anything, but for the two cases of which more is known. */
const RENDERING = {
  target: 'draft-2020-12',
  unrepresentable: 'any',
  override({ zodSchema, jsonSchema }) {
    if (Object.is(zodSchema, jsonObject)) Object.assign(jsonSchema, { type: 'object' });
    const { def } = zodSchema._zod;
    // A value is looked at before it is checked, and is in the end what the second schema says.
    if (def.type === 'pipe' && def.in._zod.def.type === 'transform') {
      const { $schema: _version, ...checked } = toJsonSchema(def.out as z.ZodType);
      Object.assign(jsonSchema, checked);
    }
  },
} as const satisfies Parameters<typeof z.toJSONSchema>[1];

function toJsonSchema(schema: z.ZodType): Json {
  return { ...z.toJSONSchema(schema, { ...RENDERING, io: 'input' }) };
}
