import { AppError } from '../../contracts/app-error.ts';
import type { ChatChunkChoice, ThinkingBlock } from '../../contracts/chat-provider.ts';
import {
  parseInput,
  readExtraContent,
  toCitations,
  toInput,
  toTextBlock,
  toToolUseBlock,
  type WebCitation,
} from './messages-answer.ts';
import { type ThinkingDisplay, UNSIGNED } from './messages-thinking.ts';

type Delta = ChatChunkChoice['delta'];
type ToolCallDelta = NonNullable<Delta['tool_calls']>[number];

/** A block that is not finished; `pending` are its deltas that are yet to be written. */
type OpenBlock = { readonly pending: object[] } & (
  | { readonly type: 'text' }
  | { readonly type: 'thinking'; text: string; signature: string }
  | { readonly type: 'redacted_thinking'; readonly data: string }
  | { readonly type: 'tool_use'; readonly id: string; name: string; extra: { extra_content?: unknown }; input: string }
);

type ToolBlock = Extract<OpenBlock, { type: 'tool_use' }>;

export interface BlockWriter {
  readonly hasCalls: boolean;
  /** The events a delta becomes, often one; none while it waits for an earlier block to end. */
  push(delta: Delta): string;
  /**
   * What is still owed, every block ended.
   * @throws AppError `invalid_output` as a finished answer does.
   */
  end(finish: ChatChunkChoice['finish_reason']): string;
}

export function toEvent(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

/**
 * OpenAI's deltas as Anthropic's content blocks. Those come strictly one after the other, so of all blocks that have
 * begun only the first is written; what belongs to later ones waits. A block of text or thinking ends when another
 * begins, a call when its input is a whole JSON object.
 */
export function createBlockWriter(display: ThinkingDisplay): BlockWriter {
  /** Begun and not ended, in order; the first is the one being written once `isLive`. */
  const blocks: OpenBlock[] = [];
  const calls = new Map<number, ToolBlock>();
  let isLive = false;
  let index = 0;

  const begin = <Block extends OpenBlock>(block: Block): Block => {
    blocks.push(block);
    return block;
  };

  const addText = (text: string, citations: readonly WebCitation[]): void => {
    if (text === '' && citations.length === 0) return;
    const last = blocks.at(-1);
    const block = last?.type === 'text' ? last : begin({ type: 'text', pending: [] });
    if (text !== '') block.pending.push({ type: 'text_delta', text });
    for (const citation of citations) block.pending.push({ type: 'citations_delta', citation });
  };

  const addThinking = (text: string, signature = ''): void => {
    const last = blocks.at(-1);
    const isOpen = last?.type === 'thinking' && last.signature === '';
    const block = isOpen ? last : begin({ type: 'thinking', text: '', signature: '', pending: [] });
    if (text !== '') block.pending.push({ type: 'thinking_delta', thinking: text });
    block.text += text;
    block.signature = signature;
  };

  /** A whole block, with its signature. Its text has usually been streamed already. */
  const addThinkingBlock = (block: ThinkingBlock): void => {
    if (block.type === 'redacted_thinking') {
      begin({ type: 'redacted_thinking', data: block.data, pending: [] });
      return;
    }
    const { thinking, signature } = block;
    if (signature === '' && display.isSignedOnly) return;
    const last = blocks.at(-1);
    const written = last?.type === 'thinking' && last.signature === '' ? last.text : '';
    if (display.isOmitted) addThinking('', signature);
    else if (signature === '' || thinking === '') addThinking(thinking, signature);
    else if (thinking.startsWith(written)) addThinking(thinking.slice(written.length), signature);
    else begin({ type: 'thinking', text: thinking, signature, pending: [{ type: 'thinking_delta', thinking }] });
  };

  const addCall = (fragment: ToolCallDelta): void => {
    let block = calls.get(fragment.index);
    if (!block) {
      block = begin({ type: 'tool_use', id: fragment.id ?? '', name: '', extra: {}, input: '', pending: [] });
      calls.set(fragment.index, block);
    }
    const input = fragment.function?.arguments ?? '';
    block.name += fragment.function?.name ?? '';
    block.extra = { ...block.extra, ...readExtraContent(fragment) };
    if (input === '') return;
    if (!blocks.includes(block)) {
      // Its input was whole, so its block has ended; white space changes nothing, anything else spoils it.
      if (input.trim() !== '') throw spoilt(block.name);
      return;
    }
    block.input += input;
    block.pending.push({ type: 'input_json_delta', partial_json: input });
  };

  /** Writes what can be written. `isOver`: nothing more will come, so every block is as finished as it will ever be. */
  const write = (isOver: boolean): string => {
    let text = '';
    for (let head = blocks[0]; head; head = blocks[0]) {
      const isNamed = head.type !== 'tool_use' || head.name !== '';
      if (!isLive && !isOver && !isNamed) break;
      if (!isLive) text += toEvent('content_block_start', { index, content_block: toStart(head) });
      isLive = true;
      for (const delta of head.pending) text += toDelta(index, delta);
      head.pending.length = 0;
      if (!isOver && (blocks.length === 1 || !isWhole(head))) break;
      if (head.type === 'thinking') {
        text += toDelta(index, { type: 'signature_delta', signature: head.signature || UNSIGNED });
      }
      text += toEvent('content_block_stop', { index });
      blocks.shift();
      isLive = false;
      index += 1;
    }
    return text;
  };

  return {
    get hasCalls() {
      return calls.size > 0;
    },

    push(delta) {
      const { reasoning_content: reasoning, thinking_blocks: thinking = [] } = delta;
      if (reasoning && !display.isSignedOnly) addThinking(reasoning);
      // Fragments without a signature repeat the readable text beside them.
      for (const block of thinking) {
        if (block.type === 'redacted_thinking' || block.signature !== '' || !reasoning) addThinkingBlock(block);
      }
      addText(`${delta.content ?? ''}${delta.refusal ?? ''}`, toCitations(delta.annotations));
      for (const fragment of delta.tool_calls ?? []) addCall(fragment);
      return write(false);
    },

    end(finish) {
      for (const { input, name } of calls.values()) toInput(input, name, finish);
      return write(true);
    },
  };
}

function toDelta(index: number, delta: object): string {
  return toEvent('content_block_delta', { index, delta });
}

function toStart(block: OpenBlock): object {
  switch (block.type) {
    case 'text':
      return toTextBlock('', []);
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' };
    case 'redacted_thinking':
      return { type: 'redacted_thinking', data: block.data };
    case 'tool_use':
      return toToolUseBlock({ id: block.id, name: block.name, ...block.extra }, {});
  }
}

/** Whether nothing more can come for a block that others have followed. */
function isWhole(block: OpenBlock): boolean {
  if (block.type !== 'tool_use') return true;
  return block.input.trimEnd().endsWith('}') && parseInput(block.input) !== undefined;
}

function spoilt(name: string): AppError {
  return new AppError(
    'invalid_output',
    `The model called ${name} with arguments that are not a JSON object; try again.`,
  );
}
