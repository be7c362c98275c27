import { isIP } from 'node:net';
import { isClusterName, isLoopback, isSingleLabel } from '../config/endpoint.ts';

/**
 * Whether a `host` header names this machine, for a service that lets everybody in because nobody else reaches it. A page
 * can have its own name lead to this machine (DNS rebinding), and its browser takes the answers for the page's own; that
 * name stands in the header then. An address cannot be made to lead elsewhere, nor can a name that no public DNS has.
 *
 * @param hosts further names that are meant, without ports.
 */
export function createHostCheck(hosts: readonly string[]): (header: string | undefined) => boolean {
  const known = new Set(hosts.map((host) => host.toLowerCase()));
  return (header) => {
    // A browser always sends it.
    if (header === undefined) return true;
    const host = header.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
    if (isIP(host) === 4 || (/^\[.*\]$/.test(host) && isIP(host.slice(1, -1)) === 6)) return true;
    return isLoopback(host) || isSingleLabel(host) || isPrivateName(host) || known.has(host);
  };
}

/** Below names that are reserved for private use: nobody can register them. */
function isPrivateName(host: string): boolean {
  return host.endsWith('.localhost') || host.endsWith('.internal') || isClusterName(host);
}
