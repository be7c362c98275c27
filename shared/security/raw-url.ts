import { ipVersion } from '../config/cidr.ts';
import type { BlockReason } from './blocked.ts';

/** A URL whose text left no room for two readings. */
export interface ReadUrl {
  readonly url: URL;
  /** Lower case, without brackets, trailing dot and port. */
  readonly host: string;
  /** Scheme, host and, unless it is the scheme's own, port. */
  readonly origin: string;
}

const MAX_LENGTH = 2048;

/** Names of metadata services; they resolve on the machines of one cloud or another. */
const METADATA_NAMES = ['metadata', 'metadata.google.internal', 'metadata.goog', 'instance-data'];

/**
 * Reads the text before the URL parser does, which silently removes, maps or completes what is refused here: control
 * characters, backslashes, missing slashes, credentials, percent signs and other alphabets in the host, numbers that
 * stand for addresses.
 */
export function readUrl(raw: string): ReadUrl | { readonly reason: BlockReason } {
  if (raw.length > MAX_LENGTH || !/^[\x21-\x7e]+$/.test(raw) || raw.includes('\\')) return { reason: 'malformed' };
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(raw)?.[1]?.toLowerCase();
  if (scheme === undefined) return { reason: 'malformed' };
  if (scheme !== 'https' && scheme !== 'http') return { reason: 'scheme' };
  const authority = /^:\/\/([^/?#]+)/.exec(raw.slice(scheme.length))?.[1];
  if (authority === undefined) return { reason: 'malformed' };
  if (authority.includes('@')) return { reason: 'userinfo' };
  const written = /^((?:[a-z0-9_-]+\.)*[a-z0-9_-]+|\[[0-9a-f:.]+\])(\.)?(?::[1-9]\d*)?$/i.exec(authority);
  if (written === null || !URL.canParse(raw)) return { reason: 'malformed' };
  const [, name = ''] = written;
  const url = new URL(raw);
  const host = url.hostname.replace(/\.$/, '');
  // The parser has turned 0x7f.1, 2130706433 and [0::1] into the addresses they stand for.
  if (host !== name.toLowerCase()) return { reason: 'malformed' };
  return {
    url,
    host: host.replace(/^\[|\]$/g, ''),
    origin: `${url.protocol}//${host}${url.port === '' ? '' : `:${url.port}`}`,
  };
}

export function isMetadataName(host: string): boolean {
  return METADATA_NAMES.some((name) => host === name || (name.includes('.') && host.endsWith(`.${name}`)));
}

export function isAddress(host: string): boolean {
  return ipVersion(host) !== 0;
}
