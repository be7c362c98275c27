import { setMaxListeners } from 'node:events';
import { createDeadline } from '../resilience/deadline.ts';
import { createLimiter, mapConcurrently } from './concurrency.ts';

/** Small documents wait for the stores and not for us, and the more of them wait together the fuller the requests are. */
const DOCUMENTS_AT_ONCE = 128;
/** Documents with more content than that, in characters or bytes, are held in memory several times over. */
const LARGE_DOCUMENT = 20_000;
/** Content of the large ones together; as many of them then wait for model and stores as keep both busy. */
const LARGE_CONTENT_AT_ONCE = DOCUMENTS_AT_ONCE * LARGE_DOCUMENT;
/** What makes room for that many of any size. */
const HEAVIEST = LARGE_CONTENT_AT_ONCE / 4;

/**
 * Runs an operation for each of many documents, results in their order: many small ones at a time, the fewer
 * the larger they are, but four of any size. What is said of large ones holds over all calls.
 * @param operation must not reject, and ends soon after its signal is aborted.
 */
export function createDocumentsAtOnce() {
  const limitLarge = createLimiter(LARGE_CONTENT_AT_ONCE);
  // Nobody leaves the line: the operation itself says in its outcome that its caller is gone.
  const { signal: patience } = new AbortController();
  setMaxListeners(0, patience);
  return <Input extends { readonly content: string | Uint8Array }, Outcome>(
    inputs: readonly Input[],
    operation: (input: Input, signal: AbortSignal) => Promise<Outcome>,
    signal: AbortSignal,
  ): Promise<Outcome[]> => {
    // A signal for them alone, which all of them listen to.
    const shared = createDeadline(signal, undefined, 'ingestion');
    return mapConcurrently(inputs, DOCUMENTS_AT_ONCE, (input) =>
      input.content.length > LARGE_DOCUMENT
        ? limitLarge(() => operation(input, shared.signal), patience, Math.min(input.content.length, HEAVIEST))
        : operation(input, shared.signal),
    ).finally(shared.end);
  };
}
