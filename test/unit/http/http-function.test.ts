import { once } from 'node:events';
import { request as openRequest } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { Answer, Handler, RequestContext } from '../../../shared/http/http-function.ts';
import { type Served, serve } from './serve.ts';

/** What the handler under `/test` does; each test sets its own. */
let handle: Handler = () => ({ json: {} });
let served: Served;

beforeAll(async () => {
  const handler: Handler = (context) => handle(context);
  served = await serve([
    { method: 'GET', path: '/test', handler },
    { method: 'POST', path: '/test', handler },
    { method: 'GET', path: '/items/:id*', handler },
    { method: 'DELETE', path: '/items/:id*', handler },
  ]);
});

afterAll(async () => {
  expect(served.rejections).toEqual([]);
  await served.close();
});

async function call(path = '/test', init: RequestInit = {}) {
  const response = await fetch(`${served.url}${path}`, init);
  const text = await response.text();
  return { response, text, outcome: await served.nextOutcome() };
}

async function* stream(...pieces: (string | Error)[]): AsyncGenerator<string> {
  for (const piece of pieces) {
    if (piece instanceof Error) throw piece;
    yield piece;
  }
}

describe('a function', () => {
  it('sends what its handler returns as JSON', async () => {
    handle = () => ({ json: { text: 'Grüße 🌍' }, status: 207, headers: { 'x-own': '1' } });
    const { response, text } = await call();
    expect(response.status).toBe(207);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
    expect(response.headers.get('x-own')).toBe('1');
    expect(JSON.parse(text)).toEqual({ text: 'Grüße 🌍' });
  });

  it('sends JSON text as it is', async () => {
    handle = () => ({ json: '{"n": 1.0}' });
    expect((await call()).text).toBe('{"n": 1.0}');
  });

  it('sends text of another type', async () => {
    handle = () => ({ text: 'up 1\n', contentType: 'text/plain; version=0.0.4' });
    const { response, text } = await call();
    expect(text).toBe('up 1\n');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  });

  it('answers HEAD with the head alone', async () => {
    handle = () => ({ json: { a: 1 } });
    const { response, text, outcome } = await call('/test', { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBe('7');
    expect(text).toBe('');
    expect(outcome.method).toBe('HEAD');
    handle = () => {
      throw new AppError('not_found', 'Gone.');
    };
    expect(await call('/test', { method: 'HEAD' })).toMatchObject({ response: { status: 404 }, text: '' });
  });

  it('ignores a slash at the end of a path', async () => {
    handle = ({ route, params }) => ({ json: { route, params } });
    expect(JSON.parse((await call('/test/')).text)).toEqual({ route: '/test', params: {} });
    expect(JSON.parse((await call('/items/a/b/?x=1')).text)).toEqual({ route: '/items/:id*', params: { id: 'a/b' } });
  });

  it('gives its handler parameters, query, headers and body', async () => {
    let seen: RequestContext | undefined;
    handle = (context) => {
      seen = context;
      return { json: context.readJson(100) };
    };
    const { text } = await call('/test?a=1&b=%20x&a=2', {
      method: 'POST',
      body: '{"n":1}',
      headers: { 'content-type': 'application/json', 'x-own': 'y' },
    });
    expect(text).toBe('{"n":1}');
    expect(seen?.query.getAll('a')).toEqual(['1', '2']);
    expect(seen?.query.get('b')).toBe(' x');
    expect(seen?.header('x-own')).toBe('y');
    expect(seen?.header('x-other')).toBeUndefined();
  });

  it('answers 404 for a path without a route and 405 with Allow for a method without one', async () => {
    const missing = await call('/nowhere');
    expect(missing.response.status).toBe(404);
    expect(JSON.parse(missing.text).error).toMatchObject({ code: 'not_found', param: null });
    expect(missing.outcome.context.route).toBe('unknown');
    const wrong = await call('/test', { method: 'DELETE' });
    expect(wrong.response.status).toBe(405);
    expect(wrong.response.headers.get('allow')).toBe('GET, POST');
    expect(JSON.parse(wrong.text).error).toMatchObject({ type: 'invalid_request_error', param: null });
  });

  it('turns an AppError into its status, body and headers, thrown at once or later', async () => {
    const error = new AppError('rate_limit', 'Slow down.', { retryAfterMs: 1500, param: 'model' });
    for (const thrower of [
      () => {
        throw error;
      },
      () => Promise.reject(error),
    ]) {
      handle = thrower;
      const { response, text, outcome } = await call();
      expect(response.status).toBe(429);
      expect(response.headers.get('retry-after')).toBe('2');
      expect(JSON.parse(text)).toEqual({
        error: { message: 'Slow down.', type: 'rate_limit_error', param: 'model', code: 'rate_limit_exceeded' },
      });
      expect(outcome).toMatchObject({ status: 429, error });
    }
  });

  it.each([
    ['an exception', new TypeError('secret: /etc/keys')],
    ['a text', 'secret'],
    ['nothing', undefined],
    ['null', null],
  ])('hides %s and keeps it for the log', async (_, thrown) => {
    handle = () => Promise.reject(thrown);
    const { response, text, outcome } = await call();
    expect(response.status).toBe(500);
    expect(JSON.parse(text)).toEqual({
      error: { message: 'An internal error occurred.', type: 'server_error', param: null, code: 'server_error' },
    });
    expect(outcome.error?.cause).toBe(thrown);
  });

  it.each<[string, () => Answer]>([
    [
      'a circle',
      () => {
        const circle: Record<string, unknown> = {};
        circle.self = circle;
        return { json: circle };
      },
    ],
    ['a big integer', () => ({ json: 1n })],
    ['nothing', () => ({ json: undefined })],
    ['a header that is none', () => ({ json: {}, headers: { 'x-own': 'a\r\nb: c' } })],
    ['no answer at all', () => undefined as unknown as Answer],
  ])('answers 500 when its handler returns %s', async (_, answer) => {
    handle = answer;
    const { response, text } = await call();
    expect(response.status).toBe(500);
    expect(response.headers.get('b')).toBeNull();
    expect(JSON.parse(text).error.code).toBe('server_error');
  });

  it('repeats the request id of the caller when it is safe to log, and makes one otherwise', async () => {
    handle = ({ requestId }) => ({ json: { requestId } });
    for (const id of ['abc-1', 'A.b:c_9', 'x'.repeat(128)]) {
      const { response, text, outcome } = await call('/test', { headers: { 'x-request-id': id } });
      expect(response.headers.get('x-request-id')).toBe(id);
      expect(JSON.parse(text).requestId).toBe(id);
      expect(outcome.context.requestId).toBe(id);
    }
    const made = new Set<string | null>();
    for (const id of ['a b', 'x'.repeat(129), '"}', 'ü', '']) {
      const { response, text } = await call('/test', { headers: { 'x-request-id': id } });
      made.add(response.headers.get('x-request-id'));
      expect(JSON.parse(text).requestId).toBe(response.headers.get('x-request-id'));
    }
    expect(made.size).toBe(5);
    for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it('names its errors too', async () => {
    const { response } = await call('/nowhere', { headers: { 'x-request-id': 'mine' } });
    expect(response.headers.get('x-request-id')).toBe('mine');
  });

  it('reports each request once, with what its handler learnt', async () => {
    handle = ({ call: { facts } }) => {
      facts.provider = 'local';
      return { json: {} };
    };
    const before = served.outcomes.length;
    const { outcome } = await call();
    expect(served.outcomes).toHaveLength(before + 1);
    expect(outcome).toMatchObject({
      method: 'GET',
      status: 200,
      context: { route: '/test', call: { facts: { provider: 'local' } } },
    });
    expect(outcome.latencyMs).toBeGreaterThanOrEqual(0);
    expect(outcome).not.toHaveProperty('error');
  });
});

describe('a streamed answer', () => {
  it('is sent as server-sent events with the headers known at its first piece', async () => {
    let headers: Record<string, string> = {};
    async function* events(): AsyncGenerator<string> {
      headers = { 'x-sluice-provider': 'openai' };
      yield 'data: 1\n\n';
      yield 'data: [DONE]\n\n';
    }
    handle = () => ({ events: events(), headers: () => headers });
    const { response, text, outcome } = await call();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(response.headers.get('x-sluice-provider')).toBe('openai');
    expect(response.headers.get('x-request-id')).not.toBeNull();
    expect(text).toBe('data: 1\n\ndata: [DONE]\n\n');
    expect(outcome).toMatchObject({ status: 200 });
    expect(outcome).not.toHaveProperty('error');
  });

  it('is an HTTP error when it fails before its first piece', async () => {
    handle = () => ({ events: stream(new AppError('rate_limit', 'Slow down.', { retryAfterMs: 1000 })) });
    const { response, text, outcome } = await call();
    expect(response.status).toBe(429);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('retry-after')).toBe('1');
    expect(JSON.parse(text).error.code).toBe('rate_limit_exceeded');
    expect(outcome).toMatchObject({ status: 429, error: { code: 'rate_limit' } });
  });

  it('ends in an error event and without [DONE] when it fails later', async () => {
    handle = () => ({ events: stream('data: 1\n\n', new AppError('server_error', 'It broke.')) });
    const { response, text, outcome } = await call();
    expect(response.status).toBe(200);
    expect(text).toBe(
      'data: 1\n\nevent: error\ndata: {"error":{"message":"It broke.","type":"server_error","param":null,"code":"server_error"}}\n\n',
    );
    expect(outcome).toMatchObject({ status: 200, error: { code: 'server_error' } });
  });

  it('hides an exception in its error event', async () => {
    handle = () => ({ events: stream('data: 1\n\n', new Error('secret')) });
    const { text, outcome } = await call();
    expect(text).toContain('An internal error occurred.');
    expect(text).not.toContain('secret');
    expect(outcome.error?.cause).toMatchObject({ message: 'secret' });
  });

  it('holds its source back while the client does not read', async () => {
    const piece = `data: ${'x'.repeat(65_536)}\n\n`;
    const count = 1_000;
    let produced = 0;
    async function* events(): AsyncGenerator<string> {
      while (produced < count) {
        produced += 1;
        yield piece;
      }
    }
    handle = () => ({ events: events() });
    const request = openRequest({ port: served.port, host: '127.0.0.1', path: '/test', agent: false });
    request.end();
    const [response] = await once(request, 'response');
    // Nobody reads: an unhindered source would be through long before as many turns of the loop.
    for (let turn = 0; turn < 2 * count; turn += 1) await nextTurn();
    expect(produced).toBeGreaterThan(0);
    expect(produced).toBeLessThan(count / 2);
    let received = 0;
    response.on('data', (data: Buffer) => {
      received += data.length;
    });
    await once(response, 'end');
    expect(received).toBe(count * piece.length);
    await served.nextOutcome();
  });

  it('may have no pieces', async () => {
    handle = () => ({ events: stream() });
    const { response, text } = await call();
    expect(response.status).toBe(200);
    expect(text).toBe('');
  });
});

describe('a client that leaves', () => {
  /** A request that is given up once the handler runs; resolves with the time from there to the abort. */
  async function leave(start: (context: RequestContext) => Promise<Answer> | Answer, afterFirstByte: boolean) {
    let entered: (context: RequestContext) => void = () => {};
    const inside = new Promise<RequestContext>((resolve) => {
      entered = resolve;
    });
    handle = (context) => {
      entered(context);
      return start(context);
    };
    const request = openRequest({ port: served.port, host: '127.0.0.1', path: '/test' });
    request.on('error', () => {});
    request.end();
    const context = await inside;
    if (afterFirstByte) {
      const [response] = await once(request, 'response');
      await once(response, 'data');
    }
    expect(context.signal.aborted).toBe(false);
    const aborted = once(context.signal, 'abort');
    request.destroy();
    await aborted;
    return { context, outcome: await served.nextOutcome() };
  }

  /** Settles as an upstream does that is told of the abort. */
  const untilAborted = ({ signal }: RequestContext): Promise<never> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });

  it('aborts the work on its answer', async () => {
    const { context, outcome } = await leave(untilAborted, false);
    expect(context.signal.reason).toMatchObject({ code: 'cancelled' });
    expect(outcome).toMatchObject({ status: 499, error: { code: 'cancelled' } });
  });

  it('aborts a stream that has not begun', async () => {
    const { outcome } = await leave((context) => ({ events: waiting(context) }), false);
    expect(outcome).toMatchObject({ status: 499, error: { code: 'cancelled' } });
  });

  it('aborts a stream in the middle and ends its source', async () => {
    let ended = false;
    async function* events(context: RequestContext): AsyncGenerator<string> {
      try {
        yield 'data: 1\n\n';
        yield* waiting(context);
      } finally {
        ended = true;
      }
    }
    const { outcome } = await leave((context) => ({ events: events(context) }), true);
    expect(ended).toBe(true);
    expect(outcome).toMatchObject({ status: 200, error: { code: 'cancelled' } });
  });

  it('stops a source that does not listen at its next piece', async () => {
    let release: () => void = () => {};
    let pulled = 0;
    async function* events(): AsyncGenerator<string> {
      yield 'data: 1\n\n';
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      for (;;) {
        pulled += 1;
        yield 'data: 2\n\n';
      }
    }
    handle = () => ({ events: events() });
    const request = openRequest({ port: served.port, host: '127.0.0.1', path: '/test' });
    request.on('error', () => {});
    let context: RequestContext | undefined;
    const inner = handle;
    handle = (given) => {
      context = given;
      return inner(given);
    };
    request.end();
    const [response] = await once(request, 'response');
    await once(response, 'data');
    const aborted = once((context as unknown as RequestContext).signal, 'abort');
    request.destroy();
    await aborted;
    release();
    expect(await served.nextOutcome()).toMatchObject({ error: { code: 'cancelled' } });
    expect(pulled).toBe(1);
  });

  it('is not noticed when it leaves with its answer', async () => {
    let signal: AbortSignal | undefined;
    handle = (context) => {
      signal = context.signal;
      return { json: {} };
    };
    const request = openRequest({ port: served.port, host: '127.0.0.1', path: '/test', agent: false });
    request.end();
    const [response] = await once(request, 'response');
    response.resume();
    await once(response, 'close');
    await served.nextOutcome();
    expect(signal?.aborted).toBe(false);
  });

  async function* waiting(context: RequestContext): AsyncGenerator<string> {
    yield await untilAborted(context);
  }
});
