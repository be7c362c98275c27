import { resolveReference } from './schema-reference.ts';

/**
 * JSON Schema as the dialect of OpenAPI that models before Gemini 2 take for functions and answers: no `$ref`, no
 * `additionalProperties`, one type per schema, few formats. What the dialect lacks is left out, which only makes the
 * schema wider; a reference is replaced by what it names, and by any object where it comes back to itself.
 */
export function toOpenApiSchema(schema: Schema): Schema {
  return convert(schema, { root: schema, open: [] });
}

type Schema = Readonly<Record<string, unknown>>;

interface Context {
  readonly root: Schema;
  /** References being followed, to notice one that comes back to itself. */
  readonly open: readonly string[];
}

/** Keywords that mean the same in both. */
const SHARED = [
  'title',
  'description',
  'required',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'nullable',
  'propertyOrdering',
] as const;

const FORMATS: ReadonlySet<unknown> = new Set(['int32', 'int64', 'float', 'double', 'date-time', 'enum']);

function convert(schema: Schema, context: Context): Schema {
  const reference = schema.$ref;
  if (typeof reference === 'string') return follow(reference, schema, context);
  const whole = mergeAll(schema, context);
  const types = toTypes(whole);
  const named = types.filter((type) => type !== 'null');
  const variants = toList(whole.anyOf ?? whole.oneOf);
  const alternatives = variants.filter((variant) => variant.type !== 'null');
  const isNullable = named.length < types.length || alternatives.length < variants.length;
  const converted: Record<string, unknown> = { ...pick(whole), ...(isNullable ? { nullable: true } : {}) };
  if (alternatives.length === 1) return { ...converted, ...convert(alternatives[0] as Schema, context) };
  if (alternatives.length > 1) return { ...converted, anyOf: alternatives.map((each) => convert(each, context)) };
  if (named.length > 1) {
    return { ...converted, anyOf: named.map((type) => convert({ ...withoutNotes(whole), type }, context)) };
  }
  return { ...converted, ...toTyped(whole, named[0], context) };
}

function toTyped(schema: Schema, type: unknown, context: Context): Schema {
  const typed: Record<string, unknown> = {};
  if (typeof type === 'string') typed.type = type.toUpperCase();
  if (FORMATS.has(schema.format)) typed.format = schema.format;
  const values = schema.const === undefined ? schema.enum : [schema.const];
  // The dialect knows enumerations of strings alone.
  if (Array.isArray(values) && values.every((value) => typeof value === 'string')) {
    Object.assign(typed, { type: 'STRING', format: 'enum', enum: values });
  }
  if (isSchema(schema.items)) typed.items = convert(schema.items, context);
  else if (type === 'array') typed.items = { type: 'STRING' };
  if (isSchema(schema.properties)) {
    const entries = Object.entries(schema.properties).filter(([, value]) => isSchema(value));
    // An object without properties is refused, one that does not name any is not.
    if (entries.length > 0) {
      typed.properties = Object.fromEntries(entries.map(([name, value]) => [name, convert(value as Schema, context)]));
    }
  }
  return typed;
}

function follow(reference: string, schema: Schema, { root, open }: Context): Schema {
  if (open.includes(reference)) return { type: 'OBJECT', ...pick(schema) };
  const target = resolveReference(root, reference);
  if (!isSchema(target)) return { type: 'OBJECT', ...pick(schema) };
  return { ...convert(target, { root, open: [...open, reference] }), ...pick(schema) };
}

/** `allOf` is what holds together: properties and requirements of all its parts. */
function mergeAll(schema: Schema, { root }: Context): Schema {
  if (!Array.isArray(schema.allOf)) return schema;
  const { allOf, ...own } = schema;
  const merged: Record<string, unknown> = {};
  for (const part of [...toList(allOf), own]) {
    const named = typeof part.$ref === 'string' ? lookUp(part.$ref, root) : part;
    const { properties, required, ...rest } = named;
    Object.assign(merged, rest);
    if (isSchema(properties)) merged.properties = { ...(merged.properties as Schema | undefined), ...properties };
    if (Array.isArray(required)) merged.required = [...((merged.required as unknown[] | undefined) ?? []), ...required];
  }
  return merged;
}

function lookUp(reference: string, root: Schema): Schema {
  const found = resolveReference(root, reference);
  return isSchema(found) ? found : {};
}

function toTypes({ type, properties, items }: Schema): readonly unknown[] {
  if (Array.isArray(type)) return type;
  if (typeof type === 'string') return [type];
  return isSchema(properties) ? ['object'] : isSchema(items) ? ['array'] : [];
}

function pick(schema: Schema): Record<string, unknown> {
  return Object.fromEntries(SHARED.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]]));
}

function withoutNotes({ title, description, nullable, ...rest }: Schema): Schema {
  return rest;
}

function toList(value: unknown): readonly Schema[] {
  return Array.isArray(value) ? value.filter(isSchema) : [];
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
