import { AppError } from '../contracts/app-error.ts';
import { isDeeperThan } from '../text/json-depth.ts';

/** Nesting no honest answer has. Whatever writes or walks through an answer later, recursively, is safe below it. */
const MAX_DEPTH = 1_000;

/**
 * What a vendor sent, parsed.
 * @throws AppError `server_error` for text that is not JSON, or nested more than 1,000 levels deep.
 */
export function parseJson(text: string, provider: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (cause) {
    throw new AppError('server_error', `${provider} answered with something that is not JSON.`, { cause });
  }
  // Every level takes two characters, so that the events of a stream need not be looked through.
  if (text.length > 2 * MAX_DEPTH && isDeeperThan(value, MAX_DEPTH)) {
    throw new AppError('server_error', `${provider} answered with JSON that is nested too deep.`);
  }
  return value;
}
