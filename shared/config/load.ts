import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../contracts/app-error.ts';
import { findOllama, type LocalOllama, type OllamaProbe } from './development-defaults.ts';
import { fromOllamaHost } from './endpoint.ts';
import { type Environment, isCloudRun, isProduction } from './environment.ts';
import { finish, fromTree } from './from-tree.ts';
import { readParsed } from './parsed-file.ts';
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
  const text = await readText(file, file === named ? 'SLUICE_CONFIG' : undefined);
  return fromTree(await readTree(text, file), { environment, source: file, nowMs: Date.now() });
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
    { environment },
  );
}

/** A build has parsed what it ships. Any other file is parsed here, and so is a shipped one that was changed since. */
async function readTree(text: string, file: string): Promise<unknown> {
  const parsed = await readParsed(text, file);
  if (parsed !== undefined) return parsed.tree;
  const { readYaml } = await import('./yaml.ts');
  return readYaml(text, file);
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
