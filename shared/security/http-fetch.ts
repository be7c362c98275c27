import type { AppError } from '../contracts/app-error.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';
import { CONNECT_TIMEOUT_MS, createAgent, Exchange, type Place, toFailure } from './exchange.ts';

export interface HttpClient {
  readonly fetch: HttpFetch;
  /** Ends idle sockets; requests under way finish. */
  close(): Promise<void>;
}

/**
 * The transport without the guard, for tools and tests that talk to servers of their own: undici's dispatcher with its
 * callbacks wired straight to the body's consumer. The global `fetch` would add web streams and several promises per
 * read, all of them paid again under the domain the functions framework runs handlers in. Redirects are not followed and
 * proxies of the environment are not used, because a dispatcher does neither by itself.
 */
export function createHttpClient(): HttpClient {
  const agent = createAgent({ timeout: CONNECT_TIMEOUT_MS });
  return {
    fetch: (url, init = {}) => {
      const place = toPlace(url);
      return 'origin' in place ? new Exchange(agent, place, init).response : Promise.reject(place);
    },
    close: () => agent.close(),
  };
}

function toPlace(url: string): Place | AppError {
  try {
    const { origin, pathname, search } = new URL(url);
    return { origin, path: pathname + search };
  } catch (error) {
    return toFailure(error);
  }
}
