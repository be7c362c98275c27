import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { type ChatBatch, type ChatCall, type ChatEvent, eventsOf } from '../../../shared/contracts/chat-provider.ts';
import type { HttpFetch, HttpFetchInit } from '../../../shared/contracts/http-fetch.ts';
import { createAnthropicProvider } from '../../../shared/providers/anthropic.ts';

const KEY = 'sk-ant-SECRET123';
const provider = createAnthropicProvider();

function load(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/providers/anthropic/${name}`, import.meta.url));
}

interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly pieces?: readonly Uint8Array[];
}

function createFake({ status = 200, headers = {}, pieces = [] }: FakeAnswer = {}) {
  const sent: { url: string; init: HttpFetchInit }[] = [];
  const fetch: HttpFetch = async (url, init = {}) => {
    sent.push({ url, init });
    return {
      status,
      ok: status < 300,
      headers: { get: (name) => headers[name.toLowerCase()] ?? null },
      async *chunks() {
        yield* pieces;
      },
      text: async () => Buffer.concat(pieces).toString(),
    };
  };
  return { sent, fetch };
}

function toCall(fetch: HttpFetch, changes: Partial<ChatCall> = {}): ChatCall {
  return {
    request: { model: 'agent', messages: [{ role: 'user', content: 'Hello' }] },
    model: 'claude-sonnet-4-5',
    credential: KEY,
    signal: new AbortController().signal,
    fetch,
    ...changes,
  };
}

async function readAll(stream: AsyncIterable<ChatBatch>) {
  const batches: (readonly ChatEvent[])[] = [];
  let error: unknown;
  try {
    for await (const batch of stream) batches.push(eventsOf(batch));
  } catch (thrown) {
    error = thrown;
  }
  const text = batches
    .flat()
    .map(({ chunk }) => chunk.choices[0]?.delta.content ?? '')
    .join('');
  return { batches, text, error };
}

describe('the request sent', () => {
  test('goes to the vendor with key, version and body', async () => {
    const { sent, fetch } = createFake({ pieces: [load('message.json')] });
    const call = toCall(fetch, { idleTimeoutMs: 5000 });
    await provider.complete(call);
    expect(sent).toEqual([
      {
        url: 'https://api.anthropic.com/v1/messages',
        init: {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json',
            'anthropic-version': '2023-06-01',
            'x-api-key': KEY,
          },
          body: Buffer.from(
            '{"model":"claude-sonnet-4-5","max_tokens":4096,"messages":[{"role":"user","content":"Hello"}]}',
          ),
          signal: call.signal,
          idleTimeoutMs: 5000,
        },
      },
    ]);
  });

  test('goes to a configured origin, streams when asked to and has no key where there is none', async () => {
    const { sent, fetch } = createFake({ pieces: [load('text.sse')] });
    const { credential: _credential, ...call } = toCall(fetch, { endpoint: 'http://127.0.0.1:9/' });
    await provider.stream(call);
    expect(sent[0]?.url).toBe('http://127.0.0.1:9/v1/messages');
    expect(sent[0]?.init.headers).toEqual({
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'anthropic-version': '2023-06-01',
    });
    expect(JSON.parse(sent[0]?.init.body as string)).toMatchObject({ stream: true });
  });

  test('names tools in characters the vendor takes, and the answer calls them by their own', async () => {
    const tools = [{ type: 'function', function: { name: 'get.weather' } } as const];
    const request = { model: 'agent', messages: [{ role: 'user', content: 'Hello' } as const], tools };
    const whole = createFake({ pieces: [load('message.json')] });
    const { completion } = await provider.complete(toCall(whole.fetch, { request }));
    expect(JSON.parse(whole.sent[0]?.init.body as string).tools).toMatchObject([{ name: 'get_weather' }]);
    expect(completion.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: 'get.weather' } });
    const streamed = createFake({ pieces: [load('thinking-and-tools.sse')] });
    const { batches } = await readAll(await provider.stream(toCall(streamed.fetch, { request })));
    const calls = batches.flat().flatMap(({ chunk }) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(calls.map((call) => call.function?.name).filter(Boolean)).toEqual(['get.weather', 'get_time']);
  });

  test('is not made when it cannot be translated', async () => {
    const { sent, fetch } = createFake();
    const request = { model: 'agent', messages: [{ role: 'user', content: 'Hello' } as const], temperature: 2 };
    await expect(provider.complete(toCall(fetch, { request }))).rejects.toMatchObject({ code: 'unsupported' });
    expect(sent).toEqual([]);
  });
});

describe('a refusal', () => {
  test.each([
    [400, 'invalid_request'],
    [401, 'authentication'],
    [403, 'permission'],
    [404, 'model_not_found'],
    [413, 'too_large'],
    [429, 'rate_limit'],
    [500, 'server_error'],
    [529, 'server_error'],
  ])('with the status %i is %s, before a stream begins, without the key', async (status, code) => {
    const body = Buffer.from(`{"type":"error","error":{"type":"x","message":"${KEY}"}}`);
    const { fetch } = createFake({ status, headers: { 'retry-after': '7' }, pieces: [body] });
    for (const attempt of [provider.complete(toCall(fetch)), provider.stream(toCall(fetch))]) {
      const error = await attempt.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code, upstreamStatus: status });
      expect(String((error as AppError).message)).not.toContain(KEY);
      if (status === 429) expect(error).toMatchObject({ retryAfterMs: 7000 });
    }
  });
});

describe('a stream', () => {
  test('yields one batch per read and none for reads without an event', async () => {
    const bytes = load('text.sse');
    const { fetch } = createFake({ pieces: [bytes.subarray(0, 20), bytes.subarray(20, 900), bytes.subarray(900)] });
    const { batches, text, error } = await readAll(await provider.stream(toCall(fetch)));
    expect(error).toBeUndefined();
    expect(text).toBe('Grüße, 世界 🌍');
    expect(batches.every((batch) => batch.length > 0)).toBe(true);
    expect(batches.length).toBeLessThanOrEqual(3);
  });

  test('that fails in the middle delivers what came before the failure in the same read', async () => {
    const { fetch } = createFake({ pieces: [load('error-midstream.sse')] });
    const { text, error } = await readAll(await provider.stream(toCall(fetch)));
    expect(text).toBe('Half an');
    expect(error).toMatchObject({ code: 'server_error', upstreamStatus: 529 });
  });

  test('that breaks off in the middle of an event is interrupted, unless the message had ended before', async () => {
    const bytes = load('text.sse');
    for (const [length, message] of [
      [bytes.indexOf('"output_tokens":9'), expect.stringContaining('interrupted')],
      [bytes.length - 8, undefined],
    ] as const) {
      const { fetch } = createFake({ pieces: [bytes.subarray(0, length)] });
      const { text, error } = await readAll(await provider.stream(toCall(fetch)));
      expect(text).toBe('Grüße, 世界 🌍');
      expect((error as AppError | undefined)?.message).toEqual(message);
    }
  });

  test('that ends early is interrupted after its text', async () => {
    const { fetch } = createFake({ pieces: [load('text.sse').subarray(0, 660)] });
    const { text, error } = await readAll(await provider.stream(toCall(fetch)));
    expect(text).toBe('Grüße, ');
    expect(error).toMatchObject({ code: 'server_error', message: expect.stringContaining('interrupted') });
  });

  test('is over with message_stop, whatever follows', async () => {
    const { fetch } = createFake({ pieces: [load('text.sse'), load('error-midstream.sse')] });
    expect((await readAll(await provider.stream(toCall(fetch)))).error).toBeUndefined();
  });

  test('that is a JSON body instead is an error', async () => {
    const headers = { 'content-type': 'application/json' };
    const overloaded = Buffer.from('{"type":"error","error":{"type":"overloaded_error","message":"x"}}');
    for (const [body, status] of [
      [overloaded, 529],
      [load('message.json'), undefined],
    ] as const) {
      const { fetch } = createFake({ headers, pieces: [body] });
      await expect(provider.stream(toCall(fetch))).rejects.toMatchObject({
        code: 'server_error',
        upstreamStatus: status,
      });
    }
  });
});

describe('the list of models', () => {
  test('comes from the endpoint with the key in its header', async () => {
    const page = {
      data: [
        { id: 'claude-a', type: 'model' },
        { id: 'claude-b', type: 'model' },
      ],
      has_more: false,
    };
    const pieces = [Buffer.from(JSON.stringify(page))];
    const { sent, fetch } = createFake({ headers: { 'content-type': 'application/json' }, pieces });
    const call = toCall(fetch, { endpoint: 'http://127.0.0.1:9' });
    await expect(provider.listModels?.(call)).resolves.toEqual(['claude-a', 'claude-b']);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.url).toMatch(/^http:\/\/127\.0\.0\.1:9\/v1\/models\?/);
    expect(sent[0]?.init.headers).toMatchObject({ 'x-api-key': KEY, 'anthropic-version': '2023-06-01' });
    expect(sent[0]?.init.headers).not.toHaveProperty('authorization');
  });

  test('fails with the error of the status, of the transport or of the signal', async () => {
    const refused = createFake({
      status: 401,
      headers: { 'content-type': 'application/json' },
      pieces: [Buffer.from('{}')],
    });
    await expect(provider.listModels?.(toCall(refused.fetch))).rejects.toMatchObject({ code: 'authentication' });
    expect(refused.sent).toHaveLength(1);
    const broken: HttpFetch = async () => {
      throw new AppError('blocked_url', 'The target is not allowed.');
    };
    await expect(provider.listModels?.(toCall(broken))).rejects.toMatchObject({ code: 'blocked_url' });
    const signal = AbortSignal.abort();
    await expect(provider.listModels?.(toCall(broken, { signal }))).rejects.toMatchObject({ code: 'cancelled' });
  });
});
