import { isAscii } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { AppError } from '../contracts/app-error.ts';
import { isDeeperThan } from '../text/json-depth.ts';
import { SMALL_BYTES } from './body-room.ts';
import { HttpError } from './error-response.ts';

/** A request whose body is in memory: what the front door leaves, and what the functions framework leaves without it. */
export interface BufferedRequest extends IncomingMessage {
  rawBody?: Buffer | undefined;
  body?: unknown;
}

/** How long a body that takes room of others may be on its way before it has to have come at a pace. */
const PATIENCE_MS = 20_000;
/** Slower than that, the largest body would not be there when Node ends the request, after five minutes. */
const LEAST_BYTES_PER_MS = 32;

/**
 * The whole body, at most `limit` bytes.
 * @param hold asked for room for the declared length at first, and for each length that is reached; may throw.
 * @throws HttpError 413 as soon as the declared or received length is above the limit, without reading the rest; 408
 * for one above 64 KiB that hardly comes: it would keep others out of the room that it has been given.
 * @throws what `hold` throws.
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  hold: (bytes: number) => void = () => {},
): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  assertLength(declared, limit);
  hold(declared);
  return await new Promise<Buffer>((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    // Listeners that stay would keep the body for as long as there is the request.
    const leave = (): void => {
      clearTimeout(timer);
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('error', stop);
      request.off('close', onClose);
    };
    const stop = (error: Error): void => {
      leave();
      reject(error);
    };
    let timer: NodeJS.Timeout | undefined;
    const watchPace = (): void => {
      if (timer !== undefined || Math.max(declared, length) <= SMALL_BYTES) return;
      const startedAtMs = Date.now();
      const check = (): void => {
        const leftMs = startedAtMs + PATIENCE_MS + length / LEAST_BYTES_PER_MS - Date.now();
        if (leftMs > 0) timer = setTimeout(check, leftMs);
        else stop(tooSlow());
      };
      timer = setTimeout(check, PATIENCE_MS);
    };
    const onData = (part: Buffer): void => {
      length += part.length;
      try {
        assertLength(length, limit);
        hold(length);
        parts.push(part);
        watchPace();
      } catch (error) {
        stop(error as Error);
      }
    };
    const onEnd = (): void => {
      leave();
      resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
    };
    const onClose = (): void => {
      if (!request.complete) stop(new AppError('cancelled', 'The client went away before its request was complete.'));
    };
    request.on('data', onData);
    request.on('end', onEnd);
    request.on('error', stop);
    request.on('close', onClose);
    watchPace();
  });
}

/**
 * The body as JSON. It is read once: its bytes are let go.
 * @throws HttpError 413 above `limit`, 415 for another content type or an encoded body.
 * @throws AppError `invalid_request` for an empty body, text that is not UTF-8 or not JSON, a string in it that holds
 * NUL or half a surrogate pair, nesting beyond 200 levels, or more than 100,000 values.
 */
export function readJsonBody(request: BufferedRequest, limit: number): unknown {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new HttpError(415, 'invalid_request', 'Send the body as JSON, with `content-type: application/json`.');
  }
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(type)?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw new HttpError(415, 'invalid_request', 'JSON is read as UTF-8: send it so, and say no other charset.');
  }
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new HttpError(415, 'invalid_request', `The content encoding ${encoding} is not accepted: send plain JSON.`);
  }
  const raw = request.rawBody;
  if (raw === undefined || raw.length === 0) {
    throw new AppError('invalid_request', 'The request has no body. Send a JSON object.');
  }
  assertLength(raw.length, limit);
  assertFewValues(raw);
  const text = decodeUtf8(raw);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AppError('invalid_request', 'The body is not valid JSON.');
  }
  // Nobody reads them again, and they would be kept until the answer is out.
  request.rawBody = undefined;
  request.body = undefined;
  if (isDeeperThan(value, MAX_DEPTH)) {
    throw new AppError('invalid_request', `The body is nested more than ${MAX_DEPTH} levels deep.`);
  }
  // Only an escape can bring in what valid UTF-8 text cannot hold, so most texts are not looked at.
  if (text.includes('\\u')) assertCleanText(value, '');
  return value;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decodeUtf8(raw: Buffer): string {
  // Most bodies are, and they are copied instead of being decoded.
  if (isAscii(raw)) return raw.toString('latin1');
  try {
    return utf8.decode(raw);
  } catch {
    throw new AppError('invalid_request', 'The body is not valid UTF-8.');
  }
}

/**
 * Values no honest request has: objects, lists and what is in them. A list of empty objects takes two hundred times its
 * text in memory once it is parsed and every item is found wanting, and holds up everybody else meanwhile.
 */
const MAX_VALUES = 100_000;
const [QUOTE, COMMA, BACKSLASH, BRACKET, BRACE] = [0x22, 0x2c, 0x5c, 0x5b, 0x7b] as const;

/** Counts before anything is parsed, by what begins a value outside of texts; an empty object or list counts twice. */
function assertFewValues(raw: Buffer): void {
  if (raw.length < MAX_VALUES) return;
  let count = 1;
  for (let at = 0; at < raw.length; at += 1) {
    const byte = raw[at];
    if (byte === QUOTE) at = endOfText(raw, at);
    else if (byte === COMMA || byte === BRACKET || byte === BRACE) count += 1;
    if (count > MAX_VALUES) {
      throw new AppError('invalid_request', `The body holds more than ${MAX_VALUES} values. Send less at once.`);
    }
  }
}

/** Bytes that are looked at one by one before the next quote is searched for, which costs about as much as they do. */
const STRIDE = 64;

/**
 * Where the text that begins at `start` ends; the end of the body for one that does not. A search passes long texts many
 * times faster than a look at every byte, but a search for each quote is slower by far where many are escaped.
 */
function endOfText(raw: Buffer, start: number): number {
  let at = start + 1;
  while (at < raw.length) {
    const stop = Math.min(at + STRIDE, raw.length);
    while (at < stop && raw[at] !== QUOTE) at += raw[at] === BACKSLASH ? 2 : 1;
    if (at < stop) return at;
    const quote = raw.indexOf(QUOTE, at);
    if (quote === -1) return raw.length;
    if (!isEscaped(raw, quote, at)) return quote;
    at = quote + 1;
  }
  return at;
}

/** @param from where nothing is escaped by what stands before it. */
function isEscaped(raw: Buffer, at: number, from: number): boolean {
  let first = at;
  while (first > from && raw[first - 1] === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

/** Nesting no honest request has. Whatever walks through a body later, recursively, is safe below it. */
const MAX_DEPTH = 200;

function assertCleanText(value: unknown, path: string): void {
  if (typeof value === 'string') {
    if (value.includes('\0') || !value.isWellFormed()) {
      throw new AppError('invalid_request', 'Text must not hold NUL characters or unpaired surrogates.', {
        ...(path === '' ? {} : { param: path }),
      });
    }
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => {
      assertCleanText(item, `${path}[${index}]`);
    });
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      assertCleanText(key, path);
      assertCleanText(item, path === '' ? key : `${path}.${key}`);
    }
  }
}

function assertLength(length: number, limit: number): void {
  if (length > limit) throw tooLarge(limit);
}

function tooSlow(): HttpError {
  return new HttpError(
    408,
    'timeout',
    'The body of the request comes too slowly. Send it again, at 32 KB a second at least.',
    {
      headers: { connection: 'close' },
    },
  );
}

function tooLarge(limit: number): HttpError {
  return new HttpError(413, 'too_large', `The request body is larger than ${limit} bytes.`, {
    headers: { connection: 'close' },
  });
}
