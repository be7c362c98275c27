import { AppError } from './app-error.ts';
import type { Metadata } from './vector-store.ts';

const MAX_KEY_LENGTH = 256;
/** Dots separate field paths, dollars start operators, in one backend or another. */
const FORBIDDEN_IN_KEY = /[.$\p{Cs}]/u;
/** Half a surrogate pair, which UTF-8 cannot carry. */
export const HALF_CHARACTER = /\p{Cs}/u;
/** Names of this form belong to the backends (and to JavaScript: `__proto__`). */
export const RESERVED_NAME = /^__.*__$/s;

/** What is wrong with a metadata key, to be put after "The key"; undefined when nothing is. */
export function metadataKeyFault(key: unknown): string | undefined {
  if (typeof key !== 'string' || key === '') return 'is empty';
  if (key.length > MAX_KEY_LENGTH) return `is longer than ${MAX_KEY_LENGTH} characters`;
  if (FORBIDDEN_IN_KEY.test(key)) return 'holds "." or "$" or half a character';
  if (RESERVED_NAME.test(key)) return 'starts and ends with "__", which is reserved';
  return undefined;
}

/** Refuses metadata that is not flat or that one of the stores could not hold. @throws AppError `invalid_request`. */
export function checkMetadata(metadata: Metadata, param: string): void {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new AppError('invalid_request', 'Metadata is an object of names and values.', { param });
  }
  for (const [key, value] of Object.entries(metadata)) {
    const fault = metadataKeyFault(key);
    if (fault !== undefined) {
      throw new AppError('invalid_request', `A metadata key ${fault}.`, { param });
    }
    if (!isMetadataValue(value)) {
      throw new AppError(
        'invalid_request',
        'A metadata value is a well-formed string, a finite number, a boolean, null or a list of the first three.',
        { param: `${param}.${key}` },
      );
    }
  }
}

/** What a passage says of its own place in the document. */
const PASSAGE_NAMES = ['start', 'end', 'chunk_index', 'chunk_count'];

/**
 * As `checkMetadata`, for that of a whole document: its passages get it too, beside names of their own.
 * @throws AppError `invalid_request`.
 */
export function checkDocumentMetadata(metadata: Metadata, param: string): void {
  checkMetadata(metadata, param);
  const taken = PASSAGE_NAMES.find((name) => Object.hasOwn(metadata, name));
  if (taken === undefined) return;
  throw new AppError('invalid_request', `All passages carry a "${taken}" of their own; use another name for yours.`, {
    param: `${param}.${taken}`,
  });
}

/** A copy that shares nothing with the original. */
export function copyMetadata(metadata: Metadata): Metadata {
  const copy: Record<string, Metadata[string]> = {};
  // A name like `__proto__` never gets here: `checkMetadata` refuses it.
  for (const key of Object.keys(metadata)) {
    const value = metadata[key] ?? null;
    copy[key] = Array.isArray(value) ? [...value] : value;
  }
  return copy;
}

function isMetadataValue(value: unknown): boolean {
  return value === null || isScalar(value) || (Array.isArray(value) && value.every(isScalar));
}

function isScalar(value: unknown): boolean {
  if (typeof value === 'string') return !HALF_CHARACTER.test(value);
  return typeof value === 'boolean' || Number.isFinite(value);
}
