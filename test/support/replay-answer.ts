import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../../shared/contracts/app-error.ts';
import { type ChatBatch, type ChatChunk, type ChatCompletion, eventsOf } from '../../shared/contracts/chat-provider.ts';

/** An answer put together the way a client would, from what the surface would forward. */
interface AssembledAnswer {
  text: string;
  reasoning: string;
  refusal: string;
  tool_calls: { id: string; name: string; args: unknown }[];
  finish: string | null;
  usage: {
    prompt: number;
    completion: number;
    total: number;
    cached: number;
    cache_write: number;
    reasoning: number;
  } | null;
  error: AppError | undefined;
  /** What breaks the promises of the contract or of OpenAI's stream shape, in words. */
  shape: string[];
  /** Every chunk as it would be sent. */
  bodies: unknown[];
}

function emptyAnswer(): AssembledAnswer {
  return {
    text: '',
    reasoning: '',
    refusal: '',
    tool_calls: [],
    finish: null,
    usage: null,
    error: undefined,
    shape: [],
    bodies: [],
  };
}

/** Reads a stream to its end or its error, which is part of the answer. */
export async function readEvents(stream: AsyncIterable<ChatBatch>): Promise<AssembledAnswer> {
  const answer = emptyAnswer();
  const calls = new Map<number, { id: string; name: string; text: string }>();
  const finished = new Set<number>();
  const started = new Set<number>();
  let head: string | undefined;
  try {
    for await (const batch of stream) {
      if (batch.length === 0) answer.shape.push('a batch is empty');
      for (const event of eventsOf(batch)) readChunk(forwarded(event.chunk, event.json, answer) as ChatChunk);
    }
    if (finished.size === 0 || finished.size !== started.size) answer.shape.push('a choice ended without a finish');
  } catch (error) {
    answer.error = error instanceof AppError ? error : undefined;
    if (!answer.error) answer.shape.push(`the stream threw what is not an AppError: ${String(error)}`);
  }
  for (const { id, name, text } of calls.values()) addCall(answer, id, name, text);
  if (!answer.error) checkCallIds(answer);
  else answer.tool_calls = answer.tool_calls.filter((call) => call.args !== undefined);
  return answer;

  function readChunk(chunk: ChatChunk): void {
    const identity = `${chunk.id} ${chunk.created} ${chunk.model}`;
    head ??= identity;
    if (identity !== head) answer.shape.push(`the identity of the stream changed from ${head} to ${identity}`);
    if (answer.usage) answer.shape.push('something follows the usage');
    if (chunk.usage) {
      if (chunk.choices.length > 0) answer.shape.push('usage shares its event with a choice');
      answer.usage = readUsage(chunk.usage);
    } else if (chunk.choices.length === 0) answer.shape.push('an event is empty');
    for (const choice of chunk.choices) {
      const { index, delta } = choice;
      if (!started.has(index) && delta.role !== 'assistant') answer.shape.push('a choice does not start with its role');
      started.add(index);
      if (finished.has(index)) answer.shape.push('something follows the finish of its choice');
      if (choice.finish_reason) finished.add(index);
      if (index !== 0) continue;
      answer.text += delta.content ?? '';
      answer.reasoning += delta.reasoning_content ?? '';
      answer.refusal += delta.refusal ?? '';
      answer.finish ??= choice.finish_reason ?? null;
      for (const part of delta.tool_calls ?? []) {
        if (!Number.isInteger(part.index)) answer.shape.push('a tool call has no integer index');
        const call = calls.get(part.index) ?? { id: '', name: '', text: '' };
        if (!calls.has(part.index) && part.index !== calls.size) answer.shape.push('tool call indices leave a gap');
        calls.set(part.index, call);
        call.id ||= part.id ?? '';
        call.name += part.function?.name ?? '';
        call.text += part.function?.arguments ?? '';
      }
    }
  }
}

/** The body as a client gets it. Text that is forwarded unchanged must say what the parsed form says. */
function forwarded(parsed: unknown, json: string | undefined, answer: AssembledAnswer): unknown {
  const body: unknown = JSON.parse(json ?? JSON.stringify(parsed));
  if (json !== undefined && !isDeepStrictEqual(body, JSON.parse(JSON.stringify(parsed)))) {
    answer.shape.push('the forwarded text differs from the parsed form');
  }
  answer.bodies.push(body);
  return body;
}

function addCall(answer: AssembledAnswer, id: string, name: string, text: string): void {
  let args: unknown;
  try {
    args = JSON.parse(text);
  } catch {
    answer.shape.push(`the arguments of ${name} do not parse`);
  }
  answer.tool_calls.push({ id, name, args });
}

function checkCallIds(answer: AssembledAnswer): void {
  const ids = answer.tool_calls.map((call) => call.id);
  if (ids.includes('') || new Set(ids).size !== ids.length) answer.shape.push('tool call ids are missing or repeat');
}

function readUsage(usage: ChatCompletion['usage'] | null): AssembledAnswer['usage'] {
  if (!usage) return null;
  const details = usage.prompt_tokens_details as
    | { cached_tokens?: number; cache_write_tokens?: number; cache_creation_tokens?: number }
    | undefined;
  return {
    prompt: usage.prompt_tokens,
    completion: usage.completion_tokens,
    total: usage.total_tokens,
    cached: details?.cached_tokens ?? 0,
    cache_write: details?.cache_write_tokens ?? details?.cache_creation_tokens ?? 0,
    reasoning: usage.completion_tokens_details?.reasoning_tokens ?? 0,
  };
}
