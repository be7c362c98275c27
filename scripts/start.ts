import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { readEnvironment } from '../shared/config/environment.ts';
import { loadConfig } from '../shared/config/load.ts';
import type { LoadedConfig } from '../shared/config/types.ts';
import { AppError } from '../shared/contracts/app-error.ts';
import { buildLocally } from './local-build.ts';
import { listOllamaModels } from './local-ollama.ts';

/**
 * Builds the gateway, which is all functions behind one URL, and serves it under the functions framework, on HOST and PORT.
 * The framework's own command line listens on every interface; its server object does not have to.
 */
export async function serve({ host, port }: { host: string; port: number }): Promise<{ server: Server; url: string }> {
  const directory = await buildLocally(['gateway']);
  await import(pathToFileURL(join(directory, 'gateway', 'index.js')).href);
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

/** Why nothing can listen there, with the cure; undefined for an error of another kind. */
export function explainListenFault(error: unknown, { host, port }: { host: string; port: number }): string | undefined {
  const { code, syscall } = error as NodeJS.ErrnoException;
  // Files have errors of the same names.
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use. Choose another one: PORT=8090 npm start`;
    case 'EACCES':
      return `Port ${port} may not be opened by this user. Choose another one: PORT=8090 npm start`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST ${host} is no address of this machine. Leave it out for 127.0.0.1, or set HOST=0.0.0.0 for all addresses.`;
    default:
      return undefined;
  }
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
  const environment = readEnvironment();
  const host = environment.HOST || '127.0.0.1';
  let port = 0;
  try {
    port = readPort(environment.PORT);
    const loaded = await loadConfig({ environment, probe: listOllamaModels });
    const ollama = loaded.config.agents.flatMap(({ legs }) => legs).find(({ provider }) => provider === 'ollama');
    if (loaded.config.source !== environment.SLUICE_CONFIG && ollama) process.env.SLUICE_OLLAMA_MODEL = ollama.model;
    const { url } = await serve({ host, port });
    console.log(describeStart(loaded, url));
  } catch (error) {
    console.error(explainListenFault(error, { host, port }) ?? (error instanceof AppError ? error.message : error));
    process.exit(1);
  }
}
