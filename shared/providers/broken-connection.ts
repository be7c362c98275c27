import { AppError } from '../contracts/app-error.ts';

/** Whether a body ended because its connection broke or fell silent, and not because nobody wants it any more. */
export function isBrokenConnection(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'network' || error.code === 'timeout');
}
