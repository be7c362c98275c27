import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '../contracts/app-error.ts';
import type { ChatMessage } from '../contracts/chat-provider.ts';
import { type CallContext, toOwnBlock, toToolResult, toToolUse } from './anthropic-calls.ts';
import { type InputBlock, toInputBlocks, toTextBlocks } from './anthropic-content.ts';
import { createNameMap, type NameMap } from './anthropic-names.ts';

export interface Conversation {
  /** System and developer texts in their order; blocks when one of them marks a place to cache. */
  readonly system?: string | Anthropic.TextBlockParam[];
  readonly messages: Anthropic.MessageParam[];
}

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly blocks: Anthropic.ContentBlockParam[];
  /** The message's own plain text, so that it can be sent as it came. */
  text?: string | undefined;
}

/**
 * OpenAI's messages as the vendor's: system and developer messages move to `system` wherever they stand, tool results
 * become user turns, neighbours of one role become one turn. The name of a user leads their text, since the vendor has
 * no field for it and turns are merged. Instructions alone are a prompt.
 *
 * @throws AppError `unsupported` for content the vendor has no form for, a conversation without any and a result without
 * its call among it.
 */
export function toConversation(messages: readonly ChatMessage[], toolNames: NameMap): Conversation {
  const system: Anthropic.TextBlockParam[] = [];
  const turns: Turn[] = [];
  const context: CallContext = { toolNames, ids: createNameMap(messages.flatMap(toCallIds)), made: new Set() };
  messages.forEach((message, position) => {
    const path = `messages[${position}]`;
    if (message.role === 'system' || message.role === 'developer') system.push(...toSystemBlocks(message, path));
    else addTurn(turns, toTurn(message, path, context));
  });
  if (turns.length === 0) {
    if (system.length === 0) {
      throw new AppError('unsupported', 'anthropic needs at least one message with content.', { param: 'messages' });
    }
    return { messages: [{ role: 'user', content: joinSystem(system) }] };
  }
  return { ...(system.length > 0 ? { system: joinSystem(system) } : {}), messages: turns.map(toMessage) };
}

function toCallIds(message: ChatMessage): string[] {
  if (message.role === 'tool') return [message.tool_call_id];
  return message.role === 'assistant' ? (message.tool_calls ?? []).map(({ id }) => id) : [];
}

function toSystemBlocks(message: ChatMessage, path: string): Anthropic.TextBlockParam[] {
  if (typeof message.content === 'string') return toTextBlocks(message.content, message);
  return toInputBlocks(message.content ?? [], `${path}.content`).filter((block) => block.type === 'text');
}

function joinSystem(blocks: Anthropic.TextBlockParam[]): string | Anthropic.TextBlockParam[] {
  return blocks.some((block) => block.cache_control) ? blocks : blocks.map((block) => block.text).join('\n\n');
}

function toTurn(message: ChatMessage, path: string, context: CallContext): Turn {
  switch (message.role) {
    case 'user':
      return toUserTurn(message, path);
    case 'assistant':
      return { role: 'assistant', blocks: toAssistantBlocks(message, path, context), text: plainText(message) };
    case 'tool':
      return { role: 'user', blocks: [toToolResult(message, path, context)] };
    default:
      throw new AppError('unsupported', `anthropic has no messages of the role ${message.role}; use tool messages.`, {
        param: `${path}.role`,
      });
  }
}

function toUserTurn(message: Extract<ChatMessage, { role: 'user' }>, path: string): Turn {
  const blocks = toContentBlocks(message, `${path}.content`);
  if (!message.name) return { role: 'user', blocks, text: plainText(message) };
  const [first, ...others] = blocks;
  const named: InputBlock[] =
    first?.type === 'text'
      ? [{ ...first, text: `${message.name}: ${first.text}` }, ...others]
      : [{ type: 'text', text: `${message.name}:` }, ...blocks];
  return { role: 'user', blocks: named };
}

function toAssistantBlocks(
  message: Extract<ChatMessage, { role: 'assistant' }>,
  path: string,
  context: CallContext,
): Anthropic.ContentBlockParam[] {
  const calls = (message.tool_calls ?? []).map((call, position) =>
    toToolUse(call, `${path}.tool_calls[${position}]`, context),
  );
  if (message.content_blocks) return message.content_blocks.flatMap((block) => toOwnBlock(block, context));
  // Blocks without a signature never came from the vendor, or not whole; it refuses them.
  const thinking = (message.thinking_blocks ?? []).filter((block) =>
    block.type === 'thinking' ? block.signature : block.data,
  );
  return [...thinking.map((block) => ({ ...block })), ...toContentBlocks(message, `${path}.content`), ...calls];
}

function toContentBlocks(message: ChatMessage, path: string): InputBlock[] {
  const { content } = message;
  if (typeof content !== 'string') return toInputBlocks(content ?? [], path);
  return toTextBlocks(content, message);
}

function plainText({ content }: ChatMessage): string | undefined {
  return typeof content === 'string' ? content : undefined;
}

function addTurn(turns: Turn[], turn: Turn): void {
  if (turn.blocks.length === 0) return;
  const last = turns.at(-1);
  if (last?.role !== turn.role) {
    turns.push(turn);
    return;
  }
  last.blocks.push(...turn.blocks);
  last.text = undefined;
}

function toMessage({ role, blocks, text }: Turn, position: number, turns: readonly Turn[]): Anthropic.MessageParam {
  const ordered = role === 'user' ? resultsFirst(blocks) : blocks;
  const content = role === 'assistant' && position === turns.length - 1 ? trimEnd(ordered) : ordered;
  const [only] = content;
  const isPlain = content.length === 1 && text !== undefined && only?.type === 'text' && !only.cache_control;
  return { role, content: isPlain ? only.text : content };
}

/** The vendor wants the results of a turn before anything else in it. */
function resultsFirst(blocks: Anthropic.ContentBlockParam[]): Anthropic.ContentBlockParam[] {
  const results = blocks.filter((block) => block.type === 'tool_result');
  return results.length === 0 ? blocks : [...results, ...blocks.filter((block) => block.type !== 'tool_result')];
}

/** An answer to be continued must not end in white space. */
function trimEnd(blocks: Anthropic.ContentBlockParam[]): Anthropic.ContentBlockParam[] {
  const last = blocks.at(-1);
  return last?.type === 'text' ? [...blocks.slice(0, -1), { ...last, text: last.text.trimEnd() }] : blocks;
}
