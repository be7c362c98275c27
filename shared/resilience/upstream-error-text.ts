import type { HttpResponse } from '../contracts/http-fetch.ts';

/** Error bodies are small. What is longer is a page of HTML or an echo of the request, and not worth waiting for. */
const MAX_BYTES = 256 * 1024;
const MAX_WAIT_MS = 2_000;

/**
 * The body of an answer whose status is an error. The status has decided by now, so a body that breaks off, never ends
 * or is too large gives what has arrived of it, and the connection is given up.
 * @throws what reading throws when the signal is aborted: nobody waits for the error any more.
 */
export async function readErrorText(response: HttpResponse, signal: AbortSignal): Promise<string> {
  const body = response.chunks()[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  const leave = (): void => {
    body.return?.().catch(() => {});
  };
  const timer = setTimeout(leave, MAX_WAIT_MS);
  try {
    for (let length = 0; length <= MAX_BYTES; ) {
      const { done, value } = await body.next();
      if (done) return toText(parts);
      parts.push(value);
      length += value.length;
    }
    leave();
  } catch (error) {
    if (signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  return toText(parts);
}

function toText(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString('utf8');
}
