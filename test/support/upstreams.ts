import { onTestFinished } from 'vitest';
import { WIRES } from '../integration/clients/gateway.ts';
import { type Body, toAnswer, type Wire } from '../integration/clients/wires/wire.ts';
import { createScriptedServer, type RecordedRequest, type Script, type ScriptedServer } from './scripted-server.ts';

/** A request for an answer, as a vendor's stand-in got it. */
export interface UpstreamCall {
  /** The stand-in's name. */
  readonly upstream: string;
  readonly model: string;
  readonly key: string | undefined;
  readonly body: Body;
  readonly request: RecordedRequest;
}

/** Local servers in place of vendors. Each answers rightly, in its vendor's format, unless a test says otherwise. */
export interface Upstreams {
  /** Base URLs as the configuration wants them, by the stand-in's name. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** In the order of arrival over all of them. */
  readonly calls: readonly UpstreamCall[];
  /** Writes down what a stand-in answers next, one answer per call. */
  next(upstream: string, ...answers: Script[]): void;
  /** What a stand-in answers when nothing is written down; its right answer when left out. */
  always(upstream: string, answer?: Script): void;
  /** What it answers to those who ask whether it is there. */
  onProbe(upstream: string, answer: Script): void;
  /** Takes a stand-in down: its connections are refused. */
  stop(upstream: string): Promise<void>;
}

const WITH_VERSION: ReadonlySet<string> = new Set(['openai', 'xai', 'vllm', 'huggingface']);
/** What is asked of Ollama beside answers: whether it is there, and what a model can do. */
const PROBE_PATH = '/api/tags';
const FACTS_PATH = '/api/show';
const THERE: Script = { body: { models: [] } };
const FACTS: Script = { body: { capabilities: ['completion', 'tools', 'vision', 'thinking'] } };

/**
 * Started for one test, and gone with it.
 * @param names providers; a suffix tells several of one apart (`openai-eu`).
 */
export async function startUpstreams(names: readonly string[]): Promise<Upstreams> {
  const servers = new Map<string, ScriptedServer>();
  const calls: UpstreamCall[] = [];
  const scripts = new Map<string, Script[]>();
  const standing = new Map<string, Script>();
  const probed = new Map<string, Script>();

  const answer = (name: string, request: RecordedRequest) => {
    const script = toScript(name, request);
    return typeof script === 'function' ? script(request) : script;
  };

  const toScript = (name: string, request: RecordedRequest): Script => {
    if (request.url === FACTS_PATH) return FACTS;
    if (request.url === PROBE_PATH) return probed.get(name) ?? THERE;
    calls.push(toCall(name, request));
    return scripts.get(name)?.shift() ?? standing.get(name) ?? toAnswer(wireOf(name), 'text');
  };

  for (const name of names) servers.set(name, await createScriptedServer((request) => answer(name, request)));
  const stop = async (name: string): Promise<void> => {
    const server = servers.get(name);
    servers.delete(name);
    await server?.close();
  };
  onTestFinished(async () => {
    await Promise.all(names.map(stop));
  });
  return {
    endpoints: Object.fromEntries([...servers].map(([name, { origin }]) => [name, `${origin}${pathOf(name)}`])),
    calls,
    next: (name, ...answers) => void scripts.set(name, [...(scripts.get(name) ?? []), ...answers]),
    always(name, script) {
      if (script === undefined) standing.delete(name);
      else standing.set(name, script);
    },
    onProbe: (name, script) => void probed.set(name, script),
    stop,
  };
}

/** The stand-in's own right answer in one piece or streamed, as it is asked for. */
function wireOf(name: string): Wire {
  const provider = providerOf(name);
  const wire = WIRES.find((candidate) => candidate.provider === provider);
  if (!wire) throw new Error(`There is no format of ${provider}.`);
  return wire;
}

function providerOf(name: string): string {
  return name.split('-')[0] as string;
}

function pathOf(name: string): string {
  return WITH_VERSION.has(providerOf(name)) ? '/v1' : '';
}

function toCall(upstream: string, request: RecordedRequest): UpstreamCall {
  const { headers, url } = request;
  const body = (request.body === '' ? {} : request.json()) as Body;
  const bearer = headers.authorization?.replace(/^Bearer /, '');
  const key = [bearer, headers['x-api-key'], headers['x-goog-api-key']].find((value) => value !== undefined);
  // Google names the model in the path.
  const model = typeof body.model === 'string' ? body.model : (/models\/([^:/?]+)/.exec(url)?.[1] ?? '');
  return { upstream, model, key: key as string | undefined, body, request };
}
