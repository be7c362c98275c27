import { Ajv, type ValidateFunction } from 'ajv';

/**
 * The part of Qdrant's HTTP interface (https://api.qdrant.tech, version 1.18) that is used here, as JSON schemas: every
 * field the interface defines for these bodies is either described or refused, so that a request with a field Qdrant
 * would ignore fails.
 */
const pointId = {
  anyOf: [
    { type: 'integer', minimum: 0 },
    { type: 'string', format: 'uuid' },
  ],
};
const vector = { type: 'array', items: { type: 'number' }, minItems: 1 };
const payload = { type: ['object', 'null'] };

const object = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const sparse = object(
  {
    indices: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 4_294_967_295 }, uniqueItems: true },
    values: { type: 'array', items: { type: 'number' } },
  },
  ['indices', 'values'],
);
/** One vector without a name, or each with its own; the one without has the empty one then. */
const vectors = { anyOf: [vector, { type: 'object', additionalProperties: { anyOf: [vector, sparse] } }] };
const conditions = {
  anyOf: [{ $ref: '#/$defs/condition' }, { type: 'array', items: { $ref: '#/$defs/condition' } }, { type: 'null' }],
};
const $defs = {
  filter: object({ should: conditions, must: conditions, must_not: conditions }),
  condition: {
    anyOf: [
      { $ref: '#/$defs/filter' },
      object(
        {
          key: { type: 'string' },
          match: object({ value: { anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'boolean' }] } }, [
            'value',
          ]),
        },
        ['key', 'match'],
      ),
      object(
        {
          key: { type: 'string' },
          match: object(
            {
              any: {
                anyOf: [
                  { type: 'array', items: { type: 'string' } },
                  { type: 'array', items: { type: 'integer' } },
                ],
              },
            },
            ['any'],
          ),
        },
        ['key', 'match'],
      ),
      object(
        {
          key: { type: 'string' },
          range: object(
            Object.fromEntries(['lt', 'gt', 'gte', 'lte'].map((name) => [name, { type: ['number', 'null'] }])),
          ),
        },
        ['key', 'range'],
      ),
    ],
  },
};
const filter = { $ref: '#/$defs/filter' };
const withPayload = {
  anyOf: [{ type: 'boolean' }, { type: 'array', items: { type: 'string' } }],
};
const limit = { type: 'integer', minimum: 1 };
const distance = { enum: ['Cosine', 'Euclid', 'Dot', 'Manhattan'] };
const record = { id: pointId, payload, vector: { anyOf: [vector, { type: 'null' }] } };

const REQUESTS = {
  createCollection: object(
    {
      vectors: object({ size: { type: 'integer', minimum: 1, maximum: 65_536 }, distance }, ['size', 'distance']),
      sparse_vectors: { type: 'object', additionalProperties: object({ modifier: { enum: ['none', 'idf'] } }) },
      on_disk_payload: { type: 'boolean' },
    },
    ['vectors'],
  ),
  createIndex: object(
    {
      field_name: { type: 'string' },
      field_schema: object({ type: { const: 'keyword' }, is_tenant: { type: 'boolean' } }, ['type']),
    },
    ['field_name'],
  ),
  upsert: object(
    { points: { type: 'array', items: object({ id: pointId, vector: vectors, payload }, ['id', 'vector']) } },
    ['points'],
  ),
  retrieve: object(
    { ids: { type: 'array', items: pointId }, with_payload: withPayload, with_vector: { type: 'boolean' } },
    ['ids'],
  ),
  delete: {
    anyOf: [object({ points: { type: 'array', items: pointId } }, ['points']), object({ filter }, ['filter'])],
  },
  scroll: object({
    offset: pointId,
    limit,
    filter,
    with_payload: withPayload,
    with_vector: { type: 'boolean' },
  }),
  count: object({ filter, exact: { type: 'boolean' } }),
  query: object({
    query: { anyOf: [vector, sparse] },
    using: { type: 'string' },
    filter,
    params: object({ hnsw_ef: { type: 'integer', minimum: 1 }, exact: { type: 'boolean' } }),
    limit,
    with_payload: withPayload,
    with_vector: { type: 'boolean' },
  }),
} as const;

const updated = object(
  { operation_id: { type: 'integer' }, status: { enum: ['acknowledged', 'completed', 'wait_timeout'] } },
  ['status'],
);

const RESULTS = {
  info: object(
    {
      status: { enum: ['green', 'yellow', 'grey', 'red'] },
      optimizer_status: { const: 'ok' },
      segments_count: { type: 'integer' },
      points_count: { type: 'integer' },
      config: object(
        {
          params: object({
            vectors: { anyOf: [object({ size: { type: 'integer' }, distance }), { type: 'object' }] },
            sparse_vectors: { type: 'object' },
            on_disk_payload: { type: 'boolean' },
          }),
          hnsw_config: object(
            Object.fromEntries(['m', 'ef_construct', 'full_scan_threshold'].map((name) => [name, { type: 'integer' }])),
            ['m', 'ef_construct', 'full_scan_threshold'],
          ),
          optimizer_config: object(
            { default_segment_number: { type: 'integer' }, flush_interval_sec: { type: 'integer' } },
            ['default_segment_number', 'flush_interval_sec'],
          ),
        },
        ['params', 'hnsw_config', 'optimizer_config'],
      ),
      payload_schema: {
        type: 'object',
        additionalProperties: object(
          { data_type: { const: 'keyword' }, params: { type: 'object' }, points: { type: 'integer' } },
          ['data_type', 'points'],
        ),
      },
    },
    ['status', 'optimizer_status', 'segments_count', 'config', 'payload_schema'],
  ),
  createCollection: { type: 'boolean' },
  createIndex: updated,
  upsert: updated,
  delete: updated,
  retrieve: { type: 'array', items: object(record, ['id']) },
  scroll: object(
    {
      points: { type: 'array', items: object(record, ['id']) },
      next_page_offset: { anyOf: [pointId, { type: 'null' }] },
    },
    ['points'],
  ),
  count: object({ count: { type: 'integer', minimum: 0 } }, ['count']),
  query: object(
    {
      points: {
        type: 'array',
        items: object({ ...record, version: { type: 'integer' }, score: { type: 'number' } }, [
          'id',
          'version',
          'score',
        ]),
      },
    },
    ['points'],
  ),
} as const;

export type QdrantOperation = keyof typeof RESULTS;

/** What is wrong with a body, undefined when nothing is. */
export interface QdrantValidation {
  request(operation: QdrantOperation, body: unknown): string | undefined;
  result(operation: QdrantOperation, result: unknown): string | undefined;
}

export function createQdrantValidation(): QdrantValidation {
  const ajv = new Ajv({
    allowUnionTypes: true,
    formats: { uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i },
  });
  const compile = (schemas: Readonly<Record<string, object>>): Map<string, ValidateFunction> =>
    new Map(Object.entries(schemas).map(([name, schema]) => [name, ajv.compile({ ...schema, $defs })]));
  const requests = compile(REQUESTS);
  const results = compile(RESULTS);
  const check = (validate: ValidateFunction | undefined, value: unknown): string | undefined =>
    validate === undefined || validate(value) ? undefined : ajv.errorsText(validate.errors);
  return {
    request: (operation, body) => {
      const validate = requests.get(operation);
      if (validate === undefined) return body === undefined ? undefined : `${operation} takes no body`;
      return check(validate, body);
    },
    result: (operation, result) => check(results.get(operation), result),
  };
}
