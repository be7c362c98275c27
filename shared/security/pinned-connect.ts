import { ADDRCONFIG } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import buildConnector from 'undici/lib/core/connect.js';
import { ipVersion } from '../config/cidr.ts';
import { toBlockedError } from './blocked.ts';
import type { AddressVerdict } from './url-guard.ts';

/** All addresses of a name, of both families. Rejects when there are none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** Makes what opens sockets; the lookup it is given is the only way to an address. */
export type MakeConnector = (options: {
  readonly timeout: number;
  readonly lookup: LookupFunction;
}) => buildConnector.connector;

export interface PinnedConnectOptions {
  readonly judge: (addresses: readonly string[]) => AddressVerdict;
  readonly timeoutMs: number;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve | undefined;
  /** Default: undici's sockets. */
  readonly makeConnector?: MakeConnector | undefined;
}

/**
 * Opens sockets to judged addresses only. A name is resolved once per socket, all its addresses are judged, and the very
 * addresses that passed are the ones connected to, so that a name cannot mean one thing to the judge and another to the
 * socket. The name itself is kept for the Host header, for SNI and for the certificate.
 */
export function createPinnedConnect(options: PinnedConnectOptions): buildConnector.connector {
  const { judge, timeoutMs, resolve = resolveName, makeConnector = buildConnector } = options;

  const resolveJudged = async (hostname: string): Promise<readonly { address: string; family: number }[]> => {
    const addresses = await resolve(hostname);
    const verdict = judge(addresses);
    if (!verdict.allowed) throw toBlockedError(verdict.reason);
    return addresses.map((address) => ({ address, family: ipVersion(address) }));
  };

  const judgedLookup: LookupFunction = (hostname, { all }, callback) => {
    resolveJudged(hostname).then(
      (found) => {
        if (all) callback(null, [...found]);
        else callback(null, found[0]?.address ?? '', found[0]?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };

  const connect = makeConnector({ timeout: timeoutMs, lookup: judgedLookup });
  return (place, callback) => {
    // Nothing is looked up for an address, so it is judged here.
    const verdict = ipVersion(place.hostname) === 0 ? undefined : judge([place.hostname]);
    if (verdict === undefined || verdict.allowed) connect(place, callback);
    else queueMicrotask(() => callback(toBlockedError(verdict.reason), null));
  };
}

/** What the system's own calls would use: hosts file, container networks and cluster names included. */
async function resolveName(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true, order: 'verbatim', hints: ADDRCONFIG });
  return found.map(({ address }) => address);
}
