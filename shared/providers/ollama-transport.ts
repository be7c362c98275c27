import { AppError } from '../contracts/app-error.ts';
import type { HttpFetch, HttpResponse } from '../contracts/http-fetch.ts';
import { toUpstreamError } from '../resilience/upstream-error.ts';
import { readErrorText } from '../resilience/upstream-error-text.ts';
import { OLLAMA_PATHS, type OllamaPath } from './ollama-paths.ts';

/** A call's model may have to be loaded before the first byte, and a plain answer comes after its last token. Default. */
export const FIRST_BYTE_TIMEOUT_MS = 300_000;

/** `ChatCall` without its request; also what the client for library use makes. */
export interface OllamaTarget {
  /** The bare origin, e.g. `http://localhost:11434`. */
  readonly endpoint?: string;
  /** Identity token for a private Cloud Run service, or any other bearer token. */
  readonly credential?: string;
  readonly fetch: HttpFetch;
  readonly signal: AbortSignal;
  readonly idleTimeoutMs?: number;
  readonly firstByteTimeoutMs?: number;
}

export interface OllamaPost {
  readonly path: Exclude<OllamaPath, '/' | '/api/tags'>;
  readonly body: { readonly model: string; readonly stream?: boolean };
  /** Default: the target's limit, else `FIRST_BYTE_TIMEOUT_MS`. */
  readonly headersTimeoutMs?: number;
  readonly maxBytes?: number;
}

/**
 * The address of one of Ollama's paths. The endpoint is joined as it is written, so that the guard behind `fetch` sees
 * what was configured.
 * @throws AppError `configuration` for a missing endpoint or one with a path, `blocked_url` for another path.
 */
export function ollamaUrl(endpoint: string | undefined, path: OllamaPath): string {
  if (endpoint === undefined || !/^https?:\/\/[^/?#@\\\s]+\/?$/i.test(endpoint)) {
    throw new AppError(
      'configuration',
      'The provider ollama needs an endpoint: set `endpoint` to its bare origin, such as http://localhost:11434, ' +
        'without a path.',
    );
  }
  if (!OLLAMA_PATHS.includes(path)) throw new AppError('blocked_url', 'This path of Ollama is not used.');
  return `${endpoint.endsWith('/') ? endpoint.slice(0, -1) : endpoint}${path}`;
}

export function toAuthorization({ credential }: Pick<OllamaTarget, 'credential'>): Record<string, string> {
  return credential === undefined ? {} : { authorization: `Bearer ${credential}` };
}

/** @throws AppError for an answer that is not a 2xx, by its status. */
export async function postOllama(target: OllamaTarget, post: OllamaPost): Promise<HttpResponse> {
  const { path, body, maxBytes } = post;
  const headersTimeoutMs = post.headersTimeoutMs ?? target.firstByteTimeoutMs ?? FIRST_BYTE_TIMEOUT_MS;
  const response = await target.fetch(ollamaUrl(target.endpoint, path), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: body.stream ? 'application/x-ndjson' : 'application/json',
      ...toAuthorization(target),
    },
    body: Buffer.from(JSON.stringify(body)),
    signal: target.signal,
    headersTimeoutMs,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(target.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: target.idleTimeoutMs }),
  });
  if (response.ok) return response;
  throw await toRefusal(response, target.signal, body.model);
}

/**
 * A refusal by its status. The server's own text is never part of it: it may quote the prompt or name files.
 * @param model the name that was asked for, already checked.
 */
export async function toRefusal(response: HttpResponse, signal: AbortSignal, model?: string): Promise<AppError> {
  const { status, headers } = response;
  const body = await readErrorText(response, signal);
  const own = readOwnError(body);
  if (status === 400 && own !== undefined && TOO_LONG.test(own)) {
    return new AppError(
      'context_length_exceeded',
      'The prompt is longer than the context that ollama loads the model with: send less, or set num_ctx.',
      { param: 'messages', upstreamStatus: status },
    );
  }
  if (status === 404 && model !== undefined && own !== undefined) {
    return new AppError(
      'model_not_found',
      `ollama does not have the model ${model}. Run \`ollama pull ${model}\` on its server, or name another model.`,
      { param: 'model', upstreamStatus: status },
    );
  }
  if (status === 401 || status === 403) {
    return new AppError(
      status === 401 ? 'authentication' : 'permission',
      `ollama refused the request (${status}). On Cloud Run, grant roles/run.invoker on the Ollama service to the ` +
        'service account of this function.',
      { upstreamStatus: status },
    );
  }
  return toUpstreamError({ provider: 'ollama', status, body, headers });
}

/** The server has no code for it, and says it in one way or another, depending on what runs the model. */
const TOO_LONG = /\bexceeds?\b.*\bcontext\b|\bcontext (length|size|window)\b.*\bexceeded\b/i;

/** An error of Ollama itself is `{"error": "…"}`; of a wrong address it is a page or plain text. */
function readOwnError(body: string): string | undefined {
  try {
    const error = (JSON.parse(body) as { error?: unknown } | null)?.error;
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}
