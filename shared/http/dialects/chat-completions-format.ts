import { type ChatBatch, type ChatEvent, type ChatResult, isTextRun } from '../../contracts/chat-provider.ts';
import type { AnswerFacts, AnswerFormat, StreamHooks } from './answer-format.ts';
import { createThinkingMover } from './chat-completions-thinking.ts';

/** The answer's JSON text. An upstream's text that needed no change is not serialised again: our part is put at its end. */
export function toAnswerJson({ completion, json }: ChatResult, facts: AnswerFacts): string {
  const end = json?.lastIndexOf('}') ?? -1;
  if (json === undefined || end === -1) return JSON.stringify({ ...completion, sluice: facts });
  return `${json.slice(0, end)},"sluice":${JSON.stringify(facts)}}`;
}

/** Chat Completions: the answer as it is inside. */
export function createChatCompletionsFormat({ includeUsage }: { readonly includeUsage: boolean }): AnswerFormat {
  return {
    toJson: toAnswerJson,
    toPieces: (stream, hooks) => toEventPieces(stream, { ...hooks, includeUsage }),
  };
}

export interface StreamWriterOptions extends StreamHooks {
  /** The caller asked for usage with `stream_options.include_usage`. */
  readonly includeUsage: boolean;
}

/**
 * The stream as server-sent events, one piece per batch. The event with the finish reason is held until the upstream has
 * ended, because what Sluice adds travels on the last chunk; usage goes last when the caller asked for it and is left
 * out otherwise.
 */
export async function* toEventPieces(
  stream: AsyncIterable<ChatBatch>,
  { includeUsage, onEvent, settle }: StreamWriterOptions,
): AsyncGenerator<string | Uint8Array> {
  const moveThinking = createThinkingMover();
  let held: ChatEvent | undefined;
  let usage: ChatEvent | undefined;
  for await (const batch of stream) {
    const parts: Piece[] = [];
    for (const item of moveThinking(batch)) {
      onEvent(item);
      if (!isTextRun(item) && isUsage(item)) {
        usage = item;
        continue;
      }
      if (held) parts.push(toEvent(held));
      held = undefined;
      if (isTextRun(item)) parts.push(item.bytes);
      else if (isFinish(item)) held = item;
      else parts.push(toEvent(item));
    }
    if (parts.length > 0) yield join(parts);
  }
  const last = includeUsage && usage ? usage : held;
  const facts = await settle();
  let piece = '';
  if (held && held !== last) piece += toEvent(held);
  if (last) piece += `data: ${JSON.stringify({ ...last.chunk, sluice: facts })}\n\n`;
  yield `${piece}data: [DONE]\n\n`;
}

type Piece = string | Uint8Array;

/** A run that came alone goes on as it is. */
function join(parts: readonly Piece[]): Piece {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  if (parts.every((part) => typeof part === 'string')) return parts.join('');
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part)));
}

function toEvent({ chunk, json }: ChatEvent): string {
  // Text that came over several `data:` lines would end our event at its first line break.
  const text = json === undefined || /[\n\r]/.test(json) ? JSON.stringify(chunk) : json;
  return `data: ${text}\n\n`;
}

function isUsage({ chunk }: ChatEvent): boolean {
  return chunk.choices.length === 0 && chunk.usage !== undefined && chunk.usage !== null;
}

function isFinish({ chunk }: ChatEvent): boolean {
  return chunk.choices.some(({ finish_reason }) => finish_reason !== null);
}
