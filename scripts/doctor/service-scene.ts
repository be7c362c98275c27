import type { SmokeOptions } from '../smoke.ts';
import type { Place } from './advice.ts';

/** A Sluice that runs somewhere, as a caller sees it. */
export interface ServiceScene {
  /** Without a path and a slash at the end. */
  readonly url: string;
  /** The Authorization header; rejects with what to do when there is no identity to call with. */
  readonly authorize: SmokeOptions['authorize'];
  readonly fetch: typeof fetch;
  /** Whether models may be called. */
  readonly call: boolean;
  readonly names: Partial<Readonly<Record<Place, string>>>;
}

/** A cold start takes a few seconds. */
const TIMEOUT_MS = 30_000;

export interface ServiceAnswer {
  readonly status: number;
  /** Undefined when the answer is not JSON, such as a page of the platform. */
  readonly json: unknown;
}

/** @throws whatever `fetch` throws when nothing answers. */
export async function get(
  { url, fetch: send }: ServiceScene,
  path: string,
  authorization?: string,
): Promise<ServiceAnswer> {
  const response = await send(`${url}${path}`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: authorization === undefined ? {} : { authorization },
  });
  const text = await response.text();
  try {
    return { status: response.status, json: JSON.parse(text) };
  } catch {
    return { status: response.status, json: undefined };
  }
}
