import { AppError } from '../../contracts/app-error.ts';
import type { ChatBody } from '../schemas/chat-schema.ts';
import type { ResponsesBody, ResponsesItem } from '../schemas/responses-schema.ts';
import { toSystemContent, toToolContent, toUserContent } from './responses-content.ts';
import { refuseItem } from './responses-refusals.ts';
import { decodeReasoningState, type ExtraContent } from './responses-state.ts';

type Messages = ChatBody['messages'];
type AssistantMessage = Extract<Messages[number], { role: 'assistant' }>;
type AssistantPart = Exclude<NonNullable<AssistantMessage['content']>, string>[number];
type Item<Type extends ResponsesItem['type']> = Extract<ResponsesItem, { type: Type }>;

/**
 * The items of a conversation as messages. What the model said between two turns of the caller (texts, calls, reasoning)
 * is one assistant message, whatever the order of the items.
 *
 * @throws AppError `unsupported` for items that refer to what OpenAI stores or runs; `invalid_request` for the output of
 * a call that is not there and for reasoning that another service encrypted.
 */
export function toMessages({ instructions, input }: Pick<ResponsesBody, 'instructions' | 'input'>): Messages {
  const messages: Messages = instructions ? [{ role: 'system', content: instructions }] : [];
  if (typeof input === 'string') return [...messages, { role: 'user', content: input }];
  const callIds = new Set<string>();
  let turn: AssistantTurn | undefined;
  const endTurn = (): void => {
    const message = turn?.toMessage();
    if (message) messages.push(message);
    turn = undefined;
  };
  const assistant = (): AssistantTurn => {
    turn ??= createAssistantTurn();
    return turn;
  };
  input.forEach((item, index) => {
    const param = `input[${index}]`;
    switch (item.type) {
      case 'message':
        if (item.role === 'assistant') {
          assistant().addMessage(item);
          return;
        }
        endTurn();
        messages.push(
          item.role === 'user'
            ? { role: 'user', content: toUserContent(item.content, `${param}.content`) }
            : { role: item.role, content: toSystemContent(item.content) },
        );
        return;
      case 'reasoning':
        assistant().addReasoning(item, param);
        return;
      case 'function_call':
      case 'custom_tool_call':
        callIds.add(item.call_id);
        assistant().addCall(item);
        return;
      case 'function_call_output':
      case 'custom_tool_call_output':
        endTurn();
        if (!callIds.has(item.call_id)) {
          const message = `${param}.call_id names no call of an earlier item: send the call itself before its output.`;
          throw new AppError('invalid_request', message, { param: `${param}.call_id` });
        }
        messages.push({
          role: 'tool',
          tool_call_id: item.call_id,
          content: toToolContent(item.output, `${param}.output`),
        });
        return;
      default:
        refuseItem(item.type, param);
    }
  });
  endTurn();
  if (messages.length === 0) {
    throw new AppError('invalid_request', 'The input holds no message: send at least one.', { param: 'input' });
  }
  return messages;
}

interface AssistantTurn {
  addMessage(item: Extract<Item<'message'>, { role: 'assistant' }>): void;
  addReasoning(item: Item<'reasoning'>, param: string): void;
  addCall(item: Item<'function_call'> | Item<'custom_tool_call'>): void;
  /** Undefined for a turn without text and calls: reasoning that led to nothing. */
  toMessage(): AssistantMessage | undefined;
}

function createAssistantTurn(): AssistantTurn {
  const parts: AssistantPart[] = [];
  const calls: NonNullable<AssistantMessage['tool_calls']> = [];
  const thinkingBlocks: NonNullable<AssistantMessage['thinking_blocks']> = [];
  const callExtras = new Map<string, ExtraContent>();
  let messageExtra: ExtraContent | undefined;
  let reasoning = '';

  return {
    addMessage({ content }) {
      if (typeof content === 'string') parts.push({ type: 'text', text: content });
      else parts.push(...content.map(toAssistantPart));
    },

    addReasoning({ summary, content, encrypted_content: encoded }, param) {
      const texts = content?.length ? content : (summary ?? []);
      reasoning += texts.map(({ text }) => text).join('\n\n');
      if (!encoded) return;
      const state = decodeReasoningState(encoded, `${param}.encrypted_content`);
      thinkingBlocks.push(...state.thinkingBlocks);
      for (const [callId, extra] of Object.entries(state.callExtras)) callExtras.set(callId, extra);
      messageExtra = state.messageExtra ?? messageExtra;
    },

    addCall(item) {
      calls.push(
        item.type === 'function_call'
          ? { id: item.call_id, type: 'function', function: { name: item.name, arguments: item.arguments } }
          : { id: item.call_id, type: 'custom', custom: { name: item.name, input: item.input } },
      );
    },

    toMessage() {
      if (parts.length === 0 && calls.length === 0) return undefined;
      return {
        role: 'assistant',
        content: toContent(parts),
        ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
        ...(thinkingBlocks.length === 0 ? {} : { thinking_blocks: thinkingBlocks }),
        ...(calls.length === 0 ? {} : { tool_calls: calls.map((call) => withExtra(call, callExtras)) }),
        ...(messageExtra === undefined ? {} : { extra_content: messageExtra }),
      };
    },
  };
}

function toAssistantPart(
  part: Exclude<Extract<Item<'message'>, { role: 'assistant' }>['content'], string>[number],
): AssistantPart {
  return part.type === 'refusal' ? { type: 'refusal', refusal: part.refusal } : { type: 'text', text: part.text };
}

function toContent(parts: AssistantPart[]): AssistantMessage['content'] {
  const [only, ...others] = parts;
  if (only === undefined) return null;
  return only.type === 'text' && others.length === 0 ? only.text : parts;
}

function withExtra(
  call: NonNullable<AssistantMessage['tool_calls']>[number],
  extras: ReadonlyMap<string, ExtraContent>,
): NonNullable<AssistantMessage['tool_calls']>[number] {
  const extra = extras.get(call.id);
  return extra === undefined || call.type !== 'function' ? call : { ...call, extra_content: { ...extra } };
}
