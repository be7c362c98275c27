import { nearest } from '../nearest.ts';
import { formatPath, type PathSegment, type Problems } from '../problems.ts';

/*
 * How a block of the file is described. The file is read at every start of an instance, before it answers anybody, and a
 * general library costs more there than the rest of the start: so this knows what these blocks need and nothing else.
 * What callers send is described with zod, which is loaded with the first request.
 */

/** What reading returns when the value is wrong, which has been reported by then. */
export const INVALID = Symbol('invalid');

/** Where a value stands in the file, and where what is wrong with it goes. */
export interface Place {
  readonly path: readonly PathSegment[];
  readonly problems: Problems;
}

type Read<Value> = (value: unknown, place: Place) => Value | typeof INVALID;

export interface Schema<Value> {
  readonly read: Read<Value>;
  /** The same for a key that may be left out. A key that is written without a value is still wrong. */
  optional(): Schema<Value | undefined>;
}

/** What a schema reads. */
export type Infer<Described> = Described extends Schema<infer Value> ? Value : never;

export function schema<Value>(read: Read<Value>): Schema<Value> {
  return {
    read,
    optional: () => schema<Value | undefined>((value, place) => (value === undefined ? undefined : read(value, place))),
  };
}

/** Reports that a value breaks its rule. */
export function refuse(value: unknown, rule: string, { path, problems }: Place): typeof INVALID {
  const message =
    value === undefined
      ? `is required; ${rule}`
      : value === null
        ? 'has no value; give it one or remove the line'
        : rule;
  problems.add(formatPath(path), message);
  return INVALID;
}

type Shape = Readonly<Record<string, Schema<unknown>>>;
type OptionalKey<Fields extends Shape> = {
  [Key in keyof Fields]: undefined extends Infer<Fields[Key]> ? Key : never;
}[keyof Fields];
type Block<Fields extends Shape> = { [Key in Exclude<keyof Fields, OptionalKey<Fields>>]: Infer<Fields[Key]> } & {
  [Key in OptionalKey<Fields>]?: Infer<Fields[Key]>;
};
/** One mapping in place of an intersection, which types of error messages and editors show as it is. */
type Flat<Value> = { [Key in keyof Value]: Value[Key] };

/** A mapping with these keys and no others. Each unknown key is reported with the nearest known one. */
export function block<const Fields extends Shape>(fields: Fields): Schema<Flat<Block<Fields>>> {
  return schema((value, place) => {
    if (!isMapping(value)) return refuse(value, MAPPING_RULE, place);
    const found: Record<string, unknown> = {};
    let valid = true;
    for (const [key, field] of Object.entries(fields)) {
      const item = field.read(Object.hasOwn(value, key) ? value[key] : undefined, below(place, key));
      if (item === INVALID) valid = false;
      else if (item !== undefined) found[key] = item;
    }
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(fields, key)) continue;
      valid = false;
      place.problems.add(formatPath([...place.path, key]), unknownKey(key, Object.keys(fields)));
    }
    return valid ? (found as Flat<Block<Fields>>) : INVALID;
  });
}

/** A mapping whose keys somebody chose. */
export function record<Value>(keys: Schema<string>, values: Schema<Value>): Schema<Record<string, Value>> {
  return schema((value, place) => {
    if (!isMapping(value)) return refuse(value, MAPPING_RULE, place);
    const found: [string, Value][] = [];
    let valid = true;
    for (const [key, entry] of Object.entries(value)) {
      // Whoever copies this by assignment would change the copy's prototype.
      if (key === '__proto__') continue;
      const at = below(place, key);
      const problems = {
        ...at.problems,
        add: (path: string, rule: string) => at.problems.add(path, `the key ${rule}`),
      };
      const item = keys.read(key, { ...at, problems }) === INVALID ? INVALID : values.read(entry, at);
      if (item === INVALID) valid = false;
      else found.push([key, item]);
    }
    return valid ? Object.fromEntries(found) : INVALID;
  });
}

/** @param tooShort what to say of an empty list; default: it may be empty. */
export function list<Value>(items: Schema<Value>, tooShort?: string): Schema<Value[]> {
  return schema((value, place) => {
    if (!Array.isArray(value)) return refuse(value, 'must be a list', place);
    if (value.length === 0 && tooShort !== undefined) return refuse(value, tooShort, place);
    const read = value.map((item: unknown, index) => items.read(item, below(place, index)));
    return read.includes(INVALID) ? INVALID : (read as Value[]);
  });
}

/** Words short and plain enough to repeat in a message; anything else may be a key that went astray. */
const REPEATABLE = /^[\w.-]{1,24}$/;

export function oneOf<const Name extends string>(names: readonly Name[]): Schema<Name> {
  return schema((value, place) => {
    const name = names.find((candidate) => candidate === value);
    if (name !== undefined) return name;
    const rule = `must be one of ${names.join(', ')}`;
    if (typeof value !== 'string') return refuse(value, rule, place);
    const suggestion = nearest(value, names);
    const shown = REPEATABLE.test(value) ? `"${value}" is not known here; ` : '';
    return refuse(value, `${shown}${rule}${suggestion === undefined ? '' : `. Did you mean ${suggestion}?`}`, place);
  });
}

/** Text whose `fault` says what is wrong with it, or nothing. */
export function textWith(fault: (text: string) => string | undefined): Schema<string> {
  return schema((value, place) => {
    if (typeof value !== 'string') return refuse(value, 'must be text (quote it if it looks like a number)', place);
    const rule = fault(value);
    return rule === undefined ? value : refuse(value, rule, place);
  });
}

export const anything = schema<unknown>((value) => value);

/** What is read after `change`, which brings other ways of writing the same into one. */
export function changed<Value>(change: (value: unknown) => unknown, changedTo: Schema<Value>): Schema<Value> {
  return schema((value, place) => changedTo.read(change(value), place));
}

export function unknownKey(key: string, known: readonly string[]): string {
  const suggestion = nearest(key, known);
  const hint = suggestion === undefined ? '' : ` Did you mean ${suggestion}?`;
  return `is not a known key.${hint} Known keys here: ${known.join(', ')}`;
}

const MAPPING_RULE = 'must be a mapping of keys to values';

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function below(place: Place, segment: PathSegment): Place {
  return { path: [...place.path, segment], problems: place.problems };
}
