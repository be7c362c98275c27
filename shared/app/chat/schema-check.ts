import { createContext, Script } from 'node:vm';

/** What is wrong with a value, in words that repeat nothing of it; undefined when nothing is. */
export type SchemaCheck = (value: unknown) => string | undefined;

/** Compiling takes time in proportion to the schema, on the one thread that serves everybody. */
const MAX_SCHEMA_LENGTH = 100_000;

/**
 * Longest time a schema is compiled for, and a value checked: definitions that refer to each other twice double the work
 * with each one, so that thirty of them, in a few hundred characters, never end.
 */
const LONGEST_MS = 1_000;

/** Drafts whose tuples and definitions are written as in draft 7. */
const UP_TO_DRAFT_7 = /^https?:\/\/json-schema\.org\/draft-0[3-7]\/schema#?$/;

/**
 * A check against a caller's JSON Schema: draft 7 where its `$schema` says so or something older, else 2020-12.
 * `pattern` and `format` are not checked: a caller's regular expression may take for ever on a text, and would hold up
 * every other request. Schemas above 100,000 characters, those that take longer than a second, and dialects that this
 * check cannot read (`nullable` of OpenAPI, draft 3 and 4 spellings), check nothing beyond JSON: whether a schema is
 * taken is the vendor's to say.
 */
export async function createSchemaCheck(schema: Readonly<Record<string, unknown>>): Promise<SchemaCheck> {
  if (JSON.stringify(schema).length > MAX_SCHEMA_LENGTH) return () => undefined;
  const { $schema: dialect, ...rules } = schema;
  const isDraft7 = typeof dialect === 'string' && UP_TO_DRAFT_7.test(dialect);
  // A CommonJS package: once bundled, only its default export is sure to be there.
  const Ajv = isDraft7 ? (await import('ajv')).default.Ajv : (await import('ajv/dist/2020.js')).default.Ajv2020;
  const ajv = new Ajv({
    strict: false,
    validateFormats: false,
    validateSchema: false,
    addUsedSchema: false,
    code: { regExp: Object.assign(() => ({ test: () => true }), { code: 'matchEverything' }) },
    logger: false,
  });
  let validate = runBriefly(() => ajv.compile(rules));
  return (value) => {
    const check = validate;
    if (check === undefined) return undefined;
    const isValid = runBriefly(() => check(value));
    // It would take as long for the next answer.
    if (isValid === undefined) validate = undefined;
    if (isValid !== false) return undefined;
    const [error] = check.errors ?? [];
    return `${error?.instancePath || 'the answer'} ${error?.message ?? 'does not match the schema'}`;
  };
}

/** What the work gives, or undefined where it throws or has not ended in time: nothing but `vm` stops it then. */
function runBriefly<Result>(work: () => Result): Result | undefined {
  const script = new Script('run()');
  try {
    return script.runInContext(createContext({ run: work }), { timeout: LONGEST_MS }) as Result;
  } catch {
    return undefined;
  }
}
