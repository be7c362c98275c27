type Schema = Record<string, unknown>;

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
  const told: string[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === '$schema' || keyword === 'additionalProperties') continue;
    if (keyword === 'oneOf' && !('anyOf' in schema)) strict.anyOf = toStrictList(value);
    else if (isKept(keyword, value)) strict[keyword] = toStrictValue(keyword, value);
    else told.push(`${keyword}: ${JSON.stringify(value)}`);
  }
  if (isObject(schema)) strict.additionalProperties = false;
  if (told.length > 0) {
    const described = typeof strict.description === 'string' ? `${strict.description}\n\n` : '';
    strict.description = `${described}{${told.join(', ')}}`;
  }
  return strict;
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

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isObject({ type, properties }: Schema): boolean {
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || isSchema(properties);
}
