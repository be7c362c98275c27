import type { Agent } from 'undici';
import type { AppError } from '../contracts/app-error.ts';
import type { HttpFetch, HttpFetchInit } from '../contracts/http-fetch.ts';
import { type BlockReason, blockReasonOf, toBlockedError } from './blocked.ts';
import { CONNECT_TIMEOUT_MS, createAgent, Exchange } from './exchange.ts';
import { createPinnedConnect, type MakeConnector, type Resolve } from './pinned-connect.ts';
import { createRequestJudge, createVendorJudge, type RequestJudge } from './request-judge.ts';
import { createUrlGuard, type GuardTarget } from './url-guard.ts';

/** A request that was not sent. */
export interface BlockedRequest {
  readonly reason: BlockReason;
  /** Name of the target; `vendor` or `public` for the two that are not configured. */
  readonly targetName: string;
}

export interface GuardedHttpClient {
  /** Requests to one configured target. Targets that are the same place share their sockets. */
  fetchFor(target: GuardTarget): HttpFetch;
  /** Requests to the vendors' own hosts, as adapters write them: https, default port, public addresses. */
  readonly fetchVendor: HttpFetch;
  /**
   * GET of a URL that a caller gave, such as an image: public like `fetchVendor`, with smaller limits, and of the headers
   * only `accept` is sent, so that no credential can leave this way.
   */
  readonly fetchPublic: HttpFetch;
  /** Ends idle sockets; requests under way finish. */
  close(): Promise<void>;
}

export interface GuardedHttpOptions {
  readonly production: boolean;
  /** For the log and the counter of blocked requests; once per request that was refused. */
  readonly onBlocked?: (blocked: BlockedRequest) => void;
  /** Default 10,000. Resolving the name included. */
  readonly connectTimeoutMs?: number;
  readonly resolve?: Resolve;
  readonly makeConnector?: MakeConnector;
}

const PUBLIC_MAX_BYTES = 8 * 1024 * 1024;
const PUBLIC_SILENCE_MS = 10_000;

/**
 * The transport of every outgoing call. The URL of each request and the addresses behind each new socket are judged
 * first; a request that is refused ends in `blocked_url`, a name that cannot be resolved in `network`, and either way
 * nothing has been connected to. Redirects are not followed and proxies of the environment are not used.
 */
export function createGuardedHttpClient(options: GuardedHttpOptions): GuardedHttpClient {
  const { production, onBlocked, connectTimeoutMs = CONNECT_TIMEOUT_MS, resolve, makeConnector } = options;
  const guard = createUrlGuard({ production });
  const agents = new Map<string, Agent>();

  /** One set of sockets for each set of rules: a socket opened under one is not to be found under another. */
  const agentFor = (target?: GuardTarget): Agent => {
    const key = target === undefined ? '' : [target.origin, target.development, ...target.allowedCidrs].join(' ');
    let agent = agents.get(key);
    if (agent === undefined) {
      const judge = (addresses: readonly string[]) => guard.judgeAddresses(addresses, target);
      agent = createAgent(createPinnedConnect({ judge, timeoutMs: connectTimeoutMs, resolve, makeConnector }));
      agents.set(key, agent);
    }
    return agent;
  };

  const makeFetch = (agent: Agent, judge: RequestJudge, targetName: string): HttpFetch => {
    const report = (error: AppError): void => {
      const reason = blockReasonOf(error);
      if (reason !== undefined) onBlocked?.({ reason, targetName });
    };
    const refuse = (reason: BlockReason): Promise<never> => {
      const error = toBlockedError(reason);
      report(error);
      return Promise.reject(error);
    };
    return (url, init = {}) => {
      const verdict = judge(url);
      if (!verdict.allowed) return refuse(verdict.reason);
      // It would name another host than the one that was judged, to the server and in SNI.
      if (init.headers && Object.keys(init.headers).some((name) => name.toLowerCase() === 'host'))
        return refuse('origin');
      return new Exchange(agent, verdict, init, report).response;
    };
  };

  const vendorAgent = agentFor();
  const publicAgent = createAgent(
    createPinnedConnect({ judge: guard.judgePublicAddresses, timeoutMs: connectTimeoutMs, resolve, makeConnector }),
  );
  agents.set('public', publicAgent);
  const fetchAnyPublic = makeFetch(publicAgent, (url) => guard.judgePublicUrl(url), 'public');

  return {
    fetchFor: (target) => makeFetch(agentFor(target), createRequestJudge(guard, target), target.name),
    fetchVendor: makeFetch(vendorAgent, createVendorJudge(guard), 'vendor'),
    fetchPublic: (url, init = {}) => {
      if ((init.method ?? 'GET') === 'GET' && init.body === undefined) return fetchAnyPublic(url, toPublicInit(init));
      onBlocked?.({ reason: 'method', targetName: 'public' });
      return Promise.reject(toBlockedError('method'));
    },
    async close() {
      const open = [...agents.values()];
      agents.clear();
      await Promise.all(open.map((agent) => agent.close()));
    },
  };
}

function toPublicInit({ headers, signal, maxBytes, headersTimeoutMs, idleTimeoutMs }: HttpFetchInit): HttpFetchInit {
  return {
    headers: headers?.accept === undefined ? {} : { accept: headers.accept },
    maxBytes: Math.min(maxBytes ?? PUBLIC_MAX_BYTES, PUBLIC_MAX_BYTES),
    headersTimeoutMs: Math.min(headersTimeoutMs ?? PUBLIC_SILENCE_MS, PUBLIC_SILENCE_MS),
    idleTimeoutMs: Math.min(idleTimeoutMs ?? PUBLIC_SILENCE_MS, PUBLIC_SILENCE_MS),
    ...(signal === undefined ? {} : { signal }),
  };
}
