import { parentPort } from 'node:worker_threads';
import { AppError, toAppError } from '../contracts/app-error.ts';
import { type ExtractInput, extractText } from './extract.ts';
import { limitBuffers } from './limit-buffers.ts';

/** What the thread of `file-reader.ts` runs: one file after the other, in the order they come. */
const buffers = limitBuffers();

parentPort?.on('message', async (input: ExtractInput) => {
  parentPort?.postMessage(
    await read(input).then(
      (extracted) => ({ extracted }),
      // Errors do not keep their class on the way.
      (thrown) => {
        const { code, message, param } = toAppError(thrown);
        return { refused: { code, message, param } };
      },
    ),
  );
});

async function read(input: ExtractInput) {
  buffers.reset();
  try {
    return await extractText(input);
  } finally {
    // biome-ignore lint/correctness/noUnsafeFinally: whatever the parser made of the rest is not the document.
    if (buffers.isExceeded()) throw tooMuch();
  }
}

function tooMuch(): AppError {
  return new AppError('too_large', 'The file unpacks to more than a document needs. Send it in parts, or as text.', {
    param: 'content',
  });
}
