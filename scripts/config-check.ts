/**
 * Checks a configuration file without starting anything: what it means is printed, or everything that is wrong.
 *
 *   npm run config-check FILE
 *
 * Variables are taken from the environment, as at start-up. Exit code 0: usable, 1: problems (on stderr), 2: wrong
 * usage.
 */
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { AuthConfig } from '../shared/config/auth-types.ts';
import { type Environment, readEnvironment } from '../shared/config/environment.ts';
import { parseConfig } from '../shared/config/parse.ts';
import type { AgentConfig, LegConfig, LoadedConfig, VectorStoreConfig } from '../shared/config/types.ts';
import { AppError } from '../shared/contracts/app-error.ts';
import { exitWithUsage, readCommandLine } from './command-line.ts';

export interface CheckReport {
  readonly exitCode: 0 | 1;
  /** Lines for stdout. */
  readonly output: readonly string[];
  /** Lines for stderr. */
  readonly errors: readonly string[];
}

export async function checkConfigFile(file: string, environment: Environment): Promise<CheckReport> {
  try {
    const text = await readFile(file, 'utf8');
    return { exitCode: 0, output: describe(parseConfig(text, { environment, source: file })), errors: [] };
  } catch (error) {
    return { exitCode: 1, output: [], errors: [explain(error, file)] };
  }
}

function explain(error: unknown, file: string): string {
  if (error instanceof AppError) return error.message;
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined) return `${file} cannot be read (${code}).`;
  throw error;
}

/** What a configuration means, without any key. */
function describe({ config, choices }: LoadedConfig): string[] {
  const { embeddings, vectorstore, cache } = config;
  const dimensions = embeddings?.dimensions === undefined ? '' : ` (${embeddings.dimensions} dimensions)`;
  return [
    `${config.source} is valid for ${config.production ? 'production' : 'development'}.`,
    '',
    ...config.agents.flatMap(describeAgent),
    `embeddings: ${embeddings === undefined ? 'none' : `${embeddings.provider}/${embeddings.model}${dimensions}`}`,
    `vector store: ${vectorstore === undefined ? 'none' : describeStore(vectorstore)}`,
    `auth: ${describeAuth(config.auth)}`,
    `cache: ${cache?.provider ?? 'none'}`,
    ...section('Chosen because the file does not say', choices),
    ...section('Warnings', config.warnings),
  ];
}

function describeAgent(agent: AgentConfig): string[] {
  const traits = [
    agent.role,
    ...(agent.legs.length > 1 ? [agent.strategy] : []),
    ...(agent.localOnly ? ['local only'] : []),
  ];
  return [
    `agent ${agent.name} (${traits.join(', ')})`,
    ...agent.legs.map((leg, index) => `  ${index + 1}. ${describeLeg(leg)}`),
    ...agent.disabledLegs.map(({ provider, model, reason }) => `  -  ${provider}/${model}: disabled, ${reason}`),
  ];
}

function describeLeg(leg: LegConfig): string {
  const secrets = leg.apiKeys.flatMap((key) => ('secret' in key ? [key.secret] : []));
  const written = leg.apiKeys.length - secrets.length;
  const details = [
    ...(leg.service === undefined ? [] : [`model service ${leg.service}`]),
    ...(leg.endpoint === undefined ? [] : [`at ${leg.endpoint}`]),
    ...(leg.project === undefined ? [] : [`project ${leg.project}, ${leg.location}`]),
    ...(written === 0 ? [] : [written === 1 ? '1 key' : `${written} keys`]),
    ...secrets.map((secret) => `secret ${secret}`),
  ];
  return [`${leg.provider}/${leg.model}`, ...details].join(', ');
}

function describeAuth({ mode, keys, keysCollection, iam }: AuthConfig): string {
  const names = keys.map(({ name }) => name).join(', ');
  return [
    mode as string,
    ...(names === '' ? [] : [`keys ${names}`]),
    ...(keysCollection === undefined ? [] : [`keys in the Firestore collection ${keysCollection}`]),
    ...(iam?.tenantFrom === undefined ? [] : [`a tenant for each ${iam.tenantFrom}`]),
  ].join(', ');
}

function describeStore(store: VectorStoreConfig): string {
  const { embeddingDimensions: dimensions } = store;
  return `${store.provider}${dimensions === undefined ? '' : ` (${dimensions} dimensions)`}${store.tenancy ? ', by tenant' : ''}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
}

const [, script, ...args] = process.argv;
if (script !== undefined && import.meta.url === pathToFileURL(script).href) {
  const usage = 'Usage: npm run config-check FILE';
  const given = readCommandLine(args, { allowPositionals: true });
  if (typeof given === 'string') exitWithUsage(given, usage);
  const [file, ...more] = given.positionals;
  if (file === undefined || more.length > 0) exitWithUsage('Name one configuration file.', usage);
  const { exitCode, output, errors } = await checkConfigFile(file, readEnvironment());
  for (const line of output) process.stdout.write(`${line}\n`);
  for (const line of errors) process.stderr.write(`${line}\n`);
  process.exitCode = exitCode;
}
