import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '../contracts/app-error.ts';
import type { ChatMessage, VendorBlock } from '../contracts/chat-provider.ts';
import { type InputBlock, toCacheControl, toInputBlocks } from './anthropic-content.ts';
import type { NameMap } from './anthropic-names.ts';
import { toArgumentsObject } from './tool-arguments.ts';

/** What the vendor is told in place of names and ids that it refuses, and the calls that were made so far. */
export interface CallContext {
  readonly toolNames: NameMap;
  readonly ids: NameMap;
  readonly made: Set<string>;
}

/** A block that came from the vendor; those of the caller's tools must go by the names and ids of the rest. */
export function toOwnBlock(block: VendorBlock, { toolNames, ids }: CallContext): Anthropic.ContentBlockParam[] {
  const own = block as unknown as Anthropic.ContentBlockParam;
  if (own.type === 'tool_use') return [{ ...own, id: ids.toVendor(own.id), name: toolNames.toVendor(own.name) }];
  return own.type === 'text' && own.text.trim() === '' ? [] : [own];
}

/** A call of an earlier turn. @throws AppError `unsupported` for a custom one. */
export function toToolUse(
  call: NonNullable<Extract<ChatMessage, { role: 'assistant' }>['tool_calls']>[number],
  path: string,
  { toolNames, ids, made }: CallContext,
): Anthropic.ToolUseBlockParam {
  if (call.type !== 'function') {
    throw new AppError('unsupported', 'anthropic has function calls alone, no custom ones.', { param: path });
  }
  const { name, arguments: text } = call.function;
  made.add(call.id);
  return {
    type: 'tool_use',
    id: ids.toVendor(call.id),
    name: toolNames.toVendor(name),
    input: toArgumentsObject(text),
    ...toCacheControl(call),
  };
}

/** The result of a call. @throws AppError `unsupported` when the call is not in the conversation. */
export function toToolResult(
  message: Extract<ChatMessage, { role: 'tool' }>,
  path: string,
  { ids, made }: CallContext,
): Anthropic.ToolResultBlockParam {
  if (!made.has(message.tool_call_id)) {
    throw new AppError(
      'unsupported',
      'anthropic takes no result without its call: send the assistant message that made the call, too.',
      { param: `${path}.tool_call_id` },
    );
  }
  const { error_prefix: prefix } = message;
  const content =
    typeof message.content === 'string' ? message.content : toInputBlocks(message.content, `${path}.content`);
  return {
    type: 'tool_result',
    tool_use_id: ids.toVendor(message.tool_call_id),
    content: prefix === undefined ? content : withoutPrefix(content, prefix),
    ...(prefix === undefined ? {} : { is_error: true }),
    ...toCacheControl(message),
  };
}

/** What a tool said when it failed. The vendor refuses a failure without content, so there the words stay. */
function withoutPrefix(content: string | InputBlock[], prefix: string): string | InputBlock[] {
  if (prefix === '') return content;
  if (typeof content === 'string') return content.slice(prefix.length).trim() ? content.slice(prefix.length) : content;
  const [first, ...others] = content;
  if (first?.type !== 'text') return content;
  const text = first.text.slice(prefix.length);
  if (text.trim() !== '') return [{ ...first, text }, ...others];
  return others.length > 0 ? others : content;
}
