import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface Question {
  readonly url: string;
  readonly model: string;
  readonly prompt: string;
  readonly streamed: boolean;
  /** Aborting it is the client's departure. */
  readonly signal: AbortSignal;
  /** Told of everything received so far, whenever there is more. */
  readonly onText?: (text: string) => void;
}

export interface ClientAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came. */
  readonly body: string;
}

/** One chat request over a connection of its own, so that nothing is left open behind it. */
export async function ask({ url, model, prompt, streamed, signal, onText }: Question): Promise<ClientAnswer> {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: prompt }], stream: streamed });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${url}/v1/chat/completions`, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      signal,
    })
      .once('response', resolve)
      .once('error', reject)
      .end(body);
  });
  response.setEncoding('utf8');
  let text = '';
  for await (const part of response) {
    text += part;
    onText?.(text);
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body: text };
}

export interface ErrorBody {
  readonly message?: unknown;
  readonly type?: unknown;
  readonly param?: unknown;
  readonly code?: unknown;
}

interface SluiceFacts {
  readonly provider?: string;
  readonly attempts?: readonly { readonly provider: string; readonly code?: string }[];
}

/** What the body says to a client that reads it strictly. */
export interface ReadAnswer {
  readonly text: string;
  readonly finish: string | null;
  /** A stream's `[DONE]`; true for an answer in one piece. */
  readonly done: boolean;
  readonly error: ErrorBody | undefined;
  readonly sluice: SluiceFacts | undefined;
  /** What breaks the form, in words. */
  readonly faults: readonly string[];
}

interface Body {
  readonly error?: ErrorBody;
  readonly sluice?: SluiceFacts;
  readonly choices?: readonly {
    readonly message?: { readonly content?: string | null };
    readonly delta?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
}

export function readAnswer({ status, headers, body }: ClientAnswer): ReadAnswer {
  const type = headers['content-type'] ?? '';
  if (status === 200 && type.startsWith('text/event-stream')) return readStream(body);
  const faults = type.startsWith('application/json') ? [] : [`the content type is ${type}`];
  const { error, sluice, choices } = parse(body, faults);
  const [choice] = choices ?? [];
  return {
    text: choice?.message?.content ?? '',
    finish: choice?.finish_reason ?? null,
    done: status === 200,
    error,
    sluice,
    faults,
  };
}

function readStream(body: string): ReadAnswer {
  const faults: string[] = [];
  const events = body.split('\n\n');
  if (events.pop() !== '') faults.push('the stream ends within an event');
  let text = '';
  let finish: string | null = null;
  let done = false;
  let error: ErrorBody | undefined;
  let sluice: SluiceFacts | undefined;
  for (const event of events.filter((lines) => !lines.startsWith(':'))) {
    if (done || error) faults.push('something follows the end');
    const [, name, data = ''] = /^(?:event: (\w+)\n)?data: (.*)$/.exec(event) ?? [];
    if (data === '[DONE]') done = true;
    else if (name === 'error') error = parse(data, faults).error ?? {};
    else {
      const chunk = parse(data, faults);
      const [choice] = chunk.choices ?? [];
      text += choice?.delta?.content ?? '';
      finish = choice?.finish_reason ?? finish;
      sluice = chunk.sluice ?? sluice;
    }
  }
  if (done === (error !== undefined)) faults.push('the stream has not one end');
  return { text, finish, done, error, sluice, faults };
}

function parse(json: string, faults: string[]): Body {
  try {
    return JSON.parse(json) as Body;
  } catch {
    faults.push('something is not JSON');
    return {};
  }
}
