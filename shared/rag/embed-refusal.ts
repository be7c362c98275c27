import { AppError } from '../contracts/app-error.ts';

/**
 * Whether a smaller batch may pass. Some servers answer 413 to one that is too large, OpenAI 400, others 422: only a
 * smaller one tells whether the size was the fault, and if it was not, which text is.
 */
export function isAboutSize({ code, upstreamStatus }: AppError): boolean {
  if (code === 'too_large' || code === 'context_length_exceeded') return true;
  return code === 'invalid_request' && (upstreamStatus === 400 || upstreamStatus === 422);
}

/** The refusal of a single text, naming its place in the caller's list. */
export function atIndex(error: AppError, index: number): AppError {
  return new AppError('invalid_request', `${error.message} It was the text at index ${index}.`, {
    param: `input[${index}]`,
    cause: error,
    ...(error.upstreamStatus === undefined ? {} : { upstreamStatus: error.upstreamStatus }),
  });
}
