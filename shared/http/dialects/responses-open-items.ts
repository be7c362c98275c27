import type { ThinkingBlock } from '../../contracts/chat-provider.ts';
import { type ExtraContent, encodeReasoningState } from './responses-state.ts';
import type {
  CustomToolCall,
  Emit,
  FunctionCall,
  ItemStatus,
  OutputItem,
  OutputMessage,
  OutputRefusal,
  OutputText,
  ReasoningItem,
  TokenLogprob,
  UrlCitation,
} from './responses-types.ts';

/** An item of the output while it grows. Each tells its own events; whoever opens and closes it keeps the order. */
export interface OpenItem {
  readonly type: OutputItem['type'];
  /** The item as it stands. */
  read(status: ItemStatus): OutputItem;
  /** Tells that the item and its parts are done. */
  close(status: ItemStatus): void;
}

export interface OpenItemOptions {
  readonly emit: Emit;
  readonly id: string;
  /** Position in the response's output. */
  readonly index: number;
}

export interface OpenReasoning extends OpenItem {
  addText(text: string): void;
  addThinkingBlocks(blocks: readonly ThinkingBlock[]): void;
  addCallExtra(callId: string, extra: ExtraContent): void;
  addMessageExtra(extra: ExtraContent): void;
}

export function openReasoning({ emit, id, index }: OpenItemOptions): OpenReasoning {
  const place = { item_id: id, output_index: index, summary_index: 0 };
  const thinkingBlocks: ThinkingBlock[] = [];
  const callExtras: Record<string, ExtraContent> = {};
  let messageExtra: ExtraContent | undefined;
  let text = '';

  const read = (status: ItemStatus): ReasoningItem => ({
    id,
    type: 'reasoning',
    status,
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
    ...(status === 'in_progress'
      ? {}
      : {
          encrypted_content: encodeReasoningState({
            thinkingBlocks,
            callExtras,
            ...(messageExtra === undefined ? {} : { messageExtra }),
          }),
        }),
  });

  emit('response.output_item.added', { output_index: index, item: read('in_progress') });
  return {
    type: 'reasoning',
    read,

    addText(delta) {
      if (text === '') {
        emit('response.reasoning_summary_part.added', { ...place, part: { type: 'summary_text', text: '' } });
      }
      text += delta;
      emit('response.reasoning_summary_text.delta', { ...place, delta });
    },

    addThinkingBlocks(blocks) {
      thinkingBlocks.push(...blocks);
    },

    addCallExtra(callId, extra) {
      callExtras[callId] = extra;
    },

    addMessageExtra(extra) {
      messageExtra = extra;
    },

    close(status) {
      if (text !== '') {
        emit('response.reasoning_summary_text.done', { ...place, text });
        emit('response.reasoning_summary_part.done', { ...place, part: { type: 'summary_text', text } });
      }
      emit('response.output_item.done', { output_index: index, item: read(status) });
    },
  };
}

export interface OpenMessage extends OpenItem {
  addText(text: string, logprobs: readonly TokenLogprob[]): void;
  addAnnotations(annotations: readonly UrlCitation[]): void;
  addRefusal(text: string): void;
}

interface TextPart {
  readonly place: object;
  text: string;
  readonly annotations: UrlCitation[];
  readonly logprobs: TokenLogprob[];
}

interface RefusalPart {
  readonly place: object;
  refusal: string;
}

/** The one message of an answer: a part with its text, or with a refusal, or one of each. */
export function openMessage({ emit, id, index }: OpenItemOptions): OpenMessage {
  const parts: (TextPart | RefusalPart)[] = [];
  let text: TextPart | undefined;
  let refusal: RefusalPart | undefined;

  const read = (status: ItemStatus): OutputMessage => ({
    id,
    type: 'message',
    status,
    role: 'assistant',
    content: parts.map(readPart),
  });
  const nextPlace = () => ({ item_id: id, output_index: index, content_index: parts.length });
  const add = <Part extends TextPart | RefusalPart>(part: Part): Part => {
    parts.push(part);
    emit('response.content_part.added', { ...part.place, part: readPart(part) });
    return part;
  };
  const textPart = (): TextPart => {
    text ??= add({ place: nextPlace(), text: '', annotations: [], logprobs: [] });
    return text;
  };

  emit('response.output_item.added', { output_index: index, item: read('in_progress') });
  return {
    type: 'message',
    read,

    addText(delta, logprobs) {
      const part = textPart();
      part.text += delta;
      part.logprobs.push(...logprobs);
      if (delta !== '') emit('response.output_text.delta', { ...part.place, delta, logprobs });
    },

    addAnnotations(annotations) {
      const part = textPart();
      for (const annotation of annotations) {
        const added = { annotation_index: part.annotations.length, annotation };
        part.annotations.push(annotation);
        emit('response.output_text.annotation.added', { ...part.place, ...added });
      }
    },

    addRefusal(delta) {
      refusal ??= add({ place: nextPlace(), refusal: '' });
      refusal.refusal += delta;
      emit('response.refusal.delta', { ...refusal.place, delta });
    },

    close(status) {
      for (const part of parts) {
        if ('text' in part) {
          emit('response.output_text.done', { ...part.place, text: part.text, logprobs: part.logprobs });
        } else emit('response.refusal.done', { ...part.place, refusal: part.refusal });
        emit('response.content_part.done', { ...part.place, part: readPart(part) });
      }
      emit('response.output_item.done', { output_index: index, item: read(status) });
    },
  };
}

function readPart(part: TextPart | RefusalPart): OutputText | OutputRefusal {
  if (!('text' in part)) return { type: 'refusal', refusal: part.refusal };
  const { text, annotations, logprobs } = part;
  return { type: 'output_text', text, annotations: [...annotations], logprobs: [...logprobs] };
}

export interface OpenCall extends OpenItem {
  addText(text: string): void;
}

/** A call of a function, or of a tool that takes free text. */
export function openCall(
  { emit, id, index }: OpenItemOptions,
  { callId, name, isCustom }: { readonly callId: string; readonly name: string; readonly isCustom: boolean },
): OpenCall {
  const place = { item_id: id, output_index: index };
  const prefix = isCustom ? 'response.custom_tool_call_input' : 'response.function_call_arguments';
  let text = '';

  const read = (status: ItemStatus): FunctionCall | CustomToolCall =>
    isCustom
      ? { id, type: 'custom_tool_call', status, call_id: callId, name, input: text }
      : { id, type: 'function_call', status, call_id: callId, name, arguments: text };

  emit('response.output_item.added', { output_index: index, item: read('in_progress') });
  return {
    type: isCustom ? 'custom_tool_call' : 'function_call',
    read,

    addText(delta) {
      if (delta === '') return;
      text += delta;
      emit(`${prefix}.delta`, { ...place, delta });
    },

    close(status) {
      emit(`${prefix}.done`, { ...place, ...(isCustom ? { input: text } : { name, arguments: text }) });
      emit('response.output_item.done', { output_index: index, item: read(status) });
    },
  };
}
