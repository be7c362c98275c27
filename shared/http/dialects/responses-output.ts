import type { ChatChunkChoice, FinishReason } from '../../contracts/chat-provider.ts';
import { toTokenLogprobs, toUrlCitations } from './responses-echo.ts';
import {
  type OpenCall,
  type OpenItem,
  type OpenItemOptions,
  type OpenMessage,
  type OpenReasoning,
  openCall,
  openMessage,
  openReasoning,
} from './responses-open-items.ts';
import type { ExtraContent } from './responses-state.ts';
import type { Emit, OutputItem } from './responses-types.ts';

type Delta = ChatChunkChoice['delta'] & { readonly extra_content?: ExtraContent | null };

/** OpenAI's package types the fragments of function calls alone. */
interface CallDelta {
  readonly index: number;
  readonly id?: string;
  readonly type?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
  readonly custom?: { readonly name?: string; readonly input?: string };
  readonly extra_content?: ExtraContent | null;
}

interface PendingCall {
  readonly id: string;
  readonly isCustom: boolean;
  name: string;
  /** What came before the name. */
  text: string;
  open?: OpenCall;
}

export interface ResponseOutput {
  push(choice: Pick<ChatChunkChoice, 'delta' | 'logprobs'>): void;
  /** Closes what is open. An answer that was cut ends in an incomplete item; a finished one holds a message or a call. */
  close(finish: FinishReason): void;
  readonly items: readonly OutputItem[];
}

/**
 * Deltas of Chat Completions as items of a response. Reasoning is done as soon as something else begins, and begins
 * again as another item; the message and the calls stay open until the end, since texts, sources and the arguments of
 * parallel calls may come in turns. Items stand in the order in which they began.
 */
export function createResponseOutput({
  emit,
  createId,
}: {
  readonly emit: Emit;
  readonly createId: (prefix: string) => string;
}): ResponseOutput {
  const items: OpenItem[] = [];
  const closed = new Map<OpenItem, OutputItem>();
  const calls = new Map<number, PendingCall>();
  let reasoning: OpenReasoning | undefined;
  let message: OpenMessage | undefined;

  const open = <Item extends OpenItem>(prefix: string, create: (options: OpenItemOptions) => Item): Item => {
    const item = create({ emit, id: createId(prefix), index: items.length });
    items.push(item);
    return item;
  };

  const close = (item: OpenItem, status: 'completed' | 'incomplete'): void => {
    item.close(status);
    closed.set(item, item.read(status));
  };

  const endReasoning = (): void => {
    if (reasoning) close(reasoning, 'completed');
    reasoning = undefined;
  };

  const openedReasoning = (): OpenReasoning => {
    reasoning ??= open('rs', openReasoning);
    return reasoning;
  };

  const openedMessage = (): OpenMessage => {
    endReasoning();
    message ??= open('msg', openMessage);
    return message;
  };

  const openedCall = (call: PendingCall): OpenCall => {
    endReasoning();
    if (!call.open) {
      const { id: callId, name, isCustom } = call;
      call.open = open(isCustom ? 'ctc' : 'fc', (options) => openCall(options, { callId, name, isCustom }));
      call.open.addText(call.text);
    }
    return call.open;
  };

  const findCall = ({ index, id, type }: CallDelta): PendingCall => {
    let call = calls.get(index);
    if (!call) {
      call = { id: id || createId('call'), isCustom: type === 'custom', name: '', text: '' };
      calls.set(index, call);
    }
    return call;
  };

  const pushCall = (delta: CallDelta): void => {
    const call = findCall(delta);
    const { name = '' } = delta.function ?? delta.custom ?? {};
    const text = delta.function?.arguments ?? delta.custom?.input ?? '';
    if (!call.open) call.name += name;
    // A call is told of by its name; some vendors send that after the first arguments.
    if (call.name === '') call.text += text;
    else openedCall(call).addText(text);
  };

  const pushState = (delta: Delta, toolCalls: readonly CallDelta[]): void => {
    if (delta.reasoning_content) openedReasoning().addText(delta.reasoning_content);
    if (delta.thinking_blocks?.length) openedReasoning().addThinkingBlocks(delta.thinking_blocks);
    if (delta.extra_content) openedReasoning().addMessageExtra(delta.extra_content);
    for (const call of toolCalls) {
      if (call.extra_content) openedReasoning().addCallExtra(findCall(call).id, call.extra_content);
    }
  };

  return {
    push({ delta, logprobs: chatLogprobs }) {
      const toolCalls: readonly CallDelta[] = delta.tool_calls ?? [];
      const logprobs = toTokenLogprobs(chatLogprobs);
      const annotations = toUrlCitations(delta.annotations);
      pushState(delta, toolCalls);
      if (delta.content || (logprobs.length > 0 && message)) openedMessage().addText(delta.content ?? '', logprobs);
      if (delta.refusal) openedMessage().addRefusal(delta.refusal);
      if (annotations.length > 0) openedMessage().addAnnotations(annotations);
      for (const call of toolCalls) pushCall(call);
    },

    close(finish) {
      for (const call of calls.values()) openedCall(call);
      const isCut = finish === 'length' || finish === 'content_filter';
      if (!isCut && !message && calls.size === 0) openedMessage().addText('', []);
      const cut = isCut ? (items.findLast(({ type }) => type !== 'reasoning') ?? items.at(-1)) : undefined;
      for (const item of items) {
        if (!closed.has(item)) close(item, item === cut ? 'incomplete' : 'completed');
      }
    },

    get items() {
      return items.map((item) => closed.get(item) ?? item.read('incomplete'));
    },
  };
}
