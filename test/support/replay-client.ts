import { isDeepStrictEqual } from 'node:util';

/** What a client is left with when it has read an answer to its end. */
export interface ClientAnswer {
  status: number;
  text: string;
  reasoning: string;
  refusal: string;
  toolCalls: { readonly id: string; readonly name: string; readonly args: unknown }[];
  finish: string | null;
  usage: Readonly<Record<string, number>> | null;
  /** OpenAI's error object, from an HTTP error or from an `error` event. */
  error: Readonly<Record<string, unknown>> | undefined;
  /** What breaks the promises of an answer or a stream, in words. */
  shape: string[];
  /** Every completion, chunk or error as it came, without what Sluice adds. */
  bodies: Fields[];
}

type Fields = Readonly<Record<string, unknown>>;

interface AskOptions {
  readonly url: string;
  readonly agent: string;
  readonly prompt: string;
  readonly stream: boolean;
}

/** One user message as any client of OpenAI's sends it, and the answer put together as any client does. */
export async function askAsClient({ url, agent, prompt, stream }: AskOptions): Promise<ClientAnswer> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: agent,
      messages: [{ role: 'user', content: prompt }],
      ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    }),
    signal: AbortSignal.timeout(300_000),
  });
  const answer = emptyAnswer(response.status);
  const contentType = response.headers.get('content-type') ?? '';
  const body = await response.text();
  if (!response.headers.get('x-request-id')) answer.shape.push('there is no x-request-id');
  const wanted = stream && response.ok ? 'text/event-stream' : 'application/json';
  if (!contentType.startsWith(wanted)) answer.shape.push(`the content type is ${contentType}`);
  if (stream && response.ok) readStream(body, answer);
  else readWhole(body, response.ok, answer);
  checkCalls(answer);
  return answer;
}

function emptyAnswer(status: number): ClientAnswer {
  return {
    status,
    text: '',
    reasoning: '',
    refusal: '',
    toolCalls: [],
    finish: null,
    usage: null,
    error: undefined,
    shape: [],
    bodies: [],
  };
}

interface Call {
  readonly id?: string;
  readonly type?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
}

interface Message {
  readonly role?: string;
  readonly content?: string | null;
  readonly refusal?: string | null;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly (Call & { readonly index?: unknown })[];
}

interface Choice {
  readonly index: number;
  readonly message?: Message;
  readonly delta?: Message;
  readonly finish_reason: string | null;
}

function readWhole(text: string, ok: boolean, answer: ClientAnswer): void {
  const body = parse(text, answer);
  if (!ok) {
    answer.error = body.error as Fields | undefined;
    if (!answer.error) answer.shape.push('an HTTP error has no error object');
    return;
  }
  if (!body.sluice) answer.shape.push('sluice is missing');
  const [choice] = body.choices as readonly Choice[];
  const { message = {} } = choice ?? {};
  answer.text = message.content ?? '';
  answer.reasoning = message.reasoning_content ?? '';
  answer.refusal = message.refusal ?? '';
  answer.finish = choice?.finish_reason ?? null;
  answer.usage = toUsage(body.usage);
  for (const call of message.tool_calls ?? []) addCall(answer, call);
}

/** Reads server-sent events the strict way: what only a lenient client would understand is a fault. */
function readStream(body: string, answer: ClientAnswer): void {
  const events = body.split('\n\n');
  if (events.pop() !== '') answer.shape.push('the stream does not end with a blank line');
  const chunks: Fields[] = [];
  let ended: 'done' | 'error' | undefined;
  for (const event of events.filter((text) => !text.startsWith(':'))) {
    if (ended) answer.shape.push(`something follows the ${ended}`);
    const [, name, data] = /^(?:event: (\w+)\n)?data: ([^\n]*)$/.exec(event) ?? [];
    if (data === undefined) answer.shape.push(`an event is ${JSON.stringify(event.slice(0, 100))}`);
    else if (name === undefined && data === '[DONE]') ended = 'done';
    else if (name === 'error') {
      ended = 'error';
      answer.error = parse(data, answer).error as Fields | undefined;
      if (!answer.error) answer.shape.push('an error event has no error object');
    } else if (name !== undefined) answer.shape.push(`there is an event ${name}`);
    else chunks.push(parse(data, answer));
  }
  if (!ended) answer.shape.push('the stream ends without [DONE] and without an error');
  if (ended === 'done' && !chunks.at(-1)?.sluice) answer.shape.push('the last chunk has no sluice');
  readChunks(chunks, answer, ended === 'done');
}

function readChunks(chunks: readonly Fields[], answer: ClientAnswer, complete: boolean): void {
  const calls: { id: string; name: string; text: string }[] = [];
  const started = new Set<number>();
  const finished = new Set<number>();
  const identity = ({ id, created, model, object }: Fields) => ({ id, created, model, object });
  for (const [position, chunk] of chunks.entries()) {
    if (!isDeepStrictEqual(identity(chunk), identity(chunks[0] as Fields)))
      answer.shape.push('the identity of the stream changed');
    const choices = chunk.choices as readonly Choice[];
    if (chunk.usage) {
      answer.usage = toUsage(chunk.usage);
      if (choices.length > 0) answer.shape.push('usage shares its chunk with a choice');
      if (position !== chunks.length - 1) answer.shape.push('something follows the usage');
    } else if (choices.length === 0) answer.shape.push('a chunk is empty');
    for (const choice of choices) {
      const { index, delta = {} } = choice;
      if (!Number.isInteger(index)) answer.shape.push('a choice has no integer index');
      if (started.has(index) === (delta.role !== undefined)) answer.shape.push('the role is not first, or comes again');
      started.add(index);
      if (finished.has(index)) answer.shape.push('something follows the finish of its choice');
      if (choice.finish_reason) finished.add(index);
      if (index !== 0) continue;
      answer.text += delta.content ?? '';
      answer.reasoning += delta.reasoning_content ?? '';
      answer.refusal += delta.refusal ?? '';
      answer.finish = choice.finish_reason ?? answer.finish;
      for (const call of delta.tool_calls ?? []) joinCall(calls, call, answer);
    }
  }
  if (complete && (finished.size === 0 || finished.size !== started.size)) {
    answer.shape.push('a choice ended without a finish');
  }
  for (const { id, name, text } of calls) {
    // Half a call before an error is no call: a client drops it with the turn.
    if (complete || isJson(text)) addCall(answer, { id, type: 'function', function: { name, arguments: text } });
  }
}

/** As OpenAI's clients do: id, type and name come once, with the first fragment of an index; arguments are appended. */
function joinCall(
  calls: { id: string; name: string; text: string }[],
  { index, id, type, function: called }: Call & { readonly index?: unknown },
  answer: ClientAnswer,
): void {
  if (typeof index !== 'number' || !Number.isInteger(index) || index > calls.length) {
    answer.shape.push(`a tool call has the index ${String(index)} after ${calls.length} calls`);
    return;
  }
  const known = calls[index];
  if (!known) {
    if (type !== 'function' || !id) answer.shape.push('a tool call begins without its type or id');
    calls.push({ id: id ?? '', name: called?.name ?? '', text: called?.arguments ?? '' });
    return;
  }
  if (id !== undefined && id !== known.id) answer.shape.push('a tool call changed its id');
  known.name += called?.name ?? '';
  known.text += called?.arguments ?? '';
}

function addCall(answer: ClientAnswer, { id = '', type, function: called }: Call): void {
  if (type !== 'function') return;
  const { name = '', arguments: text = '' } = called ?? {};
  if (!isJson(text)) answer.shape.push(`the arguments of ${name} do not parse`);
  answer.toolCalls.push({ id, name, args: isJson(text) ? JSON.parse(text) : text });
}

function checkCalls({ toolCalls, shape }: ClientAnswer): void {
  const ids = toolCalls.map(({ id }) => id);
  if (ids.includes('') || new Set(ids).size !== ids.length) shape.push('tool call ids are missing or repeat');
}

function toUsage(usage: unknown): ClientAnswer['usage'] {
  if (!usage) return null;
  const { prompt_tokens, completion_tokens, total_tokens, ...details } = usage as Record<string, number>;
  const prompt = details.prompt_tokens_details as Record<string, number> | undefined;
  const completion = details.completion_tokens_details as Record<string, number> | undefined;
  return {
    prompt: prompt_tokens as number,
    completion: completion_tokens as number,
    total: total_tokens as number,
    cached: prompt?.cached_tokens ?? 0,
    cache_write: prompt?.cache_write_tokens ?? 0,
    reasoning: completion?.reasoning_tokens ?? 0,
  };
}

/** Parses a body and keeps it for the schema, which knows nothing of what Sluice adds. */
function parse(text: string, answer: ClientAnswer): Fields {
  try {
    const body = JSON.parse(text) as Fields;
    const { sluice: _sluice, ...rest } = body;
    answer.bodies.push(rest);
    return body;
  } catch {
    answer.shape.push(`something is not JSON: ${text.slice(0, 100)}`);
    return { choices: [] };
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
