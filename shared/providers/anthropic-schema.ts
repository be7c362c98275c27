export type Schema = Record<string, unknown>;

/** Keywords the vendor's constrained decoding knows; the rest it refuses with a 400. */
const KNOWN: ReadonlySet<string> = new Set([
  '$defs',
  'definitions',
  '$ref',
  'type',
  'properties',
  'required',
  'items',
  'anyOf',
  'allOf',
  'enum',
  'const',
  'default',
  'title',
  'description',
]);

const FORMATS: ReadonlySet<unknown> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
]);

/**
 * A JSON schema in the part of the language that strict tools and `output_config.format` take: objects are closed,
 * `oneOf` is `anyOf`, and a limit the vendor cannot enforce is told to the model in the description, to be checked by
 * whoever validates the answer. `$ref` and `$defs` stay. Source: the vendor's page on structured outputs.
 */
export function toStrictSchema(schema: Schema): Schema {
  const strict: Schema = {};
  const told: [keyword: string, value: unknown][] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === '$schema' || keyword === 'additionalProperties') continue;
    if (keyword === 'oneOf' && !('anyOf' in schema)) strict.anyOf = toStrictList(value);
    else if (isKept(keyword, value)) strict[keyword] = toStrictValue(keyword, value);
    else told.push([keyword, value]);
  }
  if (isObject(schema)) strict.additionalProperties = false;
  return withNotes(strict, told);
}

/** The schema with keywords that cannot be enforced told in its description. */
export function withNotes(schema: Schema, notes: readonly (readonly [keyword: string, value: unknown])[]): Schema {
  if (notes.length === 0) return schema;
  const described = typeof schema.description === 'string' ? `${schema.description}\n\n` : '';
  const told = notes.map(([keyword, value]) => `${keyword}: ${JSON.stringify(value)}`);
  return { ...schema, description: `${described}{${told.join(', ')}}` };
}

const MAPS = ['properties', '$defs', 'definitions', 'patternProperties', 'dependentSchemas'];
const LISTS = ['anyOf', 'oneOf', 'allOf', 'prefixItems', 'items'];
const SINGLES = ['items', 'contains', 'if', 'then', 'else', 'not', 'additionalProperties'];

/**
 * Whether objects of the schema may have keys that it does not name, as a map does. The strict language closes every
 * object, and all that such an object is for would be lost.
 */
export function hasOpenObjects(schema: unknown): boolean {
  if (!isSchema(schema)) return false;
  const { additionalProperties: others } = schema;
  if (others === true || isSchema(others) || isSchema(schema.patternProperties) || isFreeForm(schema)) return true;
  const inner = [
    ...MAPS.flatMap((keyword) => (isSchema(schema[keyword]) ? Object.values(schema[keyword]) : [])),
    ...LISTS.flatMap((keyword) => (Array.isArray(schema[keyword]) ? (schema[keyword] as unknown[]) : [])),
    ...SINGLES.map((keyword) => schema[keyword]),
  ];
  return inner.some(hasOpenObjects);
}

/** An object of which nothing is said. */
function isFreeForm(schema: Schema): boolean {
  const isSaid = ['properties', '$ref', 'anyOf', 'oneOf', 'allOf', 'enum', 'const'].some((key) => key in schema);
  return isObject(schema) && schema.additionalProperties !== false && !isSaid;
}

function isKept(keyword: string, value: unknown): boolean {
  if (KNOWN.has(keyword)) return true;
  if (keyword === 'format') return FORMATS.has(value);
  return keyword === 'minItems' && (value === 0 || value === 1);
}

function toStrictValue(keyword: string, value: unknown): unknown {
  switch (keyword) {
    case '$defs':
    case 'definitions':
    case 'properties':
      return isSchema(value)
        ? Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, toStrictAny(schema)]))
        : value;
    case 'anyOf':
    case 'allOf':
      return toStrictList(value);
    case 'items':
      return toStrictAny(value);
    default:
      return value;
  }
}

function toStrictList(value: unknown): unknown {
  return Array.isArray(value) ? value.map(toStrictAny) : value;
}

function toStrictAny(value: unknown): unknown {
  return isSchema(value) ? toStrictSchema(value) : value;
}

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isObject({ type, properties }: Schema): boolean {
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || isSchema(properties);
}
