import {
  type BatchItem,
  type ChatBatch,
  type ChatEvent,
  eventsOf,
} from '../../../../shared/contracts/chat-provider.ts';
import type { AnswerFacts, AnswerFormat } from '../../../../shared/http/dialects/answer-format.ts';

type Fields = Record<string, unknown>;

export interface SentEvent extends Fields {
  readonly type: string;
}

export const FACTS: AnswerFacts = {
  provider: 'openai',
  model: 'gpt-x',
  attempts: [],
  cost_usd: 0.25,
  cached: false,
};

export async function* batches(...list: readonly (readonly ChatEvent[])[]): AsyncGenerator<readonly ChatEvent[]> {
  for (const batch of list) yield batch;
}

/** The pieces a format writes for a stream, one batch per list of events. */
export async function writePieces(
  format: AnswerFormat,
  stream: AsyncIterable<ChatBatch>,
  seen: ChatEvent[] = [],
): Promise<string[]> {
  const pieces: string[] = [];
  const hooks = { onEvent: (item: BatchItem) => void seen.push(...eventsOf([item])), settle: async () => FACTS };
  for await (const piece of format.toPieces(stream, hooks))
    pieces.push(typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8'));
  return pieces;
}

/** The events of a Messages stream. Throws when the name of one is not the type of its data. */
export function readEvents(text: string): SentEvent[] {
  if (!text.endsWith('\n\n')) throw new Error('the last event is not finished');
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((block) => {
      const [, name, data] = /^event: (\w+)\ndata: ([^\n]*)$/.exec(block) ?? [];
      const event = JSON.parse(data ?? 'null') as SentEvent;
      if (event.type !== name) throw new Error(`an event named ${name} holds ${event.type}`);
      return event;
    });
}

/**
 * What a strict client makes of a stream: blocks one at a time, indices without a gap, nothing after the end.
 * Throws for every break of the protocol.
 */
export function readMessage(events: readonly SentEvent[]): Fields {
  const [start, ...rest] = events;
  if (start?.type !== 'message_start') throw new Error('the stream does not begin with its message');
  const message = structuredClone(start.message) as Fields;
  const content: Fields[] = [];
  let open: Fields | undefined;
  let input = '';
  let state: 'blocks' | 'delta' | 'stopped' = 'blocks';
  for (const event of rest) {
    if (event.type.startsWith('content_block_') && state !== 'blocks') throw new Error('a block after the end');
    switch (event.type) {
      case 'content_block_start':
        if (open || event.index !== content.length) throw new Error('a block begins out of turn');
        open = structuredClone(event.content_block) as Fields;
        input = '';
        break;
      case 'content_block_delta':
        if (!open || event.index !== content.length) throw new Error('a delta without its block');
        input += addDelta(open, event.delta as Fields);
        break;
      case 'content_block_stop':
        if (!open || event.index !== content.length) throw new Error('a block ends that is not open');
        if (open.type === 'tool_use') open.input = input === '' ? {} : JSON.parse(input);
        content.push(open);
        open = undefined;
        break;
      case 'message_delta':
        if (open || state !== 'blocks') throw new Error('the message ends inside a block');
        state = 'delta';
        Object.assign(message, event.delta, { usage: event.usage });
        break;
      case 'message_stop':
        if (state !== 'delta') throw new Error('the message stops without its reason');
        state = 'stopped';
        message.sluice = event.sluice;
        break;
      default:
        throw new Error(`an unknown event: ${event.type}`);
    }
  }
  if (state !== 'stopped') throw new Error('the message never stops');
  return { ...message, content };
}

/** Adds a delta to its block; gives back the part of the input it holds. */
function addDelta(block: Fields, delta: Fields): string {
  const kinds: Record<string, [string, string]> = {
    text_delta: ['text', 'text'],
    citations_delta: ['text', 'citations'],
    thinking_delta: ['thinking', 'thinking'],
    signature_delta: ['thinking', 'signature'],
    input_json_delta: ['tool_use', 'input'],
  };
  const [type, field] = kinds[String(delta.type)] ?? [];
  if (field === undefined || block.type !== type) throw new Error(`a ${delta.type} in a block of ${block.type}`);
  if (delta.type === 'input_json_delta') return String(delta.partial_json);
  if (field === 'citations') block.citations = [...((block.citations as unknown[] | null) ?? []), delta.citation];
  else block[field] = String(block[field]) + String(delta[field]);
  return '';
}
