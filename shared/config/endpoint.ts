import { isIP } from 'node:net';

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
  const local = isLoopback(url.hostname) || isSingleLabel(url.hostname);
  if (production && local) {
    return { fault: 'names a local target, which production refuses; give the https address of the service' };
  }
  const plainAllowed = !production && (local || url.hostname.endsWith('.svc.cluster.local'));
  if (url.protocol === 'http:' && !plainAllowed) {
    return {
      fault: 'must use https; http is for loopback and, in development, for names of a container network or cluster',
    };
  }
  return { url: `${url.origin}${url.pathname.replace(/\/+$/, '')}` };
}

/** localhost, 127.0.0.0/8 and ::1. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}

/** A name without a dot, such as a service of Docker Compose. */
export function isSingleLabel(hostname: string): boolean {
  return /^[a-z0-9_-]+$/.test(hostname) && hostname !== 'localhost';
}

/**
 * The address in `OLLAMA_HOST`, which is the server's bind address as well: a scheme and the port may be missing, and
 * "all interfaces" means this machine to a client.
 */
export function fromOllamaHost(value: string): string {
  const withScheme = /^[a-z]+:\/\//i.test(value) ? value : `http://${/:\d+$/.test(value) ? value : `${value}:11434`}`;
  return withScheme.replace(/^(https?:\/\/)(?:0\.0\.0\.0|\[::\])(?=[:/]|$)/i, '$1127.0.0.1');
}
