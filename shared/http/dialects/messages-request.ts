import { AppError } from '../../contracts/app-error.ts';
import type { ChatRequest } from '../../contracts/chat-provider.ts';
import type { ChatBody } from '../schemas/chat-schema.ts';
import type { MessagesBody, MessagesTool } from '../schemas/messages-schema.ts';
import type { CacheControl } from './messages-content.ts';
import { toReasoningEffort } from './messages-thinking.ts';
import { type ChatBodyMessage, toChatMessages, toSystemMessages } from './messages-turns.ts';

/** A chat request with what only Anthropic's own providers read; its messages may hold such fields too. */
type MessagesChatBody = ChatBody & Pick<ChatRequest, 'thinking_budget_tokens'>;

type ChatTool = NonNullable<ChatBody['tools']>[number];

/**
 * A Messages request as the chat request that is served inside. Never mutates it.
 * @throws AppError `unsupported` naming the parameter, for what no chat request can say: `thread`, `top_k`, tools that
 * Anthropic defines or runs itself, citations of documents.
 */
export function toChatBody(body: MessagesBody): MessagesChatBody {
  if (body.thread) {
    throw new AppError('unsupported', 'No thread is kept here: send all messages with each request, without thread.', {
      param: 'thread',
    });
  }
  if (body.top_k !== undefined) {
    throw new AppError('unsupported', 'top_k has no equivalent over the providers: use top_p or temperature.', {
      param: 'top_k',
    });
  }
  const messages = [...toSystemMessages(body.system), ...toChatMessages(body.messages)];
  const effort = toReasoningEffort(body);
  const userId = body.metadata?.user_id;
  return {
    model: body.model,
    messages: body.cache_control ? withLastMarked(messages, body.cache_control) : messages,
    max_tokens: body.max_tokens,
    ...(body.stream === undefined ? {} : { stream: body.stream }),
    ...(body.temperature === undefined ? {} : { temperature: body.temperature }),
    ...(body.top_p === undefined ? {} : { top_p: body.top_p }),
    ...(body.stop_sequences?.length ? { stop: body.stop_sequences } : {}),
    ...(body.tools?.length ? { tools: body.tools.map(toChatTool) } : {}),
    ...toToolChoice(body.tool_choice),
    ...(effort === undefined ? {} : { reasoning_effort: effort }),
    ...(body.thinking?.type === 'enabled' ? { thinking_budget_tokens: body.thinking.budget_tokens } : {}),
    ...toResponseFormat(body.output_config?.format ?? body.output_format),
    ...(userId ? { user: userId } : {}),
    // `auto` is what both APIs do unasked.
    ...(body.service_tier === 'standard_only' ? { service_tier: 'default' } : {}),
    ...(body.sluice === undefined ? {} : { sluice: body.sluice }),
  };
}

function toChatTool(tool: MessagesTool, position: number): ChatTool {
  if (!isClientTool(tool)) {
    throw new AppError(
      'unsupported',
      `Tools of the type ${tool.type} are Anthropic's own and not served here: ` +
        'describe the tool with name and input_schema and run it yourself, or leave it out.',
      { param: `tools[${position}].type` },
    );
  }
  return {
    type: 'function',
    function: {
      name: tool.name,
      ...(tool.description ? { description: tool.description } : {}),
      parameters: tool.input_schema,
      ...(typeof tool.strict === 'boolean' ? { strict: tool.strict } : {}),
    },
    ...(tool.cache_control ? { cache_control: tool.cache_control } : {}),
  };
}

function isClientTool(tool: MessagesTool): tool is Extract<MessagesTool, { input_schema: unknown }> {
  return tool.type === undefined || tool.type === null || tool.type === 'custom';
}

function toToolChoice(choice: MessagesBody['tool_choice']): Pick<ChatBody, 'tool_choice' | 'parallel_tool_calls'> {
  if (!choice) return {};
  const isSerial = 'disable_parallel_tool_use' in choice && choice.disable_parallel_tool_use === true;
  const serial = isSerial ? { parallel_tool_calls: false } : {};
  if (choice.type === 'tool') {
    return { tool_choice: { type: 'function', function: { name: choice.name } }, ...serial };
  }
  return { tool_choice: choice.type === 'any' ? 'required' : choice.type, ...serial };
}

function toResponseFormat(format: MessagesBody['output_format']): Pick<ChatBody, 'response_format'> {
  if (!format) return {};
  const { schema } = format;
  return {
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'response', schema, ...(isStrictSchema(schema) ? { strict: true } : {}) },
    },
  };
}

/**
 * Whether OpenAI's strict mode takes a schema: every object is closed and all of its properties are required. Anthropic
 * holds answers to the schema in any case, so strictness is asked for wherever it is to be had.
 */
function isStrictSchema(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrictSchema);
  if (typeof schema !== 'object' || schema === null) return true;
  const { type, properties, required, additionalProperties, ...others } = schema as Record<string, unknown>;
  const named = typeof properties === 'object' && properties !== null ? properties : {};
  if (type === 'object' || properties !== undefined) {
    const demanded: readonly unknown[] = Array.isArray(required) ? required : [];
    if (additionalProperties !== false || !Object.keys(named).every((key) => demanded.includes(key))) return false;
  }
  return Object.values(named).every(isStrictSchema) && Object.values(others).every(isStrictSchema);
}

/** The marker that stands for the whole request goes where Anthropic puts it: on the last block. */
function withLastMarked(messages: readonly ChatBodyMessage[], marker: CacheControl): ChatBodyMessage[] {
  const last = messages.at(-1);
  if (!last) return [];
  return [...messages.slice(0, -1), toMarked(last, marker)];
}

function toMarked(message: ChatBodyMessage, marker: CacheControl): ChatBodyMessage {
  const { content } = message;
  if (message.role === 'tool') {
    return { ...message, cache_control: message.cache_control ?? marker };
  }
  if (typeof content === 'string' && content !== '') {
    return { ...message, content: [{ type: 'text', text: content, cache_control: marker }] } as ChatBodyMessage;
  }
  if (!Array.isArray(content)) return message;
  const parts = content.map((part, position) =>
    position === content.length - 1 ? { cache_control: marker, ...part } : part,
  );
  return { ...message, content: parts } as ChatBodyMessage;
}
