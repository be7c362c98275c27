import type Anthropic from '@anthropic-ai/sdk';
import type { ChatChunkChoice, ThinkingBlock } from '../contracts/chat-provider.ts';
import { toAnnotation, toCallHead, toText } from './anthropic-answer.ts';
import type { AnswerOptions } from './anthropic-completion.ts';

type Delta = ChatChunkChoice['delta'];

interface OpenBlock {
  readonly content: Anthropic.ContentBlock;
  /** Index among the tool calls of the stream, or `answer` for the tool whose input is the text. */
  readonly call?: number | 'answer';
  /** Where the block's text begins in the whole text. */
  readonly start: number;
  hasInput: boolean;
  thinking: string;
  signature: string;
  readonly citations: Anthropic.TextCitation[];
}

export interface BlockReader {
  /** Calls of the caller's tools so far. */
  readonly toolCalls: number;
  start(index: number, content: Anthropic.ContentBlock): readonly Delta[];
  /** Told of text that went its way without `push`. */
  passed(textLength: number): void;
  push(index: number, delta: Anthropic.RawContentBlockDelta): readonly Delta[];
  stop(index: number): readonly Delta[];
  /** What blocks that never stopped, and text that was held back, still owe. */
  end(): readonly Delta[];
}

/**
 * Content blocks as OpenAI deltas. Text, readable thinking and tool input pass as they come; what only means something
 * whole (thinking with its signature, citations) is delivered when its block stops. Blocks of tools that the vendor runs
 * itself are passed over.
 *
 * @param responseTool the tool whose input is the answer. Text is held back while it may still come, and thrown away
 * once it has: the answer must parse.
 */
export function createBlockReader({ responseTool, toolNames }: Omit<AnswerOptions, 'model'>): BlockReader {
  const open = new Map<number, OpenBlock>();
  let toolCalls = 0;
  let textLength = 0;
  let held = '';
  let hasAnswer = false;

  const addText = (given: unknown): readonly Delta[] => {
    const text = toText(given);
    if (text === '') return [];
    textLength += text.length;
    if (responseTool === undefined) return [{ content: text }];
    held += text;
    return [];
  };

  const addInput = (block: OpenBlock, given: unknown): readonly Delta[] => {
    const text = toText(given);
    if (text === '') return [];
    block.hasInput = true;
    if (block.call === 'answer') return [{ content: text }];
    return block.call === undefined ? [] : [{ tool_calls: [{ index: block.call, function: { arguments: text } }] }];
  };

  const toCall = (content: Anthropic.ContentBlock): number | 'answer' | undefined => {
    if (content.type !== 'tool_use') return undefined;
    if (content.name === responseTool) {
      if (hasAnswer) return undefined;
      hasAnswer = true;
      return 'answer';
    }
    toolCalls += 1;
    return toolCalls - 1;
  };

  const close = (block: OpenBlock): readonly Delta[] => {
    const { content } = block;
    switch (content.type) {
      case 'tool_use':
        // Some targets send the whole input with the block's start; a tool without parameters has none at all.
        return block.hasInput ? [] : addInput(block, JSON.stringify(content.input ?? {}));
      case 'thinking':
        return [toThinkingDelta({ type: 'thinking', thinking: block.thinking, signature: block.signature })];
      case 'redacted_thinking':
        return [toThinkingDelta({ type: 'redacted_thinking', data: toText(content.data) })];
      case 'text': {
        const range = { start: block.start, end: textLength };
        const annotations = block.citations.flatMap((citation) => toAnnotation(citation, range) ?? []);
        return annotations.length > 0 ? [{ annotations }] : [];
      }
      default:
        return [];
    }
  };

  return {
    get toolCalls() {
      return toolCalls;
    },

    passed(length) {
      textLength += length;
    },

    start(index, content) {
      const call = toCall(content);
      const isThinking = content.type === 'thinking';
      const thinking = isThinking ? toText(content.thinking) : '';
      open.set(index, {
        content,
        ...(call === undefined ? {} : { call }),
        start: textLength,
        hasInput: false,
        thinking,
        signature: isThinking ? toText(content.signature) : '',
        citations: content.type === 'text' && Array.isArray(content.citations) ? [...content.citations] : [],
      });
      if (content.type === 'text') return addText(content.text);
      if (thinking !== '') return [{ reasoning_content: thinking }];
      if (typeof call !== 'number' || content.type !== 'tool_use') return [];
      const { id, name } = toCallHead(content, toolNames);
      return [{ tool_calls: [{ index: call, id, type: 'function', function: { name, arguments: '' } }] }];
    },

    push(index, delta) {
      const block = open.get(index);
      switch (delta.type) {
        case 'text_delta':
          return addText(delta.text);
        case 'input_json_delta':
          return block ? addInput(block, delta.partial_json) : [];
        case 'thinking_delta':
          if (toText(delta.thinking) === '') return [];
          if (block) block.thinking += delta.thinking;
          return [{ reasoning_content: delta.thinking }];
        case 'signature_delta':
          if (block) block.signature += toText(delta.signature);
          return [];
        case 'citations_delta':
          block?.citations.push(delta.citation);
          return [];
        default:
          return [];
      }
    },

    stop(index) {
      const block = open.get(index);
      open.delete(index);
      return block ? close(block) : [];
    },

    end() {
      const deltas = [...open.values()].flatMap(close);
      open.clear();
      if (held !== '' && !hasAnswer) deltas.push({ content: held });
      return deltas;
    },
  };
}

function toThinkingDelta(block: ThinkingBlock): Delta {
  return { thinking_blocks: [block] };
}
