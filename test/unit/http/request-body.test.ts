import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { HttpError } from '../../../shared/http/error-response.ts';
import { type BufferedRequest, readBody, readJsonBody } from '../../../shared/http/request-body.ts';

const LIMIT = 1000;

function request(body: string | Buffer | undefined, headers: Record<string, string> = {}): BufferedRequest {
  const rawBody = typeof body === 'string' ? Buffer.from(body) : body;
  return { headers: { 'content-type': 'application/json', ...headers }, rawBody } as unknown as BufferedRequest;
}

function refusal(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const read = (body: string | Buffer | undefined, headers?: Record<string, string>) =>
  readJsonBody(request(body, headers), LIMIT);

describe('JSON body', () => {
  it('is any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value);
        expect(readJsonBody(request(text), 1_000_000)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/json ;charset=utf-8',
    'application/vnd.api+json',
    'application/cloudevents+json; charset=UTF-8',
  ])('is accepted as %s', (type) => {
    expect(read('{"a":1}', { 'content-type': type })).toEqual({ a: 1 });
  });

  it.each([
    'text/plain',
    'application/jsonp',
    'application/x-www-form-urlencoded',
    'json',
    '',
    'text/json; application/json',
  ])('is refused with 415 as %j', (type) => {
    const error = refusal(() => read('{"a":1}', { 'content-type': type }));
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ status: 415, code: 'invalid_request' });
    expect(error.message).toContain('application/json');
  });

  it('is refused with 415 without a content type', () => {
    const bare = { headers: {}, rawBody: Buffer.from('{}') } as unknown as BufferedRequest;
    expect(refusal(() => readJsonBody(bare, LIMIT))).toMatchObject({ status: 415 });
  });

  it('is refused with 415 when it is compressed', () => {
    for (const encoding of ['gzip', 'br', 'GZIP', 'identity, gzip']) {
      expect(refusal(() => read('{}', { 'content-encoding': encoding }))).toMatchObject({ status: 415 });
    }
    expect(read('{}', { 'content-encoding': 'Identity' })).toEqual({});
  });

  it('must not be empty', () => {
    expect(refusal(() => read(undefined))).toMatchObject({ code: 'invalid_request' });
    expect(refusal(() => read(''))).toMatchObject({ code: 'invalid_request' });
    expect(refusal(() => read('  \n'))).toMatchObject({ code: 'invalid_request' });
  });

  it.each(['{', '{"a":1,}', "{'a':1}", 'undefined', '{"a":\u0000}', '"\u0001"', '{"a":1}{"b":2}', 'NaN'])(
    'must be JSON, which %j is not',
    (text) => {
      const error = refusal(() => read(text));
      expect(error).toMatchObject({ code: 'invalid_request', message: 'The body is not valid JSON.' });
      // The parser's own message repeats what the caller wrote.
      expect(error.cause).toBeUndefined();
    },
  );

  it('may begin with a byte order mark', () => {
    expect(read('\uFEFF{"a":1}')).toEqual({ a: 1 });
  });

  it.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['a cut character', [0x22, 0xe4, 0xb8, 0x22]],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])('must be UTF-8, not %s', (_, bytes) => {
    expect(refusal(() => read(Buffer.from(bytes)))).toMatchObject({
      code: 'invalid_request',
      message: 'The body is not valid UTF-8.',
    });
  });

  it.each([
    ['NUL', '{"messages":[{"content":"a\\u0000b"}]}', 'messages[0].content'],
    ['a first surrogate alone', '{"a":{"b":["x","\\ud83d"]}}', 'a.b[1]'],
    ['a second surrogate alone', '{"a":"\\udc00x"}', 'a'],
    ['surrogates in the wrong order', '{"a":"\\udc00\\ud83d"}', 'a'],
  ])('must not hold %s, and the refusal says where', (_, text, param) => {
    expect(refusal(() => read(text))).toMatchObject({ code: 'invalid_request', param });
  });

  it('must not hold them in its keys either', () => {
    expect(refusal(() => read('{"a":{"x\\u0000":1}}'))).toMatchObject({ code: 'invalid_request', param: 'a' });
    expect(refusal(() => read('{"\\ud800":1}'))).toMatchObject({ code: 'invalid_request', param: undefined });
    expect(refusal(() => read('"\\u0000"'))).toMatchObject({ code: 'invalid_request', param: undefined });
  });

  it('may hold escaped pairs, escaped backslashes and other control characters', () => {
    expect(read('{"a":"\\ud83c\\udf0d","b":"\\\\u0000","c":"\\u0001\\u00e9"}')).toEqual({
      a: '🌍',
      b: '\\u0000',
      c: '\u0001é',
    });
  });

  it('is refused exactly when some text in it is not clean, wherever that is', () => {
    const clean = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed() && !text.includes('\0'));
    const place = fc.constantFrom('value', 'key', 'item');
    fc.assert(
      fc.property(clean, fc.constantFrom('\0', '\ud800', '\udfff'), place, fc.boolean(), (text, bad, where, isBad) => {
        const dirty = isBad ? `${text}${bad}` : text;
        const value = where === 'value' ? { a: dirty } : where === 'key' ? { a: { [dirty]: 1 } } : { a: [1, dirty] };
        const run = () => readJsonBody(request(JSON.stringify(value)), 1_000_000);
        if (isBad) expect(refusal(run).code).toBe('invalid_request');
        else expect(run()).toEqual(value);
      }),
    );
  });

  it.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
    ['arrays with an escape in them', '["\\u0041",', ']'],
  ])('must not be nested without end, in %s', (_, open, close) => {
    const nest = (depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;
    expect(() => readJsonBody(request(nest(200)), 1_000_000)).not.toThrow();
    expect(refusal(() => readJsonBody(request(nest(201)), 1_000_000))).toMatchObject({ code: 'invalid_request' });
    expect(refusal(() => readJsonBody(request(nest(50_000)), 1_000_000))).toMatchObject({ code: 'invalid_request' });
  });

  describe('holds a bounded number of values, because each costs far more than its text once it is parsed', () => {
    const readAny = (text: string) => readJsonBody(request(text), 100_000_000);
    const listOf = (item: string, count: number): string => `[${new Array<string>(count).fill(item).join(',')}]`;

    it.each([
      ['numbers', '1'],
      ['texts', '""'],
      ['texts with quotes in them', '"\\\\\\","'],
    ])('in a list of %s', (_, item) => {
      expect(readAny(listOf(item, 99_998))).toHaveLength(99_998);
      expect(refusal(() => readAny(listOf(item, 100_001)))).toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('100000 values'),
      });
    });

    it.each([
      ['empty objects', listOf('{}', 60_000)],
      ['lists of lists', listOf('[1]', 60_000)],
      ['members of an object', `{${Array.from({ length: 100_001 }, (_, index) => `"k${index}":1`).join(',')}}`],
    ])('in %s', (_, text) => {
      expect(refusal(() => readAny(text))).toMatchObject({ message: expect.stringContaining('100000 values') });
    });

    it('wherever a quote or a backslash stands in a long text', () => {
      const ends = ['"', '\\', '\\"', '"\\', '\\\\"', '"".', `"${'b'.repeat(70)}"`];
      const texts = Array.from({ length: 300 }, (_, length) =>
        ends.map((end) => `${'a'.repeat(length)}${end},[{`),
      ).flat();
      // A list, and a value after each comma outside of a text.
      const fits = [...texts, ...new Array<number>(99_998 - texts.length).fill(1)];
      expect(readAny(JSON.stringify(fits))).toEqual(fits);
      expect(refusal(() => readAny(JSON.stringify([...fits, 1, 1])))).toMatchObject({ code: 'invalid_request' });
    });

    it('whatever stands in a text', () => {
      const text = ',[{"\\'.repeat(200_000);
      expect(readAny(JSON.stringify({ text }))).toEqual({ text });
      expect(refusal(() => readAny(`["${'a'.repeat(300_000)}`)).message).toBe('The body is not valid JSON.');
    });
  });

  it('is refused with 413 above the limit and taken at it', () => {
    expect(read(JSON.stringify('x'.repeat(LIMIT - 2)))).toHaveLength(LIMIT - 2);
    const error = refusal(() => read(JSON.stringify('x'.repeat(LIMIT - 1))));
    expect(error).toMatchObject({ status: 413, code: 'too_large', headers: { connection: 'close' } });
  });
});

describe('reading a body', () => {
  function incoming(headers: Record<string, string> = {}): PassThrough & BufferedRequest {
    return Object.assign(new PassThrough(), { headers, complete: false }) as unknown as PassThrough & BufferedRequest;
  }

  describe('that takes room of others', () => {
    const KB = 1024;
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
    afterEach(() => void vi.useRealTimers());

    /** Sends a piece every ten seconds until the body is refused or `pieces` have been sent. */
    async function send({ pieces, bytes, length }: { pieces: number; bytes: number; length?: number }) {
      const source = incoming(length === undefined ? {} : { 'content-length': String(length) });
      let outcome: unknown;
      const body = readBody(source, 10_000 * KB).then(
        (read) => {
          outcome = read.length;
        },
        (error: unknown) => {
          outcome = error;
        },
      );
      for (let sent = 0; sent < pieces && outcome === undefined; sent += 1) {
        source.emit('data', Buffer.alloc(bytes));
        await vi.advanceTimersByTimeAsync(10_000);
      }
      if (outcome === undefined) source.end();
      await body;
      return outcome;
    }
    const tooSlow = { status: 408, code: 'timeout', headers: { connection: 'close' } };

    it('is refused when it does not come, or hardly', async () => {
      expect(await send({ pieces: 3, bytes: 0, length: 9_000 * KB })).toMatchObject(tooSlow);
      expect(await send({ pieces: 30, bytes: 10 * KB, length: 9_000 * KB })).toMatchObject(tooSlow);
      expect(await send({ pieces: 30, bytes: 70 * KB })).toMatchObject(tooSlow);
    });

    it('is taken at a steady pace, however long that takes', async () => {
      expect(await send({ pieces: 28, bytes: 350 * KB, length: 9_800 * KB })).toBe(9_800 * KB);
    });

    it('and a small one is taken as it comes', async () => {
      expect(await send({ pieces: 30, bytes: KB, length: 30 * KB })).toBe(30 * KB);
    });
  });

  it('joins its pieces', async () => {
    const source = incoming();
    const body = readBody(source, 10);
    source.write('abc');
    source.end('defg');
    expect((await body).toString()).toBe('abcdefg');
  });

  it('leaves no listener behind that would keep the bytes', async () => {
    const source = incoming();
    const counts = () => ['data', 'end', 'error', 'close'].map((event) => source.listenerCount(event));
    const before = counts();
    const body = readBody(source, 10);
    expect(counts()).not.toEqual(before);
    source.end('abc');
    await body;
    expect(counts()).toEqual(before);
  });

  it('lets the bytes go once they are read as JSON', () => {
    const source = request('[1]');
    expect(readJsonBody(source, LIMIT)).toEqual([1]);
    expect(source).toMatchObject({ rawBody: undefined, body: undefined });
  });

  it('gives no bytes for an empty body', async () => {
    const source = incoming({ 'content-length': '0' });
    const body = readBody(source, 10);
    source.end();
    expect(await body).toHaveLength(0);
  });

  it('refuses by the declared length without reading', async () => {
    const source = incoming({ 'content-length': '11' });
    await expect(readBody(source, 10)).rejects.toMatchObject({ status: 413, code: 'too_large' });
    expect(source.listenerCount('data')).toBe(0);
  });

  it('refuses as soon as more has arrived than is allowed, and keeps nothing that comes after', async () => {
    const source = incoming();
    const body = readBody(source, 10);
    source.write('0123456789');
    source.write('0');
    await expect(body).rejects.toMatchObject({ status: 413, code: 'too_large' });
    expect(source.listenerCount('data')).toBe(0);
  });

  it('ends as cancelled when the client leaves before the end', async () => {
    const source = incoming({ 'content-length': '9' });
    const body = readBody(source, 10);
    source.write('abc');
    source.destroy();
    await expect(body).rejects.toMatchObject({ code: 'cancelled' });
  });
});
