import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { AppError, type ErrorCode, toAppError } from '../contracts/app-error.ts';
import { createLimiter } from './concurrency.ts';
import { type ExtractedText, type ExtractInput, extractText, isParsedFile } from './extract.ts';

const DEFAULT_TIMEOUT_MS = 60_000;
/** Loading a parser takes longer than reading most files, so a thread waits a while for the next one. */
const IDLE_MS = 30_000;
const MAX_HEAP_MB = 512;

/** Where this is not bundled the thread is TypeScript too, and needs a loader of its own. */
const IS_SOURCE = import.meta.url.endsWith('.ts');

type Answer =
  | { readonly extracted: ExtractedText }
  | { readonly refused: { readonly code: ErrorCode; readonly message: string; readonly param?: string } };

/** The text of a document, as `extractText` gives it. Rejects with the signal's reason when that is aborted. */
export type FileReader = (input: ExtractInput, signal: AbortSignal) => Promise<ExtractedText>;

/**
 * Reads PDF and DOCX in a thread of their own, one at a time: their parsers can be kept busy for hours by a file of half a
 * kilobyte, and everybody else's requests would stand still meanwhile. The thread is stopped with its file when that takes
 * too much time or memory, or when nobody waits for it any more. Other kinds are read at once, here.
 *
 * @param timeoutMs of one file, from when its turn comes. Default: a minute.
 * @throws AppError as `extractText`, and `too_large` for a file that takes too long or too much memory.
 */
export function createFileReader({ timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): FileReader {
  const oneAtATime = createLimiter(1);
  let thread: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;

  const start = (): Worker => {
    const started = startThread();
    // One that ends between files is replaced with the next file, and what it says while it is stopped concerns nobody.
    started.on('error', () => {});
    started.on('exit', () => {
      if (thread === started) thread = undefined;
    });
    return started;
  };

  const stop = (): void => {
    void thread?.terminate();
    thread = undefined;
  };

  const readInThread = (input: ExtractInput, signal: AbortSignal): Promise<ExtractedText> =>
    new Promise((resolve, reject) => {
      clearTimeout(idle);
      thread ??= start();
      const current = thread;
      const settle = (outcome: () => void, keep: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        current.off('message', answer).off('error', breakDown).off('exit', breakDown);
        current.unref();
        if (keep) idle = setTimeout(stop, IDLE_MS).unref();
        else stop();
        outcome();
      };
      const fail = (error: AppError) => settle(() => reject(error), false);
      const leave = () => fail(toAppError(signal.reason, signal));
      const breakDown = (cause: unknown) =>
        fail(isOutOfMemory(cause) ? tooMuch('takes too much memory to read') : lost(cause));
      const answer = (message: Answer) => {
        if ('extracted' in message) return settle(() => resolve(message.extracted), true);
        const { code, message: words, param } = message.refused;
        settle(() => reject(new AppError(code, words, param === undefined ? {} : { param })), true);
      };
      const timer = setTimeout(() => fail(tooMuch(`takes longer than ${timeoutMs / 1_000} s to read`)), timeoutMs);
      signal.addEventListener('abort', leave, { once: true });
      current.on('message', answer).on('error', breakDown).on('exit', breakDown);
      current.ref();
      current.postMessage(input);
    });

  return (input, signal) =>
    isParsedFile(input.contentType) ? oneAtATime(() => readInThread(input, signal), signal) : extractText(input);
}

/** Without the environment: what reads strangers' files needs no keys. */
function startThread(): Worker {
  const options = { env: {}, resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB } };
  if (!IS_SOURCE) return new Worker(new URL('./file-thread.js', import.meta.url), options);
  const commonJs = createRequire(import.meta.url).resolve('tsx/esm/api');
  const loader = new URL('index.mjs', pathToFileURL(commonJs)).href;
  const thread = new URL('./file-thread.ts', import.meta.url).href;
  const code = `import('${loader}').then(({ register }) => { register(); return import('${thread}'); })`;
  return new Worker(code, { ...options, eval: true });
}

function isOutOfMemory(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

/** Not the file's fault: another attempt gets another thread. */
function lost(cause: unknown): AppError {
  return new AppError('server_error', 'The thread that reads files ended.', { retryable: true, cause });
}

function tooMuch(what: string): AppError {
  return new AppError('too_large', `The file ${what}. Send it in parts, or as text.`, { param: 'content' });
}
