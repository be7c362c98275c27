/** What is wrong with a value, in words that repeat nothing of it; undefined when nothing is. */
export type SchemaCheck = (value: unknown) => string | undefined;

/** Compiling takes time in proportion to the schema, on the one thread that serves everybody. */
const MAX_SCHEMA_LENGTH = 100_000;

/** Drafts whose tuples and definitions are written as in draft 7. */
const UP_TO_DRAFT_7 = /^https?:\/\/json-schema\.org\/draft-0[3-7]\/schema#?$/;

/**
 * A check against a caller's JSON Schema: draft 7 where its `$schema` says so or something older, else 2020-12.
 * `pattern` and `format` are not checked: a caller's regular expression may take for ever on a text, and would hold up
 * every other request. Schemas above 100,000 characters, and dialects that this check cannot read (`nullable` of OpenAPI,
 * draft 3 and 4 spellings), check nothing beyond JSON: whether a schema is taken is the vendor's to say.
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
  let validate: ReturnType<typeof ajv.compile>;
  try {
    validate = ajv.compile(rules);
  } catch {
    return () => undefined;
  }
  return (value) => {
    if (validate(value)) return undefined;
    const [error] = validate.errors ?? [];
    return `${error?.instancePath || 'the answer'} ${error?.message ?? 'does not match the schema'}`;
  };
}
