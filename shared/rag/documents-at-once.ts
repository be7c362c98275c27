import { setMaxListeners } from 'node:events';
import { createDeadline } from '../resilience/deadline.ts';
import { createLimiter, mapConcurrently } from './concurrency.ts';

/**
 * Small documents mostly wait for the model and the stores; the more wait together, the fuller their shared requests.
 */
const DOCUMENTS_AT_ONCE = 128;
/** Content, in characters or bytes, above which a document counts as large: it is held in memory several times over. */
const LARGE_DOCUMENT = 20_000;
/** Most content of all large documents under way together, enough to keep model and stores busy. */
const LARGE_CONTENT_AT_ONCE = DOCUMENTS_AT_ONCE * LARGE_DOCUMENT;
/** Most that one document counts against that, so that four run at a time whatever their size. */
const HEAVIEST = LARGE_CONTENT_AT_ONCE / 4;

/**
 * Runs an operation for each of many documents and gives the results in their order: many small documents at a time,
 * and fewer the larger they are, but always four. The limit on large documents holds over all calls of the returned
 * function.
 * @param operation must not reject, and ends soon after its signal is aborted.
 */
export function createDocumentsAtOnce() {
  const limitLarge = createLimiter(LARGE_CONTENT_AT_ONCE);
  // A signal that is never aborted: a document whose caller is gone keeps its place, and its operation reports that.
  const { signal: patience } = new AbortController();
  setMaxListeners(0, patience);
  return <Input extends { readonly content: string | Uint8Array }, Outcome>(
    inputs: readonly Input[],
    operation: (input: Input, signal: AbortSignal) => Promise<Outcome>,
    signal: AbortSignal,
  ): Promise<Outcome[]> => {
    // All operations listen to one signal of their own instead of adding their listeners to the caller's.
    const shared = createDeadline(signal, undefined, 'ingestion');
    return mapConcurrently(inputs, DOCUMENTS_AT_ONCE, (input) =>
      input.content.length > LARGE_DOCUMENT
        ? limitLarge(() => operation(input, shared.signal), patience, Math.min(input.content.length, HEAVIEST))
        : operation(input, shared.signal),
    ).finally(shared.end);
  };
}
