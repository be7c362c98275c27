import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ChatCall, ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import type { HttpFetch } from '../../../shared/contracts/http-fetch.ts';
import { createOllamaProvider } from '../../../shared/providers/ollama.ts';
import { createScriptedFetch, type ScriptedResponse } from '../../contracts/scripted-fetch.ts';
import { toChatCall } from '../../support/chat-call.ts';

const ENDPOINT = 'http://localhost:11434';
const MODEL = 'gemma2:2b';
const tools: ChatRequest['tools'] = [{ type: 'function', function: { name: 'f' } }];
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } } as const;
const withImage: ChatRequest['messages'] = [{ role: 'user', content: [image] }];
const hello: ChatRequest['messages'] = [{ role: 'user', content: 'Hi' }];

function load(name: string): string {
  return readFileSync(new URL(`../../fixtures/providers/ollama/${name}`, import.meta.url), 'utf8');
}

/** A server that describes its model with `show`, and answers chats with `chat`. */
function createServer(show: ScriptedResponse, chat: ScriptedResponse = { body: load('answer.json') }) {
  let atMs = 0;
  const { exchanges, fetch } = createScriptedFetch(({ url }) => (url.endsWith('/api/show') ? show : chat));
  const provider = createOllamaProvider({ now: () => atMs });
  return {
    ask: (changes: Partial<ChatRequest>, call: Partial<ChatCall> = {}) =>
      provider.complete(toCall(fetch, { messages: hello, ...changes }, call)),
    paths: () => exchanges.map(({ url }) => url.slice(ENDPOINT.length)),
    bodies: () => exchanges.map(({ body }) => JSON.parse(body)),
    wait: (milliseconds: number) => {
      atMs += milliseconds;
    },
  };
}

function toCall(fetch: HttpFetch, request: Omit<ChatRequest, 'model'>, call: Partial<ChatCall>): ChatCall {
  return toChatCall({ fetch, model: MODEL, endpoint: ENDPOINT, request: { model: 'agent', ...request }, ...call });
}

const REFUSED = { status: 400, body: '{"error":"does not support it"}' };
const TEXT_ONLY = { body: load('show.json') };
const ABLE = { body: '{"capabilities":["completion","tools","vision"],"model_info":{"x.context_length":1000}}' };

describe('what the server refuses itself', () => {
  test.each([
    ['tools', { tools }],
    ['reasoning_effort', { reasoning_effort: 'high' }],
    ['suffix', { text_completion: { suffix: 'end' } }],
  ] as const)('is unsupported by %s, as the server says when asked', async (param, changes) => {
    const { ask, paths, bodies } = createServer(TEXT_ONLY, REFUSED);
    await expect(ask(changes as Partial<ChatRequest>)).rejects.toMatchObject({
      code: 'unsupported',
      param,
      upstreamStatus: 400,
      message: expect.stringContaining(MODEL),
    });
    expect(paths()).toEqual([param === 'suffix' ? '/api/generate' : '/api/chat', '/api/show']);
    expect(bodies()[1]).toEqual({ model: MODEL });
  });

  test.each([
    ['has it', ABLE],
    ['is not described', { body: '{}' }],
    ['cannot be looked up', { status: 500, body: '{"error":"x"}' }],
  ])('stays an invalid request when the model %s', async (_what, show) => {
    await expect(createServer(show, REFUSED).ask({ tools })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('is not looked up when the request asks for nothing special', async () => {
    const { ask, paths } = createServer(TEXT_ONLY, REFUSED);
    await expect(ask({})).rejects.toMatchObject({ code: 'invalid_request' });
    expect(paths()).toEqual(['/api/chat']);
  });

  test('is refused before it is sent from then on, until the answer is five minutes old', async () => {
    const { ask, paths, wait } = createServer(TEXT_ONLY, REFUSED);
    const refusal = { code: 'unsupported', param: 'tools' };
    await expect(ask({ tools })).rejects.toMatchObject(refusal);
    wait(299_999);
    await expect(ask({ tools })).rejects.toMatchObject(refusal);
    expect(paths()).toEqual(['/api/chat', '/api/show']);
    wait(1);
    await expect(ask({ tools })).rejects.toMatchObject(refusal);
    expect(paths()).toEqual(['/api/chat', '/api/show', '/api/chat', '/api/show']);
  });
});

describe('an image', () => {
  test('is never sent to a model that would leave it out', async () => {
    const { ask, paths } = createServer(TEXT_ONLY);
    await expect(ask({ messages: withImage })).rejects.toMatchObject({ code: 'unsupported', param: 'messages' });
    expect(paths()).toEqual(['/api/show']);
  });

  test('reaches one that sees, whom the server is asked about once', async () => {
    const { ask, paths } = createServer(ABLE);
    await Promise.all([ask({ messages: withImage }), ask({ messages: withImage })]);
    await ask({ messages: withImage });
    expect(paths().filter((path) => path === '/api/show')).toHaveLength(1);
    expect(paths().filter((path) => path === '/api/chat')).toHaveLength(3);
  });

  test.each([{ status: 500, body: '{}' }, { body: 'not JSON' }])(
    'is sent when the server does not tell (%j), who is asked again ten seconds later',
    async (show) => {
      const { ask, paths, wait } = createServer(show);
      await ask({ messages: withImage });
      wait(9_999);
      await ask({ messages: withImage });
      expect(paths()).toEqual(['/api/show', '/api/chat', '/api/chat']);
      wait(1);
      await ask({ messages: withImage });
      expect(paths().slice(3)).toEqual(['/api/show', '/api/chat']);
    },
  );

  test('is not waited for by a caller that leaves', async () => {
    const controller = new AbortController();
    const { fetch } = createScriptedFetch(() => 'hang');
    const call = toCall(fetch, { messages: withImage }, { signal: controller.signal });
    const pending = createOllamaProvider().complete(call);
    controller.abort();
    await expect(pending).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a prompt that is too long', () => {
  test.each([
    'the input length exceeds the context length',
    'request (7900 tokens) exceeds the available context size (4096 tokens), try increasing it',
  ])('is told from a broken request by what the server says: %s', async (error) => {
    const { ask } = createServer(TEXT_ONLY, { status: 400, body: JSON.stringify({ error }) });
    const thrown = await ask({}).catch((caught: unknown) => caught);
    expect(thrown).toMatchObject({ code: 'context_length_exceeded', param: 'messages', upstreamStatus: 400 });
    expect((thrown as Error).message).toContain('num_ctx');
    expect((thrown as Error).message).not.toContain('7900');
  });

  test('is not sent to a model whose window is known to be far smaller', async () => {
    const { ask, paths } = createServer(ABLE);
    await ask({ messages: withImage });
    const words = (count: number): ChatRequest['messages'] => [{ role: 'user', content: 'word '.repeat(count) }];
    await ask({ messages: words(1_200) });
    const before = paths().length;
    const tooLong = { code: 'context_length_exceeded', param: 'messages' };
    await expect(ask({ messages: words(1_300) })).rejects.toMatchObject(tooLong);
    await expect(ask({ messages: words(700) }, { contextLength: 512 })).rejects.toMatchObject(tooLong);
    expect(paths()).toHaveLength(before);
  });
});
