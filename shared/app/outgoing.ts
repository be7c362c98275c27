import type { LegConfig, ToolConfig } from '../config/types.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';
import { OLLAMA_PATHS } from '../providers/ollama-paths.ts';
import type { GuardedHttpClient } from '../security/guarded-http.ts';
import { toGuardTarget } from '../security/url-guard.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createLazy } from './lazy.ts';

/** A place that requests go to, as the configuration describes it. */
export interface Place {
  /** Base URL; absent where the adapter's own constant is used. */
  readonly endpoint?: string;
  readonly allowedCidrs: readonly string[];
}

/** Every way out of the process over HTTP, each behind the guard. */
export interface Outgoing {
  /** @param name what the log calls the place. */
  fetchFor(name: string, place: Place): HttpFetch;
  /** The same for a leg, made once for each. */
  fetchForLeg(leg: LegConfig): HttpFetch;
  fetchForTool(tool: ToolConfig): HttpFetch;
  /** For addresses that callers name: GET from public servers alone. */
  readonly fetchPublic: HttpFetch;
  close(): Promise<void>;
}

export interface OutgoingOptions {
  readonly production: boolean;
  readonly telemetry: Pick<Telemetry, 'requestBlocked'>;
  /** Takes the place of the transport and its guard altogether. */
  readonly fetch?: HttpFetch | undefined;
}

export function createOutgoing({ production, telemetry, fetch }: OutgoingOptions): Outgoing {
  if (fetch) {
    const same = () => fetch;
    return { fetchFor: same, fetchForLeg: same, fetchForTool: same, fetchPublic: fetch, close: async () => {} };
  }
  // Loaded with the first request, because it is a third of all code that a function would load at its start.
  const transport = createLazy(async () => {
    const { createGuardedHttpClient } = await import('../security/guarded-http.ts');
    return createGuardedHttpClient({
      production,
      onBlocked: ({ reason, targetName }) => telemetry.requestBlocked({ reason, target: targetName }),
    });
  });
  /** A transport made with its first request and kept, so that later requests reach it without a look-up. */
  const onceLoaded = (make: (client: GuardedHttpClient) => HttpFetch): HttpFetch => {
    let made: HttpFetch | undefined;
    return async (url, init) => {
      made ??= make(await transport.get());
      return await made(url, init);
    };
  };
  const byLeg = new WeakMap<LegConfig, HttpFetch>();

  const fetchFor: Outgoing['fetchFor'] = (name, { endpoint, allowedCidrs }) => {
    if (endpoint === undefined) return onceLoaded((client) => client.fetchVendor);
    const onlyPaths = name === 'ollama' ? { onlyPaths: OLLAMA_PATHS } : {};
    const target = toGuardTarget({ name, endpoint, allowedCidrs, development: !production, ...onlyPaths });
    return onceLoaded((client) => client.fetchFor(target));
  };

  return {
    fetchFor,
    fetchForLeg(leg) {
      const made = byLeg.get(leg) ?? fetchFor(leg.provider, leg);
      byLeg.set(leg, made);
      return made;
    },
    fetchForTool: ({ url, allowedCidrs }) => fetchFor('tool', { endpoint: url, allowedCidrs }),
    fetchPublic: onceLoaded((client) => client.fetchPublic),
    close: async () => await (await transport.peek())?.close(),
  };
}
