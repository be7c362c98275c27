import { AppError } from '../contracts/app-error.ts';

/** What is wrong with a value, in words that repeat nothing of it; undefined when nothing is. */
export type SchemaCheck = (value: unknown) => string | undefined;

/** Compiling takes time in proportion to the schema, on the one thread that serves everybody. */
const MAX_SCHEMA_LENGTH = 100_000;

const PARAM = 'response_format.json_schema.schema';

/** What the zod helpers of client libraries write. */
const DRAFT_7 = /^https?:\/\/json-schema\.org\/draft-07\/schema#?$/;

/**
 * A check against a caller's JSON Schema: draft 7 where its `$schema` says so, else 2020-12. `pattern` and `format` are
 * not checked: a caller's regular expression may take for ever on a text, and would hold up every other request. Schemas
 * above 100,000 characters check nothing beyond JSON.
 * @throws AppError `invalid_request` when the schema is not one.
 */
export async function createSchemaCheck(schema: Readonly<Record<string, unknown>>): Promise<SchemaCheck> {
  if (JSON.stringify(schema).length > MAX_SCHEMA_LENGTH) return () => undefined;
  const isDraft7 = typeof schema.$schema === 'string' && DRAFT_7.test(schema.$schema);
  // A CommonJS package: once bundled, only its default export is sure to be there.
  const Ajv = isDraft7 ? (await import('ajv')).default.Ajv : (await import('ajv/dist/2020.js')).default.Ajv2020;
  const ajv = new Ajv({
    strict: false,
    validateFormats: false,
    addUsedSchema: false,
    code: { regExp: Object.assign(() => ({ test: () => true }), { code: 'matchEverything' }) },
    logger: false,
  });
  let validate: ReturnType<typeof ajv.compile>;
  try {
    validate = ajv.compile(schema);
  } catch (cause) {
    throw new AppError('invalid_request', 'This is not a JSON Schema, or it refers to one that is not in it.', {
      param: PARAM,
      cause,
    });
  }
  return (value) => {
    if (validate(value)) return undefined;
    const [error] = validate.errors ?? [];
    return `${error?.instancePath || 'the answer'} ${error?.message ?? 'does not match the schema'}`;
  };
}
