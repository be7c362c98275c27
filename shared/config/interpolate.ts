import { type Environment, firstSet, PROJECT_VARIABLES } from './environment.ts';
import { formatPath, type PathSegment } from './problems.ts';

/**
 * Stands where a variable is missing. Whether that is an error depends on the place (a leg of a cascade is only
 * disabled), which is decided later, so the tree keeps its shape until then.
 */
export const MISSING_VALUE = '\u0000missing variable\u0000';

export interface Interpolated {
  readonly value: unknown;
  /** Missing or empty variables by path. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
  /** Malformed references: path and what is wrong. */
  readonly malformed: readonly { readonly path: string; readonly message: string }[];
}

const REFERENCE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;

/**
 * Puts variables into the text values of a parsed document, once: what comes out of a variable is never looked at
 * again. `${NAME}` must be set and not empty, `${NAME:-default}` falls back (the default may be empty), `$${` is a
 * literal `${`. Keys, numbers and booleans stay as they are.
 */
export function interpolate(tree: unknown, environment: Environment): Interpolated {
  const missing = new Map<string, string[]>();
  const malformed: { path: string; message: string }[] = [];

  const visit = (node: unknown, segments: readonly PathSegment[]): unknown => {
    if (typeof node === 'string') {
      if (!node.includes('${')) return node;
      const result = expand(node, environment);
      const path = formatPath(segments);
      if (result.malformed !== undefined) malformed.push({ path, message: result.malformed });
      if (result.missing.length > 0) missing.set(path, result.missing);
      return result.malformed === undefined && result.missing.length === 0 ? result.text : MISSING_VALUE;
    }
    if (Array.isArray(node)) return node.map((item, index) => visit(item, [...segments, index]));
    if (typeof node === 'object' && node !== null) {
      return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, visit(item, [...segments, key])]));
    }
    return node;
  };

  return { value: visit(tree, []), missing, malformed };
}

interface Expansion {
  readonly text: string;
  readonly missing: string[];
  readonly malformed: string | undefined;
}

function expand(text: string, environment: Environment): Expansion {
  const missing: string[] = [];
  let result = '';
  let position = 0;
  for (;;) {
    const start = text.indexOf('${', position);
    if (start === -1) return { text: result + text.slice(position), missing, malformed: undefined };
    if (start > position && text[start - 1] === '$') {
      result += `${text.slice(position, start - 1)}\${`;
      position = start + 2;
      continue;
    }
    result += text.slice(position, start);
    const end = text.indexOf('}', start);
    if (end === -1) return { text, missing, malformed: rule('a "${" is not closed') };
    const [, name, fallback] = REFERENCE.exec(text.slice(start + 2, end)) ?? [];
    if (name === undefined) return { text, missing, malformed: rule('a reference does not name a variable') };
    if (fallback?.includes('${')) return { text, missing, malformed: rule('a default cannot hold another variable') };
    const value = lookUp(name, environment) ?? fallback;
    if (value === undefined) missing.push(name);
    else result += value;
    position = end + 1;
  }
}

/** The project's names stand in for each other, so that a file written with one works where the other is set. */
function lookUp(name: string, environment: Environment): string | undefined {
  const names = PROJECT_VARIABLES.some((variable) => variable === name) ? [name, ...PROJECT_VARIABLES] : [name];
  return firstSet(environment, names)?.value;
}

function rule(fault: string): string {
  return `${fault}; write \${NAME}, \${NAME:-default}, or $\${ for a literal "\${"`;
}
