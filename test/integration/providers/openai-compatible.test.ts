import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ChatCall, ChatEvent } from '../../../shared/contracts/chat-provider.ts';
import { createOpenAICompatibleProvider } from '../../../shared/providers/openai-compatible.ts';
import { createHttpClient, type HttpClient } from '../../../shared/security/http-fetch.ts';
import { collectEvents, toChatCall } from '../../support/chat-call.ts';
import { readEvents } from '../../support/replay-answer.ts';
import { createGate, createScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/providers/openai/${name}`, import.meta.url), 'utf8');
const JSON_HEADERS = { 'content-type': 'application/json' };
const SSE_HEADERS = { 'content-type': 'text/event-stream' };
const [FIRST = '', SECOND = '', ...LATER] = fixture('text.sse').split(/(?<=\n\n)/);

const provider = createOpenAICompatibleProvider({ id: 'vendor', probe: true });
let server: ScriptedServer;
let client: HttpClient;

beforeAll(async () => {
  server = await createScriptedServer();
  client = createHttpClient();
});

afterAll(async () => {
  await client.close();
  await server.close();
});

function call(fields: Partial<ChatCall> = {}): ChatCall {
  return toChatCall({ fetch: client.fetch, endpoint: `${server.origin}/v1`, ...fields });
}

async function nextRequest() {
  return server.waitForRequest(server.requests.length);
}

describe('a compatible stream', () => {
  it('gives text, finish and usage', async () => {
    server.reply({ body: fixture('text.sse'), headers: SSE_HEADERS });
    expect(await readEvents(await provider.stream(call()))).toMatchObject({
      text: 'Hello 🎉',
      finish: 'stop',
      usage: { prompt: 9, completion: 3, total: 12, cached: 4 },
      error: undefined,
      shape: [],
    });
  });

  it('gives interleaved tool calls', async () => {
    server.reply({ body: fixture('tools.sse'), headers: SSE_HEADERS });
    expect(await readEvents(await provider.stream(call()))).toMatchObject({
      finish: 'tool_calls',
      tool_calls: [
        { id: 'call_a', name: 'weather', args: { city: 'Oslo' } },
        { id: 'call_b', name: 'now', args: {} },
      ],
      shape: [],
    });
  });

  it('delivers each token before the upstream sends the next one', async () => {
    const second = createGate();
    const rest = createGate();
    server.reply({ pieces: [FIRST, second, SECOND, rest, ...LATER], headers: SSE_HEADERS });
    const iterator = (await provider.stream(call()))[Symbol.asyncIterator]();
    const first = await iterator.next();
    expect(first.value?.[0]?.chunk.choices[0]?.delta.role).toBe('assistant');
    second.open();
    const next = await iterator.next();
    expect((next.value as ChatEvent[])[0]?.chunk.choices[0]?.delta.content).toBe('Hel');
    rest.open();
    let result = await iterator.next();
    while (!result.done) result = await iterator.next();
  });

  it('ends with [DONE], without waiting for the end of the body', async () => {
    server.reply({ pieces: [fixture('text.sse')], headers: SSE_HEADERS, finish: 'hang' });
    expect((await readEvents(await provider.stream(call()))).error).toBeUndefined();
  });

  it('reads the rest of the body behind the scenes, so that the connection can be used again', async () => {
    const gate = createGate();
    server.reply({ pieces: [fixture('text.sse'), gate], headers: SSE_HEADERS });
    const arriving = nextRequest();
    const own = createHttpClient();
    await collectEvents(await provider.stream(call({ fetch: own.fetch })));
    gate.open();
    const request = await arriving;
    await request.whenClosed;
    expect(request.aborted).toBe(false);
    await own.close();
  });

  it.each(['end', 'reset'] as const)(
    'keeps what arrived and then fails when the upstream breaks off (%s)',
    async (finish) => {
      server.reply({ pieces: [FIRST, SECOND], headers: SSE_HEADERS, finish });
      const answer = await readEvents(await provider.stream(call()));
      expect(answer.text).toBe('Hel');
      expect(answer.finish).toBeNull();
      expect(answer.error).toMatchObject({ code: finish === 'end' ? 'server_error' : 'network', retryable: true });
    },
  );

  it('keeps what arrived in one read with an error event', async () => {
    const error = 'data: {"error":{"message":"no","type":"server_error","code":null}}\n\n';
    server.reply({ body: FIRST + SECOND + error, headers: SSE_HEADERS });
    const answer = await readEvents(await provider.stream(call()));
    expect(answer).toMatchObject({ text: 'Hel', error: { code: 'server_error' } });
  });

  it.each([
    [
      'an error object',
      '{"error":{"message":"slow down","type":"rate_limit_error","code":"rate_limit_exceeded"}}',
      'rate_limit',
    ],
    ['JSON that is neither', '{}', 'server_error'],
  ])('is refused before it starts when the upstream answers with %s', async (_, body, code) => {
    server.reply({ body, headers: JSON_HEADERS });
    await expect(provider.stream(call())).rejects.toMatchObject({ name: 'AppError', code });
  });

  it.each([
    ['events named JSON', fixture('text.sse'), JSON_HEADERS, 'Hello 🎉'],
    ['a finished answer', fixture('text.json'), JSON_HEADERS, 'Hello, “world”.'],
    ['a finished answer named a stream', fixture('text.json'), SSE_HEADERS, 'Hello, “world”.'],
  ])('gives the text of %s', async (_, body, headers, text) => {
    server.reply({ body, headers });
    const answer = await readEvents(await provider.stream(call()));
    expect(answer).toMatchObject({ text, finish: 'stop', error: undefined, shape: [] });
    expect(answer.usage?.total).toBeGreaterThan(0);
  });

  it('fails when the answer is an error object named a stream', async () => {
    server.reply({ body: '{"error":{"message":"slow","code":"rate_limit_exceeded"}}', headers: SSE_HEADERS });
    expect((await readEvents(await provider.stream(call()))).error).toMatchObject({ code: 'rate_limit' });
  });

  it('fails when the answer is a page of HTML', async () => {
    server.reply({ body: '<html><body>Sign in</body></html>', headers: { 'content-type': 'text/html' } });
    expect((await readEvents(await provider.stream(call()))).error).toMatchObject({ code: 'server_error' });
  });

  it('fails with a timeout when the upstream falls silent', async () => {
    server.reply({ pieces: [FIRST, SECOND], headers: SSE_HEADERS, finish: 'hang' });
    const answer = await readEvents(await provider.stream(call({ idleTimeoutMs: 50 })));
    expect(answer).toMatchObject({ text: 'Hel', error: { code: 'timeout' } });
  });

  it('ends the upstream at once when it is cancelled', async () => {
    const controller = new AbortController();
    server.reply({ pieces: [FIRST, SECOND], headers: SSE_HEADERS, finish: 'hang' });
    const arriving = nextRequest();
    const iterator = (await provider.stream(call({ signal: controller.signal })))[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort();
    await (await arriving).whenAborted;
    await expect(iterator.next().then(() => iterator.next())).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('ends the upstream when its consumer leaves, even before the first read', async () => {
    for (const reads of [0, 1]) {
      server.reply({ pieces: [FIRST, SECOND], headers: SSE_HEADERS, finish: 'hang' });
      const arriving = nextRequest();
      const iterator = (await provider.stream(call()))[Symbol.asyncIterator]();
      if (reads > 0) await iterator.next();
      await iterator.return?.();
      await (await arriving).whenAborted;
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    }
  });
});

describe('a compatible answer', () => {
  it('is forwarded with the text of the upstream', async () => {
    server.reply({ body: fixture('text.json'), headers: JSON_HEADERS });
    const { completion, json } = await provider.complete(call());
    expect(completion.choices[0]?.message.content).toBe('Hello, “world”.');
    expect(JSON.parse(json ?? '')).toMatchObject({ id: 'chatcmpl-text' });
  });

  it('ends the upstream at once when it is cancelled, before the status and after it', async () => {
    for (const finish of ['silence', 'hang'] as const) {
      const controller = new AbortController();
      server.reply({ pieces: ['{"id":'], headers: JSON_HEADERS, finish });
      const arriving = nextRequest();
      const answer = provider.complete(call({ signal: controller.signal }));
      const refused = expect(answer).rejects.toMatchObject({ code: 'cancelled' });
      const request = await arriving;
      controller.abort();
      await request.whenAborted;
      await refused;
    }
  });

  it('above 10 MB is given up', async () => {
    const megabyte = 'x'.repeat(1024 * 1024);
    // The answer stays open, so that only our leaving ends it: the network may have swallowed all of it.
    server.reply({ pieces: Array.from({ length: 12 }, () => megabyte), headers: JSON_HEADERS, finish: 'hang' });
    const arriving = nextRequest();
    await expect(provider.complete(call())).rejects.toMatchObject({ code: 'server_error', retryable: false });
    await (await arriving).whenAborted;
  });

  it.each([
    ['an error object', '{"error":{"message":"no","code":"context_length_exceeded"}}', 'context_length_exceeded'],
    ['no choice', '{"choices":[]}', 'server_error'],
    ['an empty body', '', 'server_error'],
  ])('that is %s in spite of its status is an error', async (_, body, code) => {
    server.reply({ body, headers: JSON_HEADERS });
    await expect(provider.complete(call())).rejects.toMatchObject({ name: 'AppError', code });
  });
});

describe.each(['complete', 'stream'] as const)('a refusal (%s)', (method) => {
  const ask = (fields: Partial<ChatCall> = {}) => provider[method](call(fields));

  it.each([
    [400, 'invalid_request', false],
    [401, 'authentication', false],
    [402, 'quota_exceeded', false],
    [403, 'permission', false],
    [404, 'model_not_found', false],
    [408, 'timeout', true],
    [413, 'too_large', false],
    [422, 'invalid_request', false],
    [429, 'rate_limit', true],
    [500, 'server_error', true],
    [502, 'server_error', true],
    [503, 'server_error', true],
    [504, 'timeout', true],
    [529, 'server_error', true],
  ])('with %d is %s', async (status, code, retryable) => {
    server.reply({ status, body: { error: { message: 'the prompt was sk-test-key, count 500' } } });
    await expect(ask()).rejects.toMatchObject({
      name: 'AppError',
      code,
      retryable,
      upstreamStatus: status,
      message: expect.not.stringMatching(/sk-test-key|prompt was|127\.0\.0\.1/),
    });
  });

  it('for an exhausted quota is not a rate limit', async () => {
    server.reply({ status: 429, body: { error: { code: 'insufficient_quota' } } });
    await expect(ask()).rejects.toMatchObject({ code: 'quota_exceeded', retryable: false });
  });

  it('keeps how long the upstream asks to wait', async () => {
    server.reply({ status: 429, headers: { 'retry-after': '7' }, body: {} });
    await expect(ask()).rejects.toMatchObject({ code: 'rate_limit', retryAfterMs: 7_000 });
    server.reply({ status: 503, headers: { 'retry-after-ms': '250', 'retry-after': '9' }, body: {} });
    await expect(ask()).rejects.toMatchObject({ code: 'server_error', retryAfterMs: 250 });
  });

  it('shows nothing of a page of HTML', async () => {
    server.reply({ status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>nginx on 10.0.0.7</h1>' });
    await expect(ask()).rejects.toMatchObject({
      code: 'server_error',
      retryable: true,
      message: expect.not.stringMatching(/nginx|10\.0\.0\.7/),
    });
  });

  it.each([301, 302, 307, 308])('to go elsewhere (%d) is not followed', async (status) => {
    const asked = server.requests.length;
    server.reply({ status, headers: { location: `${server.origin}/elsewhere` } });
    await expect(ask()).rejects.toMatchObject({ name: 'AppError', retryable: false });
    expect(server.requests.length).toBe(asked + 1);
  });

  it('to be reached is a network error', async () => {
    server.reply({ finish: 'refuse' });
    await expect(ask()).rejects.toMatchObject({ code: 'network', retryable: true });
  });

  it('does not send anything once it is cancelled', async () => {
    const asked = server.requests.length;
    await expect(ask({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    expect(server.requests.length).toBe(asked);
  });
});

describe('the probe of a compatible target', () => {
  afterEach(() => {
    expect(server.requests.at(-1)?.url).toBe('/v1/models');
  });

  it('has nothing to say against a target that answers', async () => {
    server.reply({ body: { object: 'list', data: [] } });
    expect(await provider.whyUnavailable?.(call())).toBeUndefined();
  });

  it.each([
    [{ status: 503 }, 'server_error'],
    [{ status: 400 }, 'server_error'],
    [{ status: 403 }, 'permission'],
    [{ finish: 'refuse' }, 'network'],
    [{ finish: 'silence' }, 'timeout'],
  ] as const)('says why it is not for %j', async (script, code) => {
    server.reply(script);
    expect(await provider.whyUnavailable?.(call())).toMatchObject({ code, retryable: false });
  });
});
