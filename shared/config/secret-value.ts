import { inspect } from 'node:util';

/**
 * A key as the configuration knows it: its text, or the reference (what follows `secret://`) a SecretSource resolves.
 */
export type SecretValue = { readonly value: string } | { readonly secret: string };

const SCHEME = 'secret://';
/** What somebody wrote who meant a reference, and which would go to a vendor as a key. */
const MEANT_AS_REFERENCE = /^\s*secret:/i;
const REFERENCE =
  /^(?:[A-Za-z0-9_-]{1,255}|projects\/[A-Za-z0-9_.:-]+\/(?:locations\/[a-z0-9-]+\/)?secrets\/[A-Za-z0-9_-]{1,255}(?:\/versions\/(?:[1-9]\d{0,18}|[A-Za-z][A-Za-z0-9_-]{0,62}))?)$/;

/** What is wrong with a text as a key or a reference to one; undefined when nothing is. */
export function secretFault(text: string): string | undefined {
  if (text === '') return 'is empty; give it a value or remove the line';
  if (!MEANT_AS_REFERENCE.test(text)) return undefined;
  if (text.startsWith(SCHEME) && REFERENCE.test(text.slice(SCHEME.length))) return undefined;
  return (
    'must be secret://NAME or secret://projects/PROJECT/secrets/NAME/versions/VERSION (a version is a number from 1, ' +
    'latest or an alias; without one, the latest)'
  );
}

/** The text as a key, or as a reference when it begins with `secret://`. */
export function toSecretValue(text: string): SecretValue {
  return text.startsWith(SCHEME) ? { secret: text.slice(SCHEME.length) } : hide({ value: text });
}

/** Keeps the key out of logs that print or serialise the configuration. */
function hide<T extends { readonly value: string }>(secret: T): T {
  const redacted = { value: () => '[redacted]' };
  return Object.defineProperties(secret, { toJSON: redacted, [inspect.custom]: redacted });
}
