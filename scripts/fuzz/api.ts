import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Schema } from './schema-values.ts';

/** An operation of the document, as a client reads it. */
export interface ApiOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, Schema>>;
  readonly query: Readonly<Record<string, Schema>>;
  readonly body: Schema | undefined;
  /** Checks of bodies by status and media type; null for a type without one. */
  readonly answers: ReadonlyMap<string, ReadonlyMap<string, ValidateFunction | null>>;
}

export interface Api {
  readonly operations: readonly ApiOperation[];
  resolve(reference: string): Schema;
  /** Checks the body of an error that belongs to no operation. */
  readonly isError: ValidateFunction;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface DocumentedOperation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const ROOT = 'openapi';

/** A client's view of an OpenAPI document, with every schema compiled. */
export function readApi(document: OpenApiDocument): Api {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: ROOT, components: document.components });
  const compile = (schema: Schema): ValidateFunction =>
    typeof schema.$ref === 'string' ? ajv.compile({ $ref: `${ROOT}${schema.$ref}` }) : ajv.compile(schema);
  const toChecks = (content: Content = {}) =>
    new Map(
      Object.entries(content).map(([type, { schema }]) => [type, type === 'application/json' ? compile(schema) : null]),
    );

  const toOperation = (path: string, method: string, documented: DocumentedOperation): ApiOperation => {
    const { operationId: id, parameters = [], requestBody, responses } = documented;
    const schemasOf = (place: Parameter['in']) =>
      Object.fromEntries(parameters.filter((one) => one.in === place).map(({ name, schema }) => [name, schema]));
    return {
      id,
      method: method.toUpperCase(),
      path,
      params: schemasOf('path'),
      query: schemasOf('query'),
      body: requestBody?.content['application/json']?.schema,
      answers: new Map(Object.entries(responses).map(([status, { content }]) => [status, toChecks(content)])),
    };
  };

  return {
    operations: Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => toOperation(path, method, operation)),
    ),
    resolve: (reference) => document.components.schemas[reference.split('/').at(-1) ?? ''] ?? {},
    isError: compile({ $ref: '#/components/schemas/Error' }),
  };
}
