import { cidrFault, contains, parseAddress, rangesByBits, toRanges } from '../config/cidr.ts';
import { isLoopback, isSingleLabel } from '../config/endpoint.ts';
import { AppError } from '../contracts/app-error.ts';
import { type AddressClass, classifyAddress } from './address.ts';
import type { BlockReason } from './blocked.ts';
import { isAddress, isMetadataName, readUrl } from './raw-url.ts';

/** A configured place that requests may go to. */
export interface GuardTarget {
  /** What the log calls it, such as the provider's name. */
  readonly name: string;
  /** Scheme, host in lower case and, unless it is the scheme's own, port; no slash at the end. */
  readonly origin: string;
  /** Path of the configured base URL, no slash at the end; requests stay below it. Default: anywhere. */
  readonly path?: string;
  /** When given, exactly these paths may be asked for, without a query. */
  readonly onlyPaths?: readonly string[];
  /** Private networks the name may resolve into. */
  readonly allowedCidrs: readonly string[];
  /** Configured for development: plain http and, on a loopback host, loopback addresses. Void in production. */
  readonly development: boolean;
}

export type UrlVerdict =
  | {
      readonly allowed: true;
      readonly origin: string;
      /** Path and query, as they are to be sent. */
      readonly path: string;
    }
  | Denial;

export type AddressVerdict = { readonly allowed: true } | Denial;

export interface Denial {
  readonly allowed: false;
  readonly reason: BlockReason;
}

export interface UrlGuard {
  /** Whether a request may go to a URL: exactly the target's origin, below its path. */
  judgeUrl(raw: string, target: GuardTarget): UrlVerdict;
  /** The same, for any public https URL on the default port with a host that is a name. */
  judgePublicUrl(raw: string): UrlVerdict;
  /** Whether all the addresses of a name may be connected to. Without a target, public ones alone may. */
  judgeAddresses(addresses: readonly string[], target?: GuardTarget): AddressVerdict;
  /** The same for a URL that a caller gave: nothing that only our own network reaches. */
  judgePublicAddresses(addresses: readonly string[]): AddressVerdict;
}

/** Classes that a CIDR of the configuration opens. */
const OPENABLE: ReadonlySet<AddressClass> = new Set<AddressClass>(['private', 'shared']);

/** Decides by text and numbers alone: it opens nothing and asks no name server. */
export function createUrlGuard({ production }: { readonly production: boolean }): UrlGuard {
  const judgeAddresses: UrlGuard['judgeAddresses'] = (addresses, target) => {
    if (addresses.length === 0) return deny('unresolved');
    const reasons = addresses.map((address) => addressFault(address, target, production));
    const reason = reasons.find((found) => found === 'metadata') ?? reasons.find((found) => found !== undefined);
    return reason === undefined ? { allowed: true } : deny(reason);
  };

  return {
    judgeAddresses,

    judgeUrl(raw, target) {
      const read = readUrl(raw);
      if ('reason' in read) return deny(read.reason);
      const { url, host, origin } = read;
      if (isMetadata(host)) return deny('metadata');
      if (url.protocol === 'http:' && !isPlainAllowed(target, production)) return deny('scheme');
      if (origin !== target.origin) return deny('origin');
      if (isAddress(host)) {
        const verdict = judgeAddresses([host], target);
        if (!verdict.allowed) return verdict;
      } else if (production && (host === 'localhost' || isSingleLabel(host))) {
        return deny('local_name');
      }
      if (raw.includes('#') || !isPathAllowed(url, raw, target)) return deny('path');
      return { allowed: true, origin, path: url.pathname + url.search };
    },

    judgePublicAddresses(addresses) {
      return addresses.some(isGoogleFrontEnd) ? deny('private') : judgeAddresses(addresses);
    },
    judgePublicUrl(raw) {
      const read = readUrl(raw);
      if ('reason' in read) return deny(read.reason);
      const { url, host, origin } = read;
      if (isMetadata(host)) return deny('metadata');
      if (url.protocol !== 'https:') return deny('scheme');
      if (url.port !== '') return deny('origin');
      if (isAddress(host)) return deny(hostClass(host));
      if (!host.includes('.')) return deny('local_name');
      return { allowed: true, origin, path: url.pathname + url.search };
    },
  };
}

/**
 * The target that an endpoint of the configuration stands for.
 * @throws AppError `configuration` for an endpoint that is no plain base URL, and for a CIDR that cannot be opened.
 */
export function toGuardTarget({
  endpoint,
  ...rest
}: Omit<GuardTarget, 'origin' | 'path'> & { readonly endpoint: string }): GuardTarget {
  const read = readUrl(endpoint);
  if ('reason' in read || endpoint.includes('?') || endpoint.includes('#')) {
    throw new AppError(
      'configuration',
      `The endpoint of ${rest.name} must be a URL such as https://api.example.com/v1.`,
    );
  }
  for (const cidr of rest.allowedCidrs) {
    const fault = cidrFault(cidr);
    if (fault !== undefined) throw new AppError('configuration', `A CIDR allowed for ${rest.name} ${fault}.`);
  }
  return { ...rest, origin: read.origin, path: read.url.pathname.replace(/\/+$/, '') };
}

function addressFault(address: string, target: GuardTarget | undefined, production: boolean): BlockReason | undefined {
  const found = classifyAddress(address);
  if (target === undefined) return found === 'public' ? undefined : found;
  const loopbackHost = isLoopback(new URL(target.origin).hostname);
  if (found === 'loopback') return loopbackHost && target.development && !production ? undefined : found;
  // `localhost` is this machine or nothing.
  if (loopbackHost) return found === 'public' ? 'origin' : found;
  if (isGoogleFrontEnd(address) && !GOOGLE_HOST.test(new URL(target.origin).hostname)) return 'private';
  // Plain text stays on ground that was opened for it.
  if (found === 'public') return target.origin.startsWith('https:') ? undefined : 'scheme';
  return OPENABLE.has(found) && isOpened(address, target.allowedCidrs) ? undefined : found;
}

/**
 * Private Google Access: public by their number, and from inside a VPC the way to its own services, those with internal
 * ingress included (https://cloud.google.com/vpc/docs/configure-private-google-access).
 */
const googleFrontEnds = rangesByBits([
  '199.36.153.4/30',
  '199.36.153.8/30',
  '2600:2d00:2:1000::/64',
  '2600:2d00:2:2000::/64',
]);
const GOOGLE_HOST = /\.(?:run\.app|googleapis\.com)$/;

function isGoogleFrontEnd(address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && googleFrontEnds(parsed.bits).some((range) => contains(range, parsed));
}

function isOpened(address: string, cidrs: readonly string[]): boolean {
  const parsed = parseAddress(address);
  const usable = cidrs.filter((cidr) => cidrFault(cidr) === undefined);
  return parsed !== undefined && toRanges(usable).some((range) => contains(range, parsed));
}

function isPlainAllowed({ development, origin }: GuardTarget, production: boolean): boolean {
  return development && !production && origin.startsWith('http:');
}

function isPathAllowed({ pathname }: URL, raw: string, { path = '', onlyPaths }: GuardTarget): boolean {
  if (onlyPaths !== undefined) return !raw.includes('?') && onlyPaths.includes(pathname);
  if (pathname !== path && !pathname.startsWith(`${path}/`)) return false;
  // The parser has resolved dot segments; a server may go on to resolve the encoded ones.
  return !pathname.includes('%') || !/(?:^|[/\\])\.\.?(?:[/\\]|$)/.test(decode(pathname));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '/../';
  }
}

function isMetadata(host: string): boolean {
  return isAddress(host) ? classifyAddress(host) === 'metadata' : isMetadataName(host);
}

/** A name is wanted: a public address is refused for being none. */
function hostClass(host: string): BlockReason {
  const found = classifyAddress(host);
  return found === 'public' ? 'origin' : found;
}

function deny(reason: BlockReason): Denial {
  return { allowed: false, reason };
}
