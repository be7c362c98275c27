import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '../contracts/app-error.ts';
import { isSchema, type Schema, withNotes } from './anthropic-schema.ts';
import { resolveReference } from './schema-reference.ts';

const COMBINATORS = ['anyOf', 'oneOf', 'allOf'] as const;

/**
 * The schema of a tool's input, or of an answer. The vendor wants an object's, with no alternatives at its root: those
 * become one object with the properties of all of them, of which what all demand is required. What that gives away is
 * told to the model in the description.
 *
 * @param param where the schema stands in the request, for errors.
 * @throws AppError `unsupported` for a schema that allows no object.
 */
export function toInputSchema(schema: Schema | undefined, param: string): Anthropic.Tool.InputSchema {
  if (!schema) return { type: 'object', properties: {} };
  const combinators = COMBINATORS.filter((keyword) => schema[keyword] !== undefined);
  const fields = combinators.length === 0 ? undefined : toFields(schema, { root: schema, open: [] });
  if (!mayBeObject(schema) || (combinators.length > 0 && !fields)) {
    throw new AppError('unsupported', 'anthropic takes schemas of an object alone: put the value into a property.', {
      param,
    });
  }
  if (!fields) {
    return schema.type === 'object' ? (schema as Anthropic.Tool.InputSchema) : { ...schema, type: 'object' };
  }
  const rest = Object.entries(schema).filter(([keyword]) => !(COMBINATORS as readonly string[]).includes(keyword));
  const merged = {
    ...Object.fromEntries(rest),
    properties: Object.fromEntries(fields.properties),
    ...(fields.required.size > 0 ? { required: [...fields.required] } : {}),
  };
  const notes = combinators.map((keyword) => [keyword, schema[keyword]] as const);
  return { ...withNotes(merged, notes), type: 'object' };
}

/** What is known of an object. */
interface Fields {
  readonly properties: ReadonlyMap<string, unknown>;
  readonly required: ReadonlySet<unknown>;
}

interface Context {
  readonly root: Schema;
  /** References being followed, to notice one that comes back to itself. */
  readonly open: readonly string[];
}

/** The fields of the objects a schema allows; undefined when it allows none. */
function toFields(schema: Schema, context: Context): Fields | undefined {
  if (!mayBeObject(schema)) return undefined;
  const parts: (Fields | undefined)[] = [
    {
      properties: new Map(isSchema(schema.properties) ? Object.entries(schema.properties) : []),
      required: new Set(toList(schema.required)),
    },
  ];
  if (typeof schema.$ref === 'string') parts.push(follow(schema.$ref, context));
  for (const part of toList(schema.allOf)) parts.push(isSchema(part) ? toFields(part, context) : undefined);
  for (const alternatives of [schema.anyOf, schema.oneOf]) {
    if (alternatives === undefined) continue;
    const known = toList(alternatives).flatMap((each) => (isSchema(each) ? (toFields(each, context) ?? []) : []));
    parts.push(known.length === 0 ? undefined : join(known, 'anyOf'));
  }
  const known = parts.filter((part) => part !== undefined);
  return known.length < parts.length ? undefined : join(known, 'allOf');
}

function follow(reference: string, { root, open }: Context): Fields | undefined {
  const target = open.includes(reference) ? undefined : resolveReference(root, reference);
  return isSchema(target) ? toFields(target, { root, open: [...open, reference] }) : undefined;
}

/** Several sets of fields as one: `allOf` them hold together, or `anyOf` them does. */
function join(list: readonly Fields[], keyword: 'anyOf' | 'allOf'): Fields {
  const [first, ...others] = list as readonly [Fields, ...Fields[]];
  if (others.length === 0) return first;
  const byName = new Map<string, Map<string, unknown>>();
  for (const { properties } of list) {
    for (const [name, schema] of properties) {
      const known = byName.get(name) ?? new Map<string, unknown>();
      byName.set(name, known.set(JSON.stringify(schema), schema));
    }
  }
  const properties = new Map<string, unknown>();
  for (const [name, known] of byName) {
    const [only, ...different] = known.values();
    properties.set(name, different.length === 0 ? only : { [keyword]: [only, ...different] });
  }
  const names = list.flatMap(({ required }) => [...required]);
  const isDemanded = (name: unknown) => keyword === 'allOf' || list.every(({ required }) => required.has(name));
  return { properties, required: new Set(names.filter(isDemanded)) };
}

function mayBeObject({ type }: Schema): boolean {
  return type === undefined || type === 'object' || (Array.isArray(type) && type.includes('object'));
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
