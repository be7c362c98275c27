import { AppError } from '../contracts/app-error.ts';
import { HttpError } from './error-response.ts';

export type Method = 'GET' | 'POST' | 'DELETE';

export interface Route<Handler> {
  readonly method: Method;
  /** Segments that start with a colon are parameters; `:name*` takes the rest of the path, slashes included. */
  readonly path: string;
  readonly handler: Handler;
  /** The body of an error, for routes that speak another API than OpenAI's. */
  readonly toErrorBody?: (error: AppError, requestId: string) => unknown;
}

export interface Match<Handler> {
  readonly route: Route<Handler>;
  readonly params: Readonly<Record<string, string>>;
}

export type Router<Handler> = (method: string, path: string) => Match<Handler>;

/**
 * Finds the route of a request.
 * @throws AppError `not_found` for an unknown path; HttpError 405 with `allow` for a path that has other methods.
 */
export function createRouter<Handler>(routes: readonly Route<Handler>[]): Router<Handler> {
  const exact = new Map(
    routes
      .filter((route) => !route.path.includes(':'))
      .map((route) => [`${route.method} ${route.path}`, { route, params: {} }]),
  );
  const patterns = routes
    .filter((route) => route.path.includes(':'))
    .map((route) => ({ route, ...compile(route.path) }));

  const isServed = (path: string): boolean =>
    routes.some((route) => route.path === path) || patterns.some(({ expression }) => expression.test(path));

  return (method, path) => {
    const asked = method === 'HEAD' ? 'GET' : method;
    const known = exact.get(`${asked} ${path}`);
    if (known) return known;
    const allowed = new Set<string>();
    for (const { route } of exact.values()) if (route.path === path) allowed.add(route.method);
    for (const { route, expression, names } of patterns) {
      const found = expression.exec(path);
      if (!found) continue;
      if (route.method === asked) return { route, params: toParams(names, found) };
      allowed.add(route.method);
    }
    if (allowed.size === 0) {
      const other = otherSpellings(path).find((one) => isServed(one));
      const cure = other === undefined ? '' : ` There is ${printable(other)}: look at the client's base URL.`;
      throw new AppError('not_found', `There is no route ${method} ${printable(path)}.${cure}`);
    }
    const allow = [...allowed].join(', ');
    throw new HttpError(405, 'invalid_request', `${method} is not served here. Use ${allow}.`, { headers: { allow } });
  };
}

/** What a client with the wrong base URL meant: OpenAI's wants the `/v1` in it, Anthropic's does not, and none a last slash. */
function otherSpellings(path: string): string[] {
  const single = path.replace(/\/{2,}/g, '/');
  return [single, `/v1${single}`, single.replace(/^\/v1(?=\/v1\/)/, '')];
}

function compile(path: string): { expression: RegExp; names: string[] } {
  const names: string[] = [];
  const source = path
    .split('/')
    .map((segment) => {
      if (!segment.startsWith(':')) return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      const rest = segment.endsWith('*');
      names.push(segment.slice(1, rest ? -1 : undefined));
      return rest ? '(.+)' : '([^/]+)';
    })
    .join('/');
  return { expression: new RegExp(`^${source}$`), names };
}

function toParams(names: readonly string[], found: RegExpExecArray): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, decodePath(found[index + 1] ?? '')]));
}

/** A path or a part of one without its percent signs. @throws AppError `invalid_request` for one that encodes nothing. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new AppError('invalid_request', 'The path holds a percent sign that encodes nothing.');
  }
}

function printable(path: string): string {
  return path.length > 100 ? `${path.slice(0, 100)}…` : path;
}
