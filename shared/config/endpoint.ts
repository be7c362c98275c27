import { type AddressClass, classifyAddress } from '../security/address.ts';
import { isMetadataName, readUrl } from '../security/raw-url.ts';
import { ipVersion } from './cidr.ts';

/**
 * Why an endpoint cannot be used, or its normal form: canonical host, no trailing slash. The rule here is about what a
 * file may say (https, no credentials, no development targets in production); which addresses a name may resolve to is
 * decided when the connection is made.
 */
export type EndpointCheck = { readonly url: string } | { readonly fault: string };

export function checkEndpoint(text: string, { production }: { production: boolean }): EndpointCheck {
  // The URL parser silently removes or rewrites these, so they are refused while they can still be seen.
  if (/[\s\\\p{Cc}]/u.test(text)) return { fault: 'must not hold spaces, control characters or backslashes' };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:\/\//i.test(text)) return { fault: 'must be a URL beginning with https://' };
  if (text.includes('@') || text.includes('?') || text.includes('#')) {
    return { fault: 'must not hold credentials, a query or a fragment' };
  }
  const special = specialFault(url.hostname);
  if (special !== undefined) return { fault: special };
  // The guard reads endpoints from their text: what it would refuse at each call is refused here, at the start.
  const read = readUrl(text);
  if ('reason' in read) {
    return {
      fault: 'must name its host plainly: letters, digits, dots and dashes, or an address in its usual spelling',
    };
  }
  const { hostname } = new URL(read.origin);
  const local = isLoopback(hostname) || isSingleLabel(hostname);
  if (production && local) {
    return { fault: 'names a local target, which production refuses; give the https address of the service' };
  }
  const plainAllowed = !production && (local || isClusterName(hostname));
  if (url.protocol === 'http:' && !plainAllowed) {
    return {
      fault: 'must use https; http is for loopback and, in development, for names of a container network or cluster',
    };
  }
  return { url: `${read.origin}${url.pathname.replace(/\/+$/, '')}` };
}

/** Addresses that no target can have and no opt-in opens; the others are judged again when a connection is made. */
const NEVER: Readonly<Partial<Record<AddressClass, string>>> = {
  metadata: 'the metadata service of a cloud',
  link_local: 'a link-local address',
  unspecified: 'no particular address',
  multicast: 'a multicast address',
  reserved: 'a reserved address',
  documentation: 'an address for documentation',
  benchmarking: 'an address for benchmarks',
  translated: 'an address behind a translator',
};

function specialFault(hostname: string): string | undefined {
  const host = hostname.replace(/\.$/, '');
  const address = host.replace(/^\[|\]$/g, '');
  const found = ipVersion(address) === 0 ? undefined : NEVER[classifyAddress(address)];
  const special = found ?? (isMetadataName(host) ? NEVER.metadata : undefined);
  return special === undefined ? undefined : `names ${special}, which is never called; give the address of the service`;
}

/** localhost, 127.0.0.0/8 and ::1. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (hostname.startsWith('127.') && ipVersion(hostname) === 4);
}

/** A name without a dot, such as a service of Docker Compose. */
export function isSingleLabel(hostname: string): boolean {
  return /^[a-z0-9_-]+$/.test(hostname) && hostname !== 'localhost';
}

/** A service inside a Kubernetes cluster. */
export function isClusterName(hostname: string): boolean {
  return hostname.endsWith('.svc.cluster.local');
}

/**
 * The address in `OLLAMA_HOST`, in the forms that Ollama itself takes. It is the server's bind address as well: scheme,
 * host and port may be missing, quotes and white space around it do not count, and "all interfaces" means this machine to
 * a client. The port is 11434 unless a scheme is written, which brings its own.
 */
export function fromOllamaHost(value: string): string {
  const text = value.trim().replace(/^["']+|["']+$/g, '');
  const [, scheme, rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text) ?? [];
  const [authority = '', ...path] = rest.split('/');
  // An IPv6 address needs no brackets as long as there is no port.
  const [, written = '', port] = ipVersion(authority) === 6 ? [] : (/^(.*?)(?::(\d*))?$/s.exec(authority) ?? []);
  const host = ipVersion(authority) === 6 ? `[${authority}]` : written;
  const reachable = host === '' ? '127.0.0.1' : host.replace(/^(?:0\.0\.0\.0|\[::\])$/, '127.0.0.1');
  const chosen = port || (scheme === undefined ? '11434' : '');
  return [`${scheme ?? 'http'}://${reachable}${chosen === '' ? '' : `:${chosen}`}`, ...path].join('/');
}
