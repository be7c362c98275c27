import { createHash } from 'node:crypto';
import { AppError } from '../contracts/app-error.ts';

const MAX_ID_LENGTH = 512;
/** Documents with such ids can be addressed in a URL path and stored anywhere; the rest is hashed in chunk ids. */
const PLAIN_ID = /^[A-Za-z0-9][A-Za-z0-9_.~-]{0,199}$/;
/** What hashed keys look like; a document with such an id is hashed, so that it cannot pass for another one. */
const HASHED_KEY = /^h[0-9a-f]{40}$/;
const CONTROL = /\p{Cc}/u;

/** @throws AppError `invalid_request` for an id that no store could keep. */
export function checkDocumentId(id: string, param = 'id'): void {
  const problem =
    id === '' || id.length > MAX_ID_LENGTH
      ? `must have 1 to ${MAX_ID_LENGTH} characters`
      : /[/\\]/.test(id) || CONTROL.test(id)
        ? 'must not hold slashes, backslashes or control characters'
        : id === '.' || id === '..' || /^__.*__$/.test(id)
          ? 'must not be `.`, `..` or `__x__`'
          : !id.isWellFormed() && 'must not hold unpaired surrogates';
  if (problem) throw new AppError('invalid_request', `A document id ${problem}.`, { param });
}

/**
 * What the ids of a document's chunks begin with: the document's own id where that is safe and belongs to no tenant, so
 * that people recognise it; a hash of tenant and id otherwise, so that two tenants never share one.
 */
export function toDocumentKey(id: string, tenant: string | null): string {
  if (tenant === null && PLAIN_ID.test(id) && !id.includes('..') && !HASHED_KEY.test(id)) return id;
  return `h${sha256(`${tenant === null ? '' : `${tenant.length}:${tenant}`}\u0000${id}`).slice(0, 40)}`;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
