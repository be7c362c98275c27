import type { ChatMessage, VendorBlock } from '../../contracts/chat-provider.ts';
import type { ChatBody } from '../schemas/chat-schema.ts';
import type {
  AssistantBlock,
  ContentBlock,
  MessagesTurn,
  ToolResultBlock,
  UserBlock,
} from '../schemas/messages-schema.ts';
import { type ContentPart, toContentParts, toMarker, toPlainContent } from './messages-content.ts';
import { isForeign, toTurnThinking } from './messages-thinking.ts';

type PrivateField = 'content_blocks' | 'error_prefix';

/** A chat message, with what only Anthropic's own providers read. */
export type ChatBodyMessage = ChatBody['messages'][number] & Pick<ChatMessage, PrivateField>;

type AssistantMessage = Extract<ChatBodyMessage, { role: 'assistant' }>;
type ToolCall = NonNullable<AssistantMessage['tool_calls']>[number];
type TextBlock = Extract<ContentBlock, { type: 'text' }>;

/**
 * Anthropic's turns as chat messages. Tool results, which are blocks of a user turn there, become messages of their own
 * ahead of what else the turn says, because they must follow the calls they answer.
 */
export function toChatMessages(turns: readonly MessagesTurn[]): ChatBodyMessage[] {
  return turns.flatMap((turn, position): ChatBodyMessage[] => {
    const path = `messages[${position}].content`;
    if (turn.role === 'assistant') return [toAssistantMessage(turn.content)];
    if (turn.role === 'user') return toUserMessages(turn.content, path);
    return toSystemMessages(turn.content);
  });
}

/** A system prompt as the message it is to OpenAI; none for an empty one. */
export function toSystemMessages(system: string | readonly TextBlock[] | undefined): ChatBodyMessage[] {
  if (system === undefined || system.length === 0) return [];
  if (typeof system === 'string') return [{ role: 'system', content: system }];
  return [{ role: 'system', content: toPlainContent(system.map(toTextPart)) }];
}

function toUserMessages(content: string | readonly UserBlock[], path: string): ChatBodyMessage[] {
  if (typeof content === 'string') return [{ role: 'user', content }];
  const results: ChatBodyMessage[] = [];
  const parts: ContentPart[] = [];
  content.forEach((block, position) => {
    if (block.type === 'tool_result') results.push(toToolMessage(block, `${path}[${position}]`));
    else parts.push(...toContentParts([block], path));
  });
  return parts.length === 0 ? results : [...results, { role: 'user', content: toPlainContent(parts) }];
}

function toAssistantMessage(content: string | readonly AssistantBlock[]): AssistantMessage {
  if (typeof content === 'string') return { role: 'assistant', content };
  const texts = content.filter((block) => block.type === 'text');
  const calls = content.filter((block) => block.type === 'tool_use').map(toToolCall);
  // The blocks of one answer are one text: what stood between them were calls and thinking.
  const text = texts.map((block) => block.text).join('');
  const isMarked = texts.some((block) => block.cache_control);
  return {
    role: 'assistant',
    content: isMarked ? texts.map(toTextPart) : text === '' && calls.length > 0 ? null : text,
    ...toTurnThinking(content),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...toContentBlocks(content),
  };
}

/** The turn as it came, when it holds what a chat message cannot say. */
function toContentBlocks(content: readonly AssistantBlock[]): { content_blocks?: readonly VendorBlock[] } {
  if (!content.some(isServerBlock)) return {};
  const blocks = content.filter((block) => block.type !== 'thinking' || !isForeign(block));
  return { content_blocks: blocks.map(toVendorBlock) };
}

/** Without what the vendor does not know of, and without nulls, which its answers have and its requests may not. */
function toVendorBlock(block: AssistantBlock): VendorBlock {
  const fields = Object.entries(block).filter(([field, value]) => field !== 'extra_content' && value !== null);
  return { ...Object.fromEntries(fields), type: block.type };
}

function isServerBlock({ type }: AssistantBlock): boolean {
  return type === 'server_tool_use' || type.endsWith('_tool_result');
}

function toToolCall(block: Extract<AssistantBlock, { type: 'tool_use' }>): ToolCall {
  return {
    id: block.id,
    type: 'function',
    function: { name: block.name, arguments: JSON.stringify(block.input) },
    ...(block.extra_content ? { extra_content: block.extra_content } : {}),
    ...toMarker(block),
  };
}

function toToolMessage(block: ToolResultBlock, path: string): ChatBodyMessage {
  const { content = '', is_error: isError } = block;
  const parts: ContentPart[] =
    typeof content === 'string' ? [{ type: 'text', text: content }] : toContentParts(content, `${path}.content`);
  const prefix = isError ? toErrorPrefix(parts[0]) : undefined;
  return {
    role: 'tool',
    tool_call_id: block.tool_use_id,
    content: toPlainContent(prefix === undefined ? parts : withPrefix(parts, prefix)),
    ...toMarker(block),
    ...(prefix === undefined ? {} : { error_prefix: prefix }),
  };
}

/** Failure has no field of its own outside Anthropic's API, so the model is told in words, unless the tool says it. */
function toErrorPrefix(first: ContentPart | undefined): string {
  if (first?.type !== 'text') return 'Error:';
  if (first.text === '') return 'Error: the tool failed.';
  return /^\W{0,8}(\w+_)?error/i.test(first.text) ? '' : 'Error: ';
}

function withPrefix([first, ...others]: ContentPart[], prefix: string): ContentPart[] {
  if (first?.type === 'text') return [{ ...first, text: prefix + first.text }, ...others];
  return [{ type: 'text', text: prefix }, ...(first ? [first] : []), ...others];
}

function toTextPart(block: TextBlock): { type: 'text'; text: string } {
  return { type: 'text', text: block.text, ...toMarker(block) };
}
