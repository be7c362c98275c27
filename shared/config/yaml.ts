import { parseDocument } from 'yaml';
import { createProblems, toConfigurationError } from './problems.ts';

/**
 * The plain tree of a YAML text; a bare list is a list of agents.
 *
 * @param source what error messages call the text.
 * @throws AppError `configuration` listing every problem, one per line.
 */
export function readYaml(text: string, source: string): unknown {
  const problems = createProblems();
  const yaml = parseDocument(text, { merge: true, prettyErrors: true, logLevel: 'error' });
  // The library's own message goes on with lines of the file, which may hold keys.
  for (const { message } of [...yaml.errors, ...yaml.warnings]) problems.add('', message.split(':\n')[0] ?? message);
  const tree = problems.lines.length > 0 ? undefined : toTree(() => yaml.toJS(), problems.add);
  if (problems.lines.length > 0) throw toConfigurationError(source, problems.lines);
  return Array.isArray(tree) ? { agents: tree } : tree;
}

function toTree(make: () => unknown, add: (path: string, message: string) => void): unknown {
  try {
    const tree = make();
    // An alias inside its own anchor makes a tree without an end, which nothing below could walk through.
    JSON.stringify(tree);
    if (tree === null || tree === undefined) add('', 'the file is empty');
    return tree;
  } catch {
    add('', 'a YAML alias names no anchor before it, or a merge key (`<<`) holds something else than maps');
    return undefined;
  }
}
