import { type Environment, isCloudRun, isProduction, projectId } from './environment.ts';
import { type Interpolated, interpolate } from './interpolate.ts';
import type { NormalizeContext } from './normalize/context.ts';
import { type DocumentScope, normalizeDocument } from './normalize/document.ts';
import { createProblems, type Problems, toConfigurationError } from './problems.ts';
import { parseDocument } from './schema/document.ts';
import type { LoadedConfig } from './types.ts';

/**
 * The configuration of the plain tree that a file was parsed to.
 *
 * @throws AppError `configuration` listing every problem, one per line, each with its path.
 */
export function fromTree(
  tree: unknown,
  { environment, source, nowMs }: { environment: Environment; source: string; nowMs: number },
): LoadedConfig {
  const problems = createProblems();
  const interpolated = interpolate(tree, environment);
  reportVariables(interpolated, problems);
  const { document, invalid } = parseDocument(interpolated.value, problems);
  return finish({ source, document, invalid, defaults: false, nowMs }, { environment, problems, interpolated });
}

/** What the blocks of a file, or their absence, come to. */
export function finish(
  scope: DocumentScope,
  {
    environment,
    problems = createProblems(),
    interpolated,
  }: { environment: Environment; problems?: Problems; interpolated?: Interpolated },
): LoadedConfig {
  const context: NormalizeContext = {
    environment,
    production: isProduction(environment),
    cloudRun: isCloudRun(environment),
    project: projectId(environment),
    problems,
    missingAt: (path) => interpolated?.missing.get(path),
  };
  const loaded = normalizeDocument(scope, context);
  if (loaded.config.strict) for (const warning of problems.warnings) problems.add('', `${warning} (strict)`);
  if (problems.lines.length > 0) throw toConfigurationError(scope.source, problems.lines);
  return loaded;
}

/**
 * Missing variables are problems, except where the configuration works without the value: a leg among several is
 * disabled, and HuggingFace embeds without a key. Those are decided when the block is read.
 */
function reportVariables({ value, missing, malformed }: Interpolated, problems: Problems): void {
  for (const { path, message } of malformed) {
    problems.add(path, message);
    problems.silence(path);
  }
  for (const [path, names] of missing) {
    if (isOptional(path, value)) continue;
    const [name] = names;
    problems.add(path, `${names.join(' and ')} is missing or empty; set it, or write \${${name}:-default}`);
    problems.silence(path);
  }
}

function isOptional(path: string, tree: unknown): boolean {
  if (path === 'embeddings.huggingface.api_key') return true;
  const match = /^agents\[(\d+)\]\.providers\[\d+\]\.api_key(?:\[\d+\])?$/.exec(path);
  if (match === null) return false;
  const { agents } = tree as { readonly agents: readonly { readonly providers: readonly unknown[] }[] };
  return (agents[Number(match[1])]?.providers.length ?? 0) > 1;
}
