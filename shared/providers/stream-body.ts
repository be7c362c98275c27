import { AppError } from '../contracts/app-error.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import { findErrorInBody } from './error-in-body.ts';
import { createEventReader } from './event-reader.ts';

/** The bytes of an answer, as they arrive. */
export type StreamBody = Pick<HttpResponse, 'chunks'>;

/** How events begin. */
const EVENTS = /^(data|event|id|retry)?:/;
const LONGEST_FIELD = 6;

export interface StreamBodyOptions {
  readonly provider: string;
  /** Reads text as a finished answer, and so throws what an error object stands for. */
  readonly read: (json: string) => unknown;
  /** The provider's reader understands a finished answer among its events; the others refuse it. */
  readonly takesWhole?: boolean;
}

/**
 * The body of an answer that should be a stream, looked into when its content type says JSON: events under the wrong
 * name and the elements of a list are read as they arrive, a finished answer is one item, with nothing cut for show.
 * @throws AppError for an error object, text that is no answer, or a finished answer the provider has no reader for.
 */
export async function openStreamBody(
  response: HttpResponse,
  { provider, read, takesWhole = false }: StreamBodyOptions,
): Promise<StreamBody> {
  if (!(response.headers.get('content-type') ?? '').includes('application/json')) return response;
  const body = response.chunks()[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  const readOn = async (): Promise<boolean> => {
    const { done, value } = await body.next();
    if (!done) pieces.push(value);
    return !done;
  };
  const textSoFar = (): string => Buffer.concat(pieces).toString('utf8').trimStart();

  let beginning = '';
  while (beginning.length < LONGEST_FIELD && !/^[[{:]/.test(beginning) && (await readOn())) beginning = textSoFar();
  if (beginning.startsWith('[')) {
    const events = createEventReader();
    let [first] = pieces.flatMap((piece) => events.push(piece));
    while (!first && (await readOn())) [first] = events.push(pieces.at(-1) as Uint8Array);
    if (first && isErrorObject(first.data)) {
      await body.return?.();
      read(first.data);
    }
  } else if (!EVENTS.test(beginning)) {
    while (await readOn()) {
      // All of it is judged at once.
    }
    read(textSoFar());
    if (!takesWhole) throw new AppError('server_error', `${provider} did not stream its answer.`, { retryable: false });
  }
  return { chunks: () => resume(pieces, body) };
}

/** The pieces that were read already, then the rest. */
function resume(pieces: Uint8Array[], body: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const value = pieces.shift();
        return value === undefined ? body.next() : { done: false, value };
      },
      async return() {
        await body.return?.();
        return { done: true, value: undefined };
      },
    }),
  };
}

function isErrorObject(json: string): boolean {
  try {
    return findErrorInBody(JSON.parse(json) as Record<string, unknown>) !== undefined;
  } catch {
    return false;
  }
}
