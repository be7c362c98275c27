import { createHash } from 'node:crypto';

/** Firestore's limit on a document id is 1,500 bytes, and the prefix of a key takes up to 110 of them. */
const MAX_ID_BYTES = 1_380;
const SEPARATOR = '\\';

/**
 * Firestore document ids for things whose own ids are unique only within a tenant or collection. The plain case keeps
 * its id, so that the console shows what users know; the parts of every other key are joined by a backslash, which ids,
 * collection names and digests cannot hold, so that no id can be chosen that meets another tenant's key.
 */
export function toTenantKey(id: string, tenant: string | null): string {
  return tenant === null ? toKeyPart(id) : `${digest(tenant)}${SEPARATOR}${toKeyPart(id)}`;
}

/** As `toTenantKey`, within a collection. `default` without a tenant is the plain case. */
export function toCollectionKey(id: string, collection: string, tenant: string | null): string {
  if (collection === 'default') return toTenantKey(id, tenant);
  const owner = tenant === null ? '' : digest(tenant);
  return `${collection}${SEPARATOR}${owner}${SEPARATOR}${toKeyPart(id)}`;
}

/** The id inside a key, or undefined when the key holds only its digest. */
export function idFromKey(key: string): string | undefined {
  const part = key.slice(key.lastIndexOf(SEPARATOR) + 1);
  return part.startsWith('#') ? undefined : part;
}

/** Whether `idFromKey` gives this id back; otherwise it has to be stored beside the key. */
export function isReadableFromKey(id: string): boolean {
  return Buffer.byteLength(id) <= MAX_ID_BYTES && !id.startsWith('#');
}

function toKeyPart(id: string): string {
  return isReadableFromKey(id) ? id : `#${digest(id)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
