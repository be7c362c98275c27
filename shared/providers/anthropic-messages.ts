import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '../contracts/app-error.ts';
import type { ChatMessage } from '../contracts/chat-provider.ts';
import { type InputBlock, toCacheControl, toInputBlocks, toTextBlocks } from './anthropic-content.ts';
import { parseArguments } from './tool-arguments.ts';

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
 * no field for it and turns are merged.
 *
 * @throws AppError `invalid_request` for tool-call arguments that are not a JSON object and for a conversation without
 * any content, `unsupported` for content the vendor has no form for.
 */
export function toConversation(messages: readonly ChatMessage[]): Conversation {
  const system: Anthropic.TextBlockParam[] = [];
  const turns: Turn[] = [];
  messages.forEach((message, position) => {
    const path = `messages[${position}]`;
    if (message.role === 'system' || message.role === 'developer') system.push(...toSystemBlocks(message, path));
    else addTurn(turns, toTurn(message, path));
  });
  if (turns.length === 0) {
    throw new AppError('invalid_request', 'anthropic needs at least one user message with content.', {
      param: 'messages',
    });
  }
  return { ...(system.length > 0 ? { system: joinSystem(system) } : {}), messages: turns.map(toMessage) };
}

function toSystemBlocks(message: ChatMessage, path: string): Anthropic.TextBlockParam[] {
  if (typeof message.content === 'string') return toTextBlocks(message.content, message);
  return toInputBlocks(message.content ?? [], `${path}.content`).filter((block) => block.type === 'text');
}

function joinSystem(blocks: Anthropic.TextBlockParam[]): string | Anthropic.TextBlockParam[] {
  return blocks.some((block) => block.cache_control) ? blocks : blocks.map((block) => block.text).join('\n\n');
}

function toTurn(message: ChatMessage, path: string): Turn {
  switch (message.role) {
    case 'user':
      return toUserTurn(message, path);
    case 'assistant':
      return { role: 'assistant', blocks: toAssistantBlocks(message, path), text: plainText(message) };
    case 'tool':
      return { role: 'user', blocks: [toToolResult(message, path)] };
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
): Anthropic.ContentBlockParam[] {
  // Blocks without a signature never came from the vendor, or not whole; it refuses them.
  const thinking = (message.thinking_blocks ?? []).filter((block) =>
    block.type === 'thinking' ? block.signature : block.data,
  );
  const calls = (message.tool_calls ?? []).map((call, position) => toToolUse(call, `${path}.tool_calls[${position}]`));
  return [...thinking.map((block) => ({ ...block })), ...toContentBlocks(message, `${path}.content`), ...calls];
}

function toToolUse(
  call: NonNullable<Extract<ChatMessage, { role: 'assistant' }>['tool_calls']>[number],
  path: string,
): Anthropic.ToolUseBlockParam {
  if (call.type !== 'function') {
    throw new AppError('unsupported', 'anthropic has function calls alone, no custom ones.', { param: path });
  }
  const { name, arguments: text } = call.function;
  return { type: 'tool_use', id: toCallId(call.id), name, input: parseArguments(text, path), ...toCacheControl(call) };
}

function toToolResult(message: Extract<ChatMessage, { role: 'tool' }>, path: string): Anthropic.ToolResultBlockParam {
  const { content } = message;
  return {
    type: 'tool_result',
    tool_use_id: toCallId(message.tool_call_id),
    content: typeof content === 'string' ? content : toInputBlocks(content, `${path}.content`),
    ...toCacheControl(message),
  };
}

/** Ids of calls that another vendor made may hold characters that this one refuses. */
function toCallId(id: string): string {
  return id.replace(/[^a-zA-Z0-9_-]/g, '_');
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
