import type { Api, ApiOperation } from './api.ts';
import type { FuzzRequest } from './requests.ts';

export interface FuzzAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Statuses of requests that are not for the operation at all: another path, another method, no HTTP. */
const OUTSIDE: ReadonlySet<number> = new Set([400, 404, 405, 408, 413, 417, 431]);

/** What is wrong with an answer; undefined for a right one. */
export function findFault(
  request: FuzzRequest,
  answer: FuzzAnswer,
  operation: ApiOperation,
  api: Api,
): string | undefined {
  const { status, headers, text } = answer;
  if (status === 500) return 'a fault of its own';
  if (typeof headers['x-request-id'] !== 'string') return 'no x-request-id';
  const documented = operation.answers.get(String(status));
  if (!documented) {
    if (request.kind !== 'header' || !OUTSIDE.has(status)) return `the status ${status} is not documented`;
    return isJson(text, api.isError) ? undefined : 'an error without the error body';
  }
  const type = String(headers['content-type'] ?? '').split(';')[0] ?? '';
  if (!documented.has(type)) return `the media type ${type || 'none'} is not documented for ${status}`;
  const check = documented.get(type);
  if (type === 'text/event-stream') return faultOfEvents(text);
  if (check && !isJson(text, check))
    return `the body is not as documented: ${JSON.stringify(check.errors?.slice(0, 2))}`;
  if (request.kind === 'valid' && status === 400 && /Unrecognized request argument/.test(text)) {
    return 'a documented member is not known';
  }
  return undefined;
}

function isJson(text: string, check: (value: unknown) => unknown): boolean {
  try {
    return check(JSON.parse(text)) === true;
  } catch {
    return false;
  }
}

/** Events are whole, and hold JSON or the end. */
function faultOfEvents(text: string): string | undefined {
  if (!text.endsWith('\n\n')) return 'the last event is cut off';
  for (const [, data = ''] of text.matchAll(/^data: ?(.*)$/gm)) {
    if (data === '[DONE]') continue;
    try {
      JSON.parse(data);
    } catch {
      return 'an event that is not JSON';
    }
  }
  return undefined;
}
