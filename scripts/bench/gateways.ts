import { join } from 'node:path';
import { build } from '../build.ts';
import { BENCH_KEY, writeBenchConfig } from './bench-config.ts';
import { buildBenchServers } from './bench-servers.ts';
import { installGatewayPeers, installGenkitPeer } from './gateway-peers.ts';
import { createLoadClient, type LoadClient, type LoadRequest } from './load.ts';
import { MEASURED_CORE, OTHER_CORE, type ServerProcess, startServer } from './server-process.ts';

export const FRAMEWORK_CLI = 'node_modules/@google-cloud/functions-framework/build/src/main.js';

export type Vendor = 'openai' | 'anthropic' | 'gemini';

/** What a client asks for. */
export interface Ask {
  readonly vendor: Vendor;
  readonly stream: boolean;
  readonly prompt: string;
  readonly tools?: boolean;
  /** Which of our agents; the others have none. Default: the one of the vendor. */
  readonly agent?: string;
}

export interface Gateway {
  readonly name: string;
  readonly server: ServerProcess;
  readonly client: LoadClient;
  /** How a client of this gateway asks; undefined when it has no such way. */
  toRequest(ask: Ask): LoadRequest | undefined;
}

export interface GatewaysOptions {
  readonly scratch: string;
  /** Agents in our configuration beside the ones that are asked. */
  readonly agents?: number;
  /** For each number an agent `legs-NUMBER` with a cascade of so many legs. */
  readonly legs?: readonly number[];
  /** Names of those that are started; default: all. */
  readonly only?: readonly string[];
  /** More arguments of the `node` that runs ours, such as a profiler's. */
  readonly nodeArguments?: readonly string[];
}

export interface Gateways {
  readonly upstream: ServerProcess;
  readonly direct: LoadClient;
  readonly all: readonly Gateway[];
  get(name: string): Gateway;
  stop(): Promise<void>;
}

/** Starts the upstream, our gateway as it is deployed, and its peers, each in a process of its own. */
export async function startGateways({
  scratch,
  agents = 1,
  legs = [],
  only,
  nodeArguments = [],
}: GatewaysOptions): Promise<Gateways> {
  const peers = await installGatewayPeers();
  const server = await buildBenchServers(peers.directory);
  const dist = join(peers.directory, 'dist');
  await build(['chat'], dist);
  const script = (name: string): string => join(server(name), 'index.js');
  const upstream = await startServer({ args: [script('upstream')], core: OTHER_CORE, readyPath: '/left' });
  const environment = await writeBenchConfig(scratch, { upstream: upstream.url, agents, legs });
  const cli = join(peers.directory, FRAMEWORK_CLI);

  const start = async (
    name: string,
    args: readonly string[],
    toRequest: Gateway['toRequest'],
    { env = {}, readyPath = '/' }: { env?: Readonly<Record<string, string>>; readyPath?: string } = {},
  ): Promise<Gateway> => {
    const started = await startServer({ args, core: MEASURED_CORE, env, readyPath });
    return { name, server: started, client: createLoadClient(started.url), toRequest };
  };
  const peerEnvironment = { NODE_ENV: 'production', UPSTREAM: upstream.url };

  const known: Readonly<Record<string, () => Promise<Gateway>>> = {
    Sluice: () =>
      start(
        'Sluice',
        [...nodeArguments, cli, '--target=chat', `--source=${join(dist, 'chat')}`],
        (ask) => ({
          ...chatRequest(ask, ask.agent ?? (ask.vendor === 'openai' ? 'bench' : `bench-${ask.vendor}`)),
          headers: { authorization: `Bearer ${BENCH_KEY}` },
        }),
        { env: environment, readyPath: '/health' },
      ),
    Portkey: () =>
      start(
        'Portkey',
        [
          join(peers.directory, 'node_modules/@portkey-ai/gateway/build/start-server.js'),
          '--headless',
          '--port={port}',
        ],
        (ask) => ({
          ...chatRequest(ask, MODELS[ask.vendor]),
          headers: portkeyHeaders(ask.vendor, upstream.url),
          // Its Gemini streams end without a mark.
          ...(ask.stream ? { expected: 'word63' } : {}),
        }),
        { env: peerEnvironment },
      ),
    'pass-through': () =>
      start('pass-through', [cli, '--target=pass', `--source=${server('pass-through')}`], rawRequest, {
        env: peerEnvironment,
      }),
    'node:http': () => start('node:http', [script('bare-proxy')], rawRequest, { env: peerEnvironment }),
    'AI SDK': () => start('AI SDK', [script('ai-sdk')], frameworkRequest, { env: peerEnvironment }),
    Genkit: async () => start('Genkit', [await buildGenkitServer()], frameworkRequest, { env: peerEnvironment }),
  };
  const all: Gateway[] = [];
  for (const [name, make] of Object.entries(known))
    if (only === undefined || only.includes(name)) all.push(await make());
  const direct = createLoadClient(upstream.url);
  return {
    upstream,
    direct,
    all,
    get(name) {
      const gateway = all.find((one) => one.name === name);
      if (gateway === undefined) throw new Error(`There is no gateway ${name}.`);
      return gateway;
    },
    async stop() {
      await Promise.all([direct, ...all.map(({ client }) => client)].map((client) => client.close()));
      await Promise.all([upstream, ...all.map(({ server: running }) => running)].map((running) => running.stop()));
    },
  };
}

/** Installs Genkit and builds its gateway beside it. @returns the script to run. */
export async function buildGenkitServer(): Promise<string> {
  const { directory } = await installGenkitPeer();
  return join((await buildBenchServers(directory))('genkit'), 'index.js');
}

const MODELS: Readonly<Record<Vendor, string>> = {
  openai: 'gpt-4o-mini',
  anthropic: 'claude-haiku-4-5',
  gemini: 'gemini-2.5-flash',
};

const TOOL = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather in a city, now.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

/** A chat request in OpenAI's form, which all gateways take. */
function chatRequest({ stream, prompt, tools }: Ask, model: string): Omit<LoadRequest, 'headers'> {
  const body = {
    model,
    messages: [{ role: 'user', content: prompt }],
    max_tokens: 500,
    ...(stream ? { stream: true } : {}),
    ...(tools ? { tools: [TOOL] } : {}),
  };
  return {
    path: '/v1/chat/completions',
    body: Buffer.from(JSON.stringify(body)),
    expected: tools ? 'Berlin' : stream ? '[DONE]' : 'word63',
  };
}

/** What a gateway made with a framework is asked: text from OpenAI, no tools. */
function frameworkRequest(ask: Ask): LoadRequest | undefined {
  return ask.vendor === 'openai' && !ask.tools ? { ...chatRequest(ask, 'bench'), headers: {} } : undefined;
}

/** The same question in the vendor's own form, for those who pass on what they get. */
export function rawRequest(ask: Ask): LoadRequest {
  const { vendor, stream, prompt } = ask;
  if (vendor === 'openai') return { ...chatRequest(ask, MODELS.openai), headers: {} };
  if (vendor === 'anthropic') {
    const body = { ...JSON.parse(chatRequest(ask, MODELS.anthropic).body.toString('utf8')), max_tokens: 500 };
    const expected = stream ? 'message_stop' : 'word63';
    return { path: '/v1/messages', headers: {}, body: Buffer.from(JSON.stringify(body)), expected };
  }
  const method = stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
  const body = Buffer.from(JSON.stringify({ contents: [{ role: 'user', parts: [{ text: prompt }] }] }));
  return { path: `/v1beta/models/${MODELS.gemini}:${method}`, headers: {}, body, expected: 'word63' };
}

function portkeyHeaders(vendor: Vendor, upstream: string): Record<string, string> {
  return {
    authorization: 'Bearer upstream-key',
    'x-portkey-provider': vendor === 'gemini' ? 'google' : vendor,
    'x-portkey-custom-host': `${upstream}${vendor === 'gemini' ? '/v1beta' : '/v1'}`,
  };
}
