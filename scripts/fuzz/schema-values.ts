import fc from 'fast-check';

/** A JSON Schema as the OpenAPI document holds them. */
export type Schema = Readonly<Record<string, unknown>>;

const MAX_DEPTH = 5;
/** Names that exist, so that a request gets further than the first refusal. */
const MODELS = ['default', 'local', 'local/extractive', 'local/feature-hash-v1'];

/**
 * Values that a schema allows.
 * @param resolve the schema that a reference names.
 */
export function toValues(schema: Schema, resolve: (reference: string) => Schema, depth = 0): fc.Arbitrary<unknown> {
  const next = (part: unknown): fc.Arbitrary<unknown> => toValues(part as Schema, resolve, depth + 1);
  if (typeof schema.$ref === 'string') return toValues(resolve(schema.$ref), resolve, depth);
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
  const choices = (schema.anyOf ?? schema.oneOf) as Schema[] | undefined;
  if (choices) {
    // Deep down the simpler alternatives alone, so that every value has an end.
    const some = depth >= MAX_DEPTH ? choices.slice(0, 1) : choices;
    return fc.oneof(...some.map(next));
  }
  const { type } = schema;
  if (Array.isArray(type)) return fc.oneof(...type.map((one) => toValues({ ...schema, type: one }, resolve, depth)));
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return toNumbers(schema);
    case 'string':
      return toTexts(schema);
    case 'array':
      return fc.array(next(schema.items ?? {}), {
        minLength: (schema.minItems as number | undefined) ?? 0,
        maxLength: Math.min((schema.maxItems as number | undefined) ?? 3, ((schema.minItems as number) ?? 0) + 2),
      });
    case 'object':
      return toObjects(schema, next, depth);
    default:
      return depth >= MAX_DEPTH ? fc.string() : fc.jsonValue({ maxDepth: 2 });
  }
}

function toNumbers(schema: Schema): fc.Arbitrary<number> {
  const min = (schema.minimum as number | undefined) ?? (schema.exclusiveMinimum as number | undefined) ?? -1_000;
  const max = (schema.maximum as number | undefined) ?? 2_000;
  const isWhole = schema.type === 'integer';
  const low = Math.max(min, Number.MIN_SAFE_INTEGER);
  const high = Math.min(max, Number.MAX_SAFE_INTEGER);
  // Small ones mostly: the large ones are allowed too, and cost what they say.
  const near = fc.integer({ min: Math.ceil(low), max: Math.floor(Math.min(high, Math.ceil(low) + 20)) });
  if (isWhole)
    return fc.oneof({ weight: 4, arbitrary: near }, fc.integer({ min: Math.ceil(low), max: Math.floor(high) }));
  return fc.double({ min: low, max: high, noNaN: true, minExcluded: 'exclusiveMinimum' in schema });
}

function toTexts(schema: Schema): fc.Arbitrary<string> {
  const minLength = (schema.minLength as number | undefined) ?? 0;
  const maxLength = Math.min((schema.maxLength as number | undefined) ?? 40, Math.max(minLength, 40));
  if (typeof schema.pattern === 'string') {
    const pattern = new RegExp(schema.pattern);
    // Texts are not made from what looks ahead, so they are made without it and looked at.
    return fc
      .stringMatching(new RegExp(schema.pattern.replace(/\(\?[!=][^)]*\)/g, '')))
      .filter((text) => pattern.test(text));
  }
  return fc.oneof(
    fc.string({ minLength, maxLength, unit: 'grapheme' }),
    fc.constantFrom('What is Sluice?', 'a').filter(({ length }) => length >= minLength && length <= maxLength),
  );
}

function toObjects(
  { properties = {}, required = [], additionalProperties, propertyNames }: Schema,
  next: (part: unknown) => fc.Arbitrary<unknown>,
  depth: number,
): fc.Arbitrary<unknown> {
  const names = Object.keys(properties as object);
  if (names.length === 0) {
    const values =
      typeof additionalProperties === 'object' ? next(additionalProperties) : fc.jsonValue({ maxDepth: 1 });
    return fc.dictionary(
      propertyNames === undefined ? fc.string({ maxLength: 10 }) : (next(propertyNames) as fc.Arbitrary<string>),
      values,
      {
        maxKeys: 3,
      },
    );
  }
  const wanted = new Set(required as string[]);
  const entries = names.map((name) => {
    const schema = (properties as Record<string, Schema>)[name] as Schema;
    const plain =
      name === 'model' ? fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...MODELS) }, next(schema)) : next(schema);
    // A wide request is refused for its first oddity: most optional members are left out.
    return [name, wanted.has(name) ? plain : fc.option(plain, { nil: undefined, freq: depth === 0 ? 1 : 2 })] as const;
  });
  const optional = entries.filter(([name]) => !wanted.has(name));
  const sparse = fc.subarray(optional, { maxLength: Math.min(4, optional.length) });
  const always = entries.filter(([name]) => wanted.has(name));
  return sparse.chain((some) =>
    fc
      .record(Object.fromEntries([...always, ...some]))
      .map((value) => Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))),
  );
}
