import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument as parseYaml } from 'yaml';
import { AppError } from '../contracts/app-error.ts';
import { findOllama, type LocalOllama, type OllamaProbe } from './defaults.ts';
import { fromOllamaHost } from './endpoint.ts';
import { type Environment, isCloudRun, isProduction, projectId } from './environment.ts';
import { type Interpolated, interpolate } from './interpolate.ts';
import type { NormalizeContext } from './normalize/context.ts';
import { type DocumentScope, normalizeDocument } from './normalize/document.ts';
import { createProblems, type Problems, toConfigurationError } from './problems.ts';
import { parseDocument } from './schema/document.ts';
import type { LoadedConfig } from './types.ts';

const FILE_NAME = 'agents.yaml';
const DEFAULTS = 'development defaults';

/**
 * Reads the configuration: the file `SLUICE_CONFIG` names; else, on Cloud Run, `agents.yaml` in `directory`, which must
 * be there; else development defaults.
 *
 * @param options.directory where the deployed bundle is; default the working directory.
 * @param options.probe asked for a local Ollama when there is no file; default none.
 * @throws AppError `configuration` listing every problem, one per line.
 */
export async function loadConfig({
  environment,
  directory = '.',
  probe,
}: {
  environment: Environment;
  directory?: string;
  probe?: OllamaProbe;
}): Promise<LoadedConfig> {
  const named = environment.SLUICE_CONFIG;
  const file =
    named !== undefined && named !== '' ? named : isCloudRun(environment) ? join(directory, FILE_NAME) : undefined;
  if (file === undefined) return createDevelopmentConfig({ environment, ...(probe === undefined ? {} : { probe }) });
  return parseConfig(await readText(file, file === named ? 'SLUICE_CONFIG' : undefined), { environment, source: file });
}

/**
 * The configuration of a YAML text.
 *
 * @param options.source what error messages call the text, usually its path.
 * @param options.nowMs the present, which decides whether keys have expired.
 * @throws AppError `configuration` listing every problem, one per line, each with its path.
 */
export function parseConfig(
  text: string,
  {
    environment,
    source = 'the configuration',
    nowMs = Date.now(),
  }: { environment: Environment; source?: string; nowMs?: number },
): LoadedConfig {
  const problems = createProblems();
  const tree = readTree(text, problems);
  if (problems.lines.length > 0) throw toConfigurationError(source, problems.lines);
  const interpolated = interpolate(tree, environment);
  reportVariables(interpolated, problems);
  const { document, invalid } = parseDocument(interpolated.value, problems);
  return finish({ source, document, invalid, defaults: false, nowMs }, { environment, problems, interpolated });
}

/**
 * What runs on a development machine without a file: an agent `default` over every provider at hand, local embeddings,
 * vectors in memory, no authentication.
 */
export async function createDevelopmentConfig({
  environment,
  probe,
}: {
  environment: Environment;
  probe?: OllamaProbe;
}): Promise<LoadedConfig> {
  const host = environment.OLLAMA_HOST;
  const address = host === undefined || host === '' ? 'http://localhost:11434' : fromOllamaHost(host);
  const ollama: LocalOllama | undefined = isProduction(environment) ? undefined : await findOllama(address, probe);
  return finish(
    { source: DEFAULTS, document: {}, invalid: new Set(), defaults: true, ollama, nowMs: Date.now() },
    { environment, problems: createProblems() },
  );
}

function finish(
  scope: DocumentScope,
  {
    environment,
    problems,
    interpolated,
  }: { environment: Environment; problems: Problems; interpolated?: Interpolated },
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

/** The plain tree of a YAML text; a bare list is a list of agents. */
function readTree(text: string, problems: Problems): unknown {
  const yaml = parseYaml(text, { merge: true, prettyErrors: true, logLevel: 'error' });
  // The library's own message goes on with lines of the file, which may hold keys.
  for (const { message } of [...yaml.errors, ...yaml.warnings]) problems.add('', message.split(':\n')[0] ?? message);
  if (problems.lines.length > 0) return undefined;
  try {
    const tree: unknown = yaml.toJS();
    // An alias inside its own anchor makes a tree without an end, which nothing below could walk through.
    JSON.stringify(tree);
    if (tree === null || tree === undefined) problems.add('', 'the file is empty');
    return Array.isArray(tree) ? { agents: tree } : tree;
  } catch {
    problems.add('', 'the YAML aliases cannot be resolved');
    return undefined;
  }
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

async function readText(file: string, variable: string | undefined): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    const cure =
      variable === undefined
        ? `put ${FILE_NAME} beside the deployed code, or name a file with SLUICE_CONFIG`
        : `${variable} names it; correct the path`;
    throw new AppError('configuration', `The configuration file ${file} cannot be read (${reason}): ${cure}.`, {
      cause: error,
    });
  }
}
