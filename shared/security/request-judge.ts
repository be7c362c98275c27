import type { GuardTarget, UrlGuard, UrlVerdict } from './url-guard.ts';

/** Judges the URL of every request. */
export type RequestJudge = (url: string) => UrlVerdict;

/** Path and query that the URL parser leaves as they are, but for dot segments. */
const PLAIN = /^(?:\/[\w\-.~!$&()*+,;=:@/]*)?(?:\?[\w\-.~!$&()*+,;=:@/?]+)?$/;
const MAX_LENGTH = 2048;
/** Vendors have few hosts; names that a region or a project goes into could make many. */
const MAX_ORIGINS = 256;

/**
 * The guard's verdict on each request to a target. A request written as most are, the configured base and a plain path
 * behind it, needs no parsing: the base was judged once. Everything else is judged in full.
 */
export function createRequestJudge(guard: UrlGuard, target: GuardTarget): RequestJudge {
  const { origin, path = '', onlyPaths } = target;
  const base = origin + path;
  const { onlyPaths: _, ...anyPath } = target;
  const isBaseAllowed = guard.judgeUrl(base, anyPath).allowed;
  return (url) => {
    if (isBaseAllowed && url.startsWith(base) && isPlain(url, base.length)) {
      const rest = url.slice(origin.length);
      const sent = rest.startsWith('/') ? rest : `/${rest}`;
      if (onlyPaths === undefined || onlyPaths.includes(sent)) return { allowed: true, origin, path: sent };
    }
    return guard.judgeUrl(url, target);
  };
}

/** The same for the vendors' own hosts: an origin is judged in full the first time it is seen. */
export function createVendorJudge(guard: UrlGuard): RequestJudge {
  const origins = new Set<string>();
  return (url) => {
    const end = url.indexOf('/', 'https://'.length);
    const origin = end === -1 ? url : url.slice(0, end);
    if (origins.has(origin) && isPlain(url, origin.length)) {
      return { allowed: true, origin, path: url.slice(origin.length) || '/' };
    }
    const verdict = guard.judgePublicUrl(url);
    if (verdict.allowed && verdict.origin === origin && origins.size < MAX_ORIGINS) origins.add(origin);
    return verdict;
  };
}

function isPlain(url: string, start: number): boolean {
  return url.length <= MAX_LENGTH && !url.includes('/.', start) && PLAIN.test(url.slice(start));
}
