import { toAppError } from '../../contracts/app-error.ts';
import {
  type ChatBatch,
  type ChatChunkChoice,
  type ChatCompletion,
  type ChatResult,
  eventsOf,
} from '../../contracts/chat-provider.ts';
import type { MessagesBody } from '../schemas/messages-schema.ts';
import type { AnswerFacts, AnswerFormat, StreamHooks } from './answer-format.ts';
import { type Message, toMessageBlocks, toMessageHead, toMessageUsage, toStop } from './messages-answer.ts';
import { createBlockWriter, toEvent } from './messages-blocks.ts';
import { toMessagesErrorBody } from './messages-error.ts';
import { type ThinkingDisplay, toThinkingDisplay } from './messages-thinking.ts';

/** Anthropic's Messages: one message, or its stream of content blocks. What Sluice adds stands on `message_stop`. */
export function createMessagesFormat(body: Pick<MessagesBody, 'thinking'>): AnswerFormat {
  const display = toThinkingDisplay(body);
  return {
    toJson: (result, facts) => JSON.stringify(toMessage(result, facts, display)),
    toPieces: (stream, hooks) => toMessagePieces(stream, hooks, display),
    toErrorPiece: (error) => `event: error\ndata: ${JSON.stringify(toMessagesErrorBody(toAppError(error)))}\n\n`,
  };
}

function toMessage({ completion }: ChatResult, facts: AnswerFacts, display: ThinkingDisplay): Message {
  const [choice] = completion.choices;
  const content = choice ? toMessageBlocks(choice, display) : [];
  return {
    ...toMessageHead(completion),
    content,
    ...toStop(choice?.finish_reason, {
      hasCalls: content.some((block) => block.type === 'tool_use'),
      isRefused: Boolean(choice?.message.refusal),
      sequence: choice?.stop_sequence,
    }),
    usage: toMessageUsage(completion.usage),
    sluice: facts,
  };
}

/** Usage comes after the last choice, and the stop reason stands beside it: both wait for the end of the stream. */
async function* toMessagePieces(
  stream: AsyncIterable<ChatBatch>,
  { onEvent, settle }: StreamHooks,
  display: ThinkingDisplay,
): AsyncGenerator<string> {
  const writer = createBlockWriter(display);
  let usage: ChatCompletion['usage'] | null;
  let finish: ChatChunkChoice['finish_reason'] = null;
  let isStarted = false;
  let isRefused = false;
  let sequence: string | undefined;
  const start = (head: { readonly id?: string; readonly model?: string }): string => {
    if (isStarted) return '';
    isStarted = true;
    return toEvent('message_start', { message: toMessageHead(head) });
  };
  for await (const batch of stream) {
    let piece = '';
    for (const event of eventsOf(batch)) {
      onEvent(event);
      const { chunk } = event;
      piece += start(chunk);
      usage = chunk.usage ?? usage;
      for (const choice of chunk.choices) {
        if (choice.index !== 0) continue;
        finish = choice.finish_reason ?? finish;
        isRefused ||= Boolean(choice.delta.refusal);
        sequence = choice.stop_sequence ?? sequence;
        piece += writer.push(choice.delta);
      }
    }
    if (piece !== '') yield piece;
  }
  const facts = await settle();
  const stop = {
    ...toStop(finish, { hasCalls: writer.hasCalls, isRefused, sequence }),
    stop_details: null,
    container: null,
  };
  yield start({}) +
    writer.end(finish) +
    toEvent('message_delta', { delta: stop, usage: toMessageUsage(usage) }) +
    toEvent('message_stop', { sluice: facts });
}
