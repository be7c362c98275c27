import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { readEnvironment } from '../shared/config/environment.ts';
import { loadConfig } from '../shared/config/load.ts';
import type { LoadedConfig } from '../shared/config/types.ts';
import { AppError } from '../shared/contracts/app-error.ts';
import { build, ROOT } from './build.ts';
import { listOllamaModels } from './local-ollama.ts';

/**
 * Builds the gateway, which is all functions behind one URL, and serves it under the functions framework, on HOST and PORT.
 * The framework's own command line listens on every interface; its server object does not have to.
 */
export async function serve({ host, port }: { host: string; port: number }): Promise<{ server: Server; url: string }> {
  await build(['gateway']);
  await import(pathToFileURL(join(ROOT, 'dist', 'gateway', 'index.js')).href);
  const server = getTestServer('gateway');
  server.setTimeout(0);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  return { server, url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}` };
}

/** A port as text; 0 takes any that is free. @throws AppError `configuration`. */
export function readPort(text = ''): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (text !== '' && !(port <= 65_535)) throw new AppError('configuration', 'PORT is a number from 0 to 65535.');
  return text === '' ? 8080 : port;
}

/** What a person wants to know after the start, in the order they want to know it. */
export function describeStart({ config, choices }: LoadedConfig, url: string): string {
  const lines = [`Sluice is listening on ${url}`, `Configuration: ${config.source}`];
  for (const choice of choices) lines.push(`  ${choice}`);
  for (const agent of config.agents) {
    const legs = agent.legs.map(({ provider, model }) => `${provider}/${model}`).join(' → ');
    lines.push(`Agent ${agent.name}: ${legs}`);
  }
  const { embeddings, vectorstore } = config;
  if (embeddings)
    lines.push(`Embeddings: ${embeddings.provider}/${embeddings.model} (${embeddings.dimensions ?? '?'} dimensions)`);
  if (vectorstore) lines.push(`Vector store: ${vectorstore.provider}`);
  const model = config.agents[0]?.name ?? 'default';
  lines.push(
    '',
    ...(config.playground ? [`The page: ${url}/`] : []),
    'Try it:',
    `  curl ${url}/v1/chat/completions -H 'content-type: application/json' \\`,
    ...(config.auth.mode === 'api_key' ? ["    -H 'authorization: Bearer YOUR-KEY' \\"] : []),
    `    -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello"}]}'`,
  );
  return lines.join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const environment = readEnvironment();
    const loaded = await loadConfig({ environment, probe: listOllamaModels });
    const ollama = loaded.config.agents.flatMap(({ legs }) => legs).find(({ provider }) => provider === 'ollama');
    if (loaded.config.source !== environment.SLUICE_CONFIG && ollama) process.env.SLUICE_OLLAMA_MODEL = ollama.model;
    const { url } = await serve({ host: environment.HOST || '127.0.0.1', port: readPort(environment.PORT) });
    console.log(describeStart(loaded, url));
  } catch (error) {
    const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    console.error(
      inUse
        ? 'The port is in use. Choose another one: PORT=8090 npm start'
        : error instanceof AppError
          ? error.message
          : error,
    );
    process.exit(1);
  }
}
