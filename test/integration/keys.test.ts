import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';

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

describe('keys and prompts', () => {
  const upstreams = new Map<string, ScriptedServer>();
  let server: AppServer;

  beforeAll(async () => {
    for (const name of NAMES) upstreams.set(name, await createScriptedServer());
    const agents = NAMES.map((name) => {
      const key = name === 'vertexai' || name === 'ollama' ? '' : `, api_key: "${keyOf(name)}"`;
      const project = name === 'vertexai' ? ', project_id: p' : '';
      const endpoint = `${upstreams.get(name)?.origin}${PROVIDERS[name]}`;
      const model = name === 'xai' ? 'grok-4' : 'some-model';
      return `  - {name: a-${name}, role: assistant, provider: ${name}, model: ${model}, endpoint: "${endpoint}"${key}${project}, retry: {max_attempts: 1}}`;
    });
    server = await startAppServer({
      yaml: `agents:\n${agents.join('\n')}\n`,
      accessToken: async () => keyOf('vertexai'),
    });
  });

  afterAll(async () => {
    await server.close();
    for (const upstream of upstreams.values()) await upstream.close();
  });

  const ask = async (name: string, stream: boolean): Promise<string> => {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: `a-${name}`, stream, messages: [{ role: 'user', content: PROMPT }] }),
    });
    return `${JSON.stringify([...response.headers])} ${await response.text()}`;
  };

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
      for (const secret of ['keymark', PROMPT, '10.1.2.3', '/home/models']) expect(answer).not.toContain(secret);
    }
  });

  it.each(NAMES)('of %s stay inside when it fails within a 200', async (name) => {
    const body = JSON.stringify(tellTale(name));
    for (const headers of [{ 'content-type': 'application/json' }, { 'content-type': 'text/event-stream' }]) {
      const isStream = headers['content-type'] === 'text/event-stream' && name !== 'ollama';
      upstreams.get(name)?.reply({ headers, body: isStream ? `data: ${body}\n\n` : `${body}\n` });
      const answer = await ask(name, true);
      expect(answer).toContain('"error"');
      for (const secret of ['keymark', PROMPT, '10.1.2.3', '/home/models']) expect(answer).not.toContain(secret);
    }
  });

  it('are in no log line', () => {
    const log = JSON.stringify(server.logged);
    expect(server.logged.length).toBeGreaterThan(100);
    for (const secret of ['keymark', PROMPT, '10.1.2.3', '/home/models']) expect(log).not.toContain(secret);
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
      if (name !== 'ollama' && !url.startsWith('/api/')) expect(sent).toContain(keyOf(name));
    }
  });
});
