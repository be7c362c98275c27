import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createScriptedServer, type ScriptedAnswer, type ScriptedServer } from '../support/scripted-server.ts';

// Single words: no upstream may smuggle one through as a code or a parameter.
const PROMPT = 'PROMPTMARK51c2';

/** Providers with the path their endpoint ends in. */
const PROVIDERS: Readonly<Record<string, string>> = {
  openai: '/v1',
  xai: '/v1',
  vllm: '/v1',
  huggingface: '/v1',
  anthropic: '',
  gemini: '',
  vertexai: '',
  ollama: '',
};

const NAMES = Object.keys(PROVIDERS);
const keyOf = (name: string): string => `keymark-${name}-9f3e`;

/** What a careless upstream may answer: the key, the prompt and an address, in every place that has room for text. */
function tellTale(name: string, word?: string): Record<string, unknown> {
  const text = word ?? `${keyOf(name)} ${PROMPT} http://10.1.2.3/internal /home/models/file`;
  return {
    error: { message: text, type: text, code: text, param: text, status: text, details: [{ reason: text }] },
    text,
  };
}

/** Which of the things that must stay inside a text holds. */
function findSecrets(text: string): string[] {
  return ['keymark', PROMPT, '10.1.2.3', '/home/models'].filter((secret) => text.includes(secret));
}

const SSE = { 'content-type': 'text/event-stream' };
const HTML = { 'content-type': 'text/html' };

function readFixture(path: string): string {
  return readFileSync(join(import.meta.dirname, '../fixtures/providers', path), 'utf8');
}

/** How each provider's stream begins, up to its first text. */
function toOpening(name: string): string {
  switch (name) {
    case 'anthropic':
      return readFixture('anthropic/error-midstream.sse').split('event: error')[0] ?? '';
    case 'gemini':
    case 'vertexai':
      return `${readFixture('gemini/error-midstream.sse').split('\n\n')[0]}\n\n`;
    case 'ollama':
      return `${readFixture('ollama/error-midstream.ndjson').split('\n')[0]}\n`;
    default:
      return `${readFixture('compatible/openrouter-error.sse').split('\n\n').slice(0, -3).join('\n\n')}\n\n`;
  }
}

/** An event of a provider's stream; of Anthropic's with the name of an error. */
function toStreamEvent(name: string, data: string): string {
  if (name === 'ollama') return `${data}\n`;
  return `${name === 'anthropic' ? 'event: error\n' : ''}data: ${data}\n\n`;
}

/** Ways to fail that are no plain refusal, each telling all that it knows. */
function toFailures(name: string): Readonly<Record<string, ScriptedAnswer>> {
  const telling = JSON.stringify(tellTale(name));
  const words = `${keyOf(name)} ${PROMPT} http://10.1.2.3/internal /home/models/file`;
  const headers = name === 'ollama' ? { 'content-type': 'application/x-ndjson' } : SSE;
  const opening = toOpening(name);
  return {
    'with a redirect': { status: 302, headers: { location: `http://127.0.0.1:9/?key=${keyOf(name)}` }, body: words },
    'with a page': { status: 502, headers: HTML, body: `<html><title>${words}</title></html>` },
    'with a page as its answer': { headers: HTML, body: `<html><title>${words}</title></html>` },
    'with broken JSON': { headers: { 'content-type': 'application/json' }, body: `{"error": {"message": "${words}` },
    'with JSON of another shape': { body: [words, { choices: words, candidates: words, content: words }] },
    'with telling headers': {
      status: 401,
      headers: {
        'www-authenticate': `Bearer realm="${words}"`,
        'x-request-id': keyOf(name),
        'request-id': keyOf(name),
        'retry-after': keyOf(name),
        'x-ratelimit-reset': keyOf(name),
      },
      body: words,
    },
    'by refusing the connection': { finish: 'refuse' },
    'by breaking off an error': { status: 500, pieces: [telling.slice(0, 40)], finish: 'reset' },
    'by breaking off its answer': { headers, pieces: [opening], finish: 'reset' },
    'by ending its answer early': { headers, body: opening },
    'with an error in its answer': { headers, pieces: [opening, toStreamEvent(name, telling)] },
    'with nonsense in its answer': { headers, pieces: [opening, toStreamEvent(name, `{"${words}`)] },
    'by being silent': { finish: 'silence' },
  };
}

const HALF_WAY: ReadonlySet<string> = new Set([
  'by breaking off its answer',
  'by ending its answer early',
  'with an error in its answer',
  'with nonsense in its answer',
]);

function toEmbeddings(origin = ''): string {
  const block = `{api_key: "${keyOf('openai')}", endpoint: "${origin}/v1"}`;
  return `embeddings: {provider: openai, openai: ${block}, retry: {max_attempts: 1}}\n`;
}

/** All that the process writes by other ways than the log, until it is asked to stop. */
function captureOutput(): { readonly written: readonly string[]; stop(): void } {
  const written: string[] = [];
  const restore: (() => void)[] = [];
  const replace = <Target extends object>(target: Target, method: keyof Target): void => {
    const original = target[method];
    const record = (...parts: unknown[]): boolean => written.push(inspect(parts, { depth: null })) > 0;
    target[method] = record as Target[keyof Target];
    restore.push(() => {
      target[method] = original;
    });
  };
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) replace(console, method);
  for (const stream of [process.stdout, process.stderr]) replace(stream, 'write');
  return {
    written,
    stop: () => {
      for (const put of restore) put();
    },
  };
}

describe('keys and prompts', () => {
  const output = captureOutput();
  const upstreams = new Map<string, ScriptedServer>();
  let server: AppServer;

  beforeAll(async () => {
    for (const name of NAMES) upstreams.set(name, await createScriptedServer());
    const agents = NAMES.flatMap((name) => {
      const key = name === 'vertexai' ? '' : `, api_key: "${keyOf(name)}"`;
      const project = name === 'vertexai' ? ', project_id: p' : '';
      const endpoint = `${upstreams.get(name)?.origin}${PROVIDERS[name]}`;
      const model = name === 'xai' ? 'grok-4' : 'some-model';
      const rest = `role: assistant, provider: ${name}, model: ${model}, endpoint: "${endpoint}"${key}${project}, retry: {max_attempts: 1}`;
      return [`  - {name: a-${name}, ${rest}}`, `  - {name: impatient-${name}, timeout: 100ms, ${rest}}`];
    });
    server = await startAppServer({
      yaml: `agents:\n${agents.join('\n')}\n${toEmbeddings(upstreams.get('openai')?.origin)}`,
      accessToken: async () => keyOf('vertexai'),
    });
  });

  afterAll(async () => {
    output.stop();
    await server.close();
    for (const upstream of upstreams.values()) await upstream.close();
  });

  const post = async (path: string, body: object): Promise<string> => {
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return `${JSON.stringify([...response.headers])} ${await response.text()}`;
  };
  const ask = (name: string, stream: boolean, agent = 'a'): Promise<string> =>
    post('/v1/chat/completions', { model: `${agent}-${name}`, stream, messages: [{ role: 'user', content: PROMPT }] });

  const cases = NAMES.flatMap((name) =>
    [400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529].flatMap((status) =>
      [false, true].map((stream) => [name, status, stream] as const),
    ),
  );

  it.each(cases)('of %s stay inside when it answers %i (stream: %s)', async (name, status, stream) => {
    for (const word of [undefined, keyOf(name), PROMPT]) {
      upstreams.get(name)?.reply({ status, body: tellTale(name, word) });
      const answer = await ask(name, stream);
      expect(answer).toContain('"error"');
      expect(findSecrets(answer)).toEqual([]);
    }
  });

  it.each(NAMES)('of %s stay inside when it fails within a 200', async (name) => {
    const body = JSON.stringify(tellTale(name));
    for (const headers of [{ 'content-type': 'application/json' }, { 'content-type': 'text/event-stream' }]) {
      const isStream = headers['content-type'] === 'text/event-stream' && name !== 'ollama';
      upstreams.get(name)?.reply({ headers, body: isStream ? `data: ${body}\n\n` : `${body}\n` });
      const answer = await ask(name, true);
      expect(answer).toContain('"error"');
      expect(findSecrets(answer)).toEqual([]);
    }
  });

  const failures = NAMES.flatMap((name) =>
    Object.entries(toFailures(name)).flatMap(([how, answer]) =>
      [false, true].map((stream) => [name, how, stream, answer] as const),
    ),
  );

  it.each(failures)('of %s stay inside when it fails %s (stream: %s)', async (name, how, stream, failure) => {
    const asked = upstreams.get(name)?.requests.length ?? 0;
    upstreams.get(name)?.reply(failure);
    const answer = await ask(name, stream, failure.finish === 'silence' ? 'impatient' : 'a');
    expect(answer).toContain('"error"');
    // Or it would not have failed where it was meant to.
    if (stream && HALF_WAY.has(how)) expect(answer).toContain('Half an');
    expect(findSecrets(answer)).toEqual([]);
    expect(upstreams.get(name)?.requests.length).toBe(asked + 1);
  });

  const plain = Object.entries(toFailures('openai')).filter(([how]) => !HALF_WAY.has(how) && how !== 'by being silent');

  it.each(plain)('stay inside when embeddings fail %s', async (_, failure) => {
    upstreams.get('openai')?.reply(failure);
    const answer = await post('/v1/embeddings', { model: 'text-embedding-3-small', input: PROMPT });
    expect(answer).toContain('"error"');
    expect(findSecrets(answer)).toEqual([]);
  });

  it('are in no log line, nor in anything else that is written', () => {
    expect(server.logged.length).toBeGreaterThan(300);
    expect(findSecrets(JSON.stringify(server.logged))).toEqual([]);
    expect(findSecrets(inspect(server.logged, { depth: null, showHidden: true }))).toEqual([]);
    expect(findSecrets(output.written.join('\n'))).toEqual([]);
  });

  it.each(NAMES)('reach the origin of %s alone, and never in a URL', async (name) => {
    const requests = upstreams.get(name)?.requests ?? [];
    expect(requests.length).toBeGreaterThan(20);
    for (const { url, headers, body } of requests) {
      expect(url).not.toContain('keymark');
      expect(body).not.toContain('keymark');
      const sent = JSON.stringify(headers);
      for (const other of NAMES) {
        if (other !== name) expect(sent).not.toContain(keyOf(other));
      }
      expect(sent).toContain(keyOf(name));
    }
  });
});
