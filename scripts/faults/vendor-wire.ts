/** One vendor's format, as far as faults need it: a right answer in both forms, and how an error looks. */
export interface VendorWire {
  /** Provider name as in the configuration. */
  readonly provider: string;
  /** The leg in the configuration, as members of a YAML flow mapping. */
  toAgent(origin: string): string;
  readonly streamType: string;
  readonly scenes: {
    readonly text: {
      readonly whole: Readonly<Record<string, unknown>>;
      /** What goes over the connection, event by event. */
      readonly pieces: readonly string[];
    };
  };
}

/** A right answer, cut where faults cut it. */
export interface AnswerParts {
  readonly whole: string;
  readonly streamType: string;
  /** Everything before the first text; empty for vendors that begin with it. */
  readonly head: string;
  /** The event with the first text. */
  readonly first: string;
  /** All that follows, event by event, the vendor's end included. */
  readonly rest: readonly string[];
}

/** @param firstText the text that the first event with output holds. */
export function toAnswerParts({ scenes, streamType }: VendorWire, firstText: string): AnswerParts {
  const { whole, pieces } = scenes.text;
  const at = pieces.findIndex((piece) => piece.includes(firstText));
  if (at === -1) throw new Error(`No event holds ${firstText}.`);
  return {
    whole: JSON.stringify(whole),
    streamType,
    head: pieces.slice(0, at).join(''),
    first: pieces[at] as string,
    rest: pieces.slice(at + 1),
  };
}

/** Stands in the text of every error and every broken body: no client and no log may ever see it. */
export const SECRET_WORDS = 'You asked me about my tax return';

type Format = 'openai' | 'anthropic' | 'google' | 'ollama';

function formatOf(provider: string): Format {
  if (provider === 'anthropic' || provider === 'ollama') return provider;
  return provider === 'gemini' || provider === 'vertexai' ? 'google' : 'openai';
}

/** Each format's word for a status, as the vendors document them. */
const WORDS: Readonly<Record<'openai' | 'anthropic' | 'google', Readonly<Record<number, string>>>> = {
  openai: {
    400: 'invalid_request_error',
    401: 'invalid_request_error',
    402: 'insufficient_balance',
    404: 'invalid_request_error',
    422: 'invalid_request_error',
    429: 'requests',
  },
  anthropic: {
    400: 'invalid_request_error',
    401: 'authentication_error',
    402: 'billing_error',
    403: 'permission_error',
    404: 'not_found_error',
    413: 'request_too_large',
    422: 'invalid_request_error',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  },
  google: {
    400: 'INVALID_ARGUMENT',
    401: 'UNAUTHENTICATED',
    403: 'PERMISSION_DENIED',
    404: 'NOT_FOUND',
    408: 'DEADLINE_EXCEEDED',
    409: 'ABORTED',
    429: 'RESOURCE_EXHAUSTED',
    500: 'INTERNAL',
    503: 'UNAVAILABLE',
    504: 'DEADLINE_EXCEEDED',
  },
};

/** The body of an error with this status, in the vendor's format. */
export function toErrorBody(provider: string, status: number): string {
  const format = formatOf(provider);
  const message = `${SECRET_WORDS} (${status})`;
  switch (format) {
    case 'ollama':
      return JSON.stringify({ error: message });
    case 'google':
      return JSON.stringify({ error: { code: status, message, status: WORDS.google[status] ?? 'UNKNOWN' } });
    case 'anthropic':
      return JSON.stringify({ type: 'error', error: { type: WORDS.anthropic[status] ?? 'api_error', message } });
    default:
      return JSON.stringify({
        error: { message, type: WORDS.openai[status] ?? 'server_error', param: null, code: null },
      });
  }
}

/** The same as an event of a stream. */
export function toErrorEvent(provider: string, status: number): string {
  const body = toErrorBody(provider, status);
  switch (formatOf(provider)) {
    case 'ollama':
      return `${body}\n`;
    case 'anthropic':
      return `event: error\ndata: ${body}\n\n`;
    default:
      return `data: ${body}\n\n`;
  }
}

/** An event that is no JSON. */
export function toBrokenEvent(provider: string): string {
  const text = `{"text": "${SECRET_WORDS}`;
  return provider === 'ollama' ? `${text}\n` : `data: ${text}\n\n`;
}

/** What keeps a stream from being silent and says nothing. */
export function toPing(provider: string): string {
  return provider === 'ollama' ? '\n' : ': ping\n\n';
}

/** The beginning of an event whose line goes on. */
export function toEventStart(provider: string): string {
  return provider === 'ollama' ? '{"text": "' : 'data: {"text": "';
}
