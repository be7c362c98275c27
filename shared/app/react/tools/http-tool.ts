import type { SecretValue } from '../../../config/secret-value.ts';
import type { ToolConfig } from '../../../config/types.ts';
import { AppError, type ErrorCode } from '../../../contracts/app-error.ts';
import type { HttpFetch, HttpResponse } from '../../../contracts/http-fetch.ts';
import { createSchemaCheck } from '../../chat/schema-check.ts';
import { createLazy } from '../../lazy.ts';
import type { ReactTool } from '../react-types.ts';

/** Far more than a model is given of it, and little enough to hold. */
const MAX_ANSWER_BYTES = 256 * 1024;

export interface HttpToolOptions {
  readonly config: ToolConfig;
  /** The guarded transport for this target. */
  readonly fetch: HttpFetch;
  /** The text of a header that may be a secret. */
  readonly resolve: (value: SecretValue, signal: AbortSignal) => Promise<string>;
}

/**
 * An HTTP call as a tool: the arguments go as a JSON body (POST) or as the query (GET), the answer's text comes back.
 * Of an answer that is no success its status alone is told. The target is the configuration's, whatever the arguments.
 */
export function createHttpTool({ config, fetch, resolve }: HttpToolOptions): ReactTool {
  const { name, description, parameters, url, method, headers, timeoutMs } = config;

  const readHeaders = async (signal: AbortSignal): Promise<Record<string, string>> => {
    const entries = Object.entries(headers).map(async ([header, value]) => [header, await resolve(value, signal)]);
    return Object.fromEntries(await Promise.all(entries));
  };

  return {
    name,
    description,
    parameters,
    timeoutMs,
    check: createLazy(() => createSchemaCheck(parameters)).get,

    async run(input, signal) {
      const hasBody = method === 'POST';
      const response = await fetch(hasBody ? url : withQuery(url, input), {
        method,
        headers: {
          accept: 'application/json, text/*;q=0.9',
          ...(hasBody ? { 'content-type': 'application/json' } : {}),
          ...(await readHeaders(signal)),
        },
        ...(hasBody ? { body: JSON.stringify(input) } : {}),
        signal,
        headersTimeoutMs: timeoutMs,
        idleTimeoutMs: timeoutMs,
        maxBytes: MAX_ANSWER_BYTES,
      });
      const failure = failureOf(response);
      if (failure) {
        await leave(response);
        throw failure;
      }
      return { text: await response.text() };
    },
  };
}

/** Lists are repeated, objects are JSON, null is left out. */
function withQuery(target: string, input: Readonly<Record<string, unknown>>): string {
  const url = new URL(target);
  for (const [name, value] of Object.entries(input)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each === null || each === undefined) continue;
      url.searchParams.append(name, typeof each === 'object' ? JSON.stringify(each) : String(each));
    }
  }
  return url.href;
}

const TEXT_TYPE = /^text\/|[/+](?:json|xml|yaml|javascript|x-ndjson|x-yaml|x-www-form-urlencoded)\b/i;

function failureOf({ ok, status, headers }: HttpResponse): AppError | undefined {
  if (!ok) {
    const code: ErrorCode = status === 429 ? 'rate_limit' : status >= 500 ? 'server_error' : 'invalid_output';
    return new AppError(code, `The tool answered with HTTP status ${status}.`, { upstreamStatus: status });
  }
  const type = headers.get('content-type');
  if (type === null || type === '' || TEXT_TYPE.test(type)) return undefined;
  return new AppError('unsupported', 'The tool answered with something other than text.');
}

/** Lets go of an answer whose body nobody wants. */
async function leave(response: HttpResponse): Promise<void> {
  await response.chunks()[Symbol.asyncIterator]().return?.();
}
