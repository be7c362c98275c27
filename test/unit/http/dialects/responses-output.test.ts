import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent, FinishReason, ThinkingBlock } from '../../../../shared/contracts/chat-provider.ts';
import { toChatBody } from '../../../../shared/http/dialects/responses-request.ts';
import {
  type Delta,
  finalResponse,
  parseBody,
  type ResponseObject,
  readEvents,
  type ServerEvent,
  toDeltaEvent,
  toResult,
  writePieces,
  writeResponse,
} from './responses-support.ts';

/** One step of a model's answer. Calls are numbered; a step for a call that has not begun begins it. */
type Step =
  | { readonly kind: 'text' | 'refusal' | 'reasoning'; readonly text: string }
  | { readonly kind: 'thinking'; readonly block: ThinkingBlock }
  | { readonly kind: 'call'; readonly call: number; readonly text: string; readonly signature: string | undefined }
  | { readonly kind: 'custom'; readonly call: number; readonly text: string };

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('text' as const, 'text' as const, 'reasoning' as const, 'refusal' as const),
    text,
  }),
  fc.record({
    kind: fc.constant('thinking' as const),
    block: fc.record({ type: fc.constant('thinking' as const), thinking: text, signature: text }),
  }),
  fc.record({
    kind: fc.constant('call' as const),
    call: fc.nat(2),
    text,
    signature: fc.option(text, { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('custom' as const), call: fc.integer({ min: 3, max: 4 }), text }),
);
const steps = fc.array(step, { maxLength: 25 });
const finish = fc.constantFrom<FinishReason>('stop', 'length', 'tool_calls', 'content_filter');

interface Answer {
  readonly events: readonly ChatEvent[];
  readonly message: Parameters<typeof toResult>[0];
}

/** The steps as a provider would stream them, and as it would answer at once. */
function toAnswer(script: readonly Step[], reason: FinishReason): Answer {
  const calls = new Map<number, { index: number; text: string; extra: Record<string, unknown> | undefined }>();
  const blocks: ThinkingBlock[] = [];
  const texts = { text: '', refusal: '', reasoning: '' };
  const deltas = script.map((next): Delta => {
    switch (next.kind) {
      case 'text':
        texts.text += next.text;
        return { content: next.text };
      case 'refusal':
        texts.refusal += next.text;
        return { refusal: next.text };
      case 'reasoning':
        texts.reasoning += next.text;
        return { reasoning_content: next.text };
      case 'thinking':
        blocks.push(next.block);
        return { thinking_blocks: [next.block] };
      default: {
        const isCustom = next.kind === 'custom';
        const known = calls.get(next.call);
        const call = known ?? { index: calls.size, text: '', extra: undefined };
        calls.set(next.call, call);
        call.text += next.text;
        const signature = next.kind === 'call' ? next.signature : undefined;
        if (signature !== undefined) call.extra = { google: { thought_signature: signature } };
        const naming = known ? {} : { name: `tool_${next.call}` };
        return {
          tool_calls: [
            {
              index: call.index,
              ...(known ? {} : { id: `call_${next.call}`, type: isCustom ? 'custom' : 'function' }),
              ...(isCustom
                ? { custom: { ...naming, input: next.text } }
                : { function: { ...naming, arguments: next.text } }),
              ...(signature === undefined ? {} : { extra_content: call.extra }),
            } as never,
          ],
        };
      }
    }
  });
  const toolCalls = [...calls].map(([number, { text: input, extra }]) =>
    number > 2
      ? { id: `call_${number}`, type: 'custom' as const, custom: { name: `tool_${number}`, input } }
      : {
          id: `call_${number}`,
          type: 'function' as const,
          function: { name: `tool_${number}`, arguments: input },
          ...(extra === undefined ? {} : { extra_content: extra }),
        },
  );
  return {
    events: [...deltas.map((delta) => toDeltaEvent(delta)), toDeltaEvent({}, { finish_reason: reason })],
    message: {
      content: texts.text === '' ? null : texts.text,
      refusal: texts.refusal === '' ? null : texts.refusal,
      ...(texts.reasoning === '' ? {} : { reasoning_content: texts.reasoning }),
      ...(blocks.length === 0 ? {} : { thinking_blocks: blocks }),
      ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
    },
  };
}

/** The events in batches, cut where the numbers say. */
function toBatches(events: readonly ChatEvent[], cuts: readonly number[]): ChatEvent[][] {
  const batches: ChatEvent[][] = [];
  let rest = [...events];
  for (const cut of cuts) {
    if (rest.length === 0) break;
    batches.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  return rest.length === 0 ? batches : [...batches, rest];
}

const DELTAS: Readonly<Record<string, string>> = {
  'response.output_text.delta': 'response.output_text.done',
  'response.refusal.delta': 'response.refusal.done',
  'response.reasoning_summary_text.delta': 'response.reasoning_summary_text.done',
  'response.function_call_arguments.delta': 'response.function_call_arguments.done',
  'response.custom_tool_call_input.delta': 'response.custom_tool_call_input.done',
};

/** Texts by their place: what the deltas add up to, and what the done events say. */
function readTexts(events: readonly ServerEvent[]) {
  const added = new Map<string, string>();
  const done = new Map<string, unknown>();
  for (const event of events) {
    const place = (type: string) => `${event.item_id} ${event.output_index} ${event.content_index} ${type}`;
    const doneType = DELTAS[event.type];
    if (doneType !== undefined) {
      added.set(place(doneType), (added.get(place(doneType)) ?? '') + String(event.delta));
    } else if (Object.values(DELTAS).includes(event.type)) {
      const whole = event.text ?? event.refusal ?? event.arguments ?? event.input;
      if (whole !== '') done.set(place(event.type), whole);
    }
  }
  return { added, done };
}

/** The message as the inside sees it when the output comes back; parts of the content in one order. */
function readBack({ output }: ResponseObject) {
  const { messages } = toChatBody(parseBody({ input: [{ role: 'user', content: 'x' }, ...output] }));
  const message = messages[1];
  if (message?.role !== 'assistant' || !Array.isArray(message.content)) return messages;
  return { ...message, content: message.content.toSorted((one, other) => one.type.localeCompare(other.type)) };
}

describe('the output of a response, for any order of deltas', () => {
  it('says in its done events what its deltas add up to', async () => {
    await fc.assert(
      fc.asyncProperty(steps, finish, async (script, reason) => {
        const events = readEvents((await writePieces([toAnswer(script, reason).events])).join(''));
        const { added, done } = readTexts(events);
        expect(added).toEqual(done);
      }),
    );
  });

  it('opens each item once, in the order of the output, and closes it as it stands in the response', async () => {
    await fc.assert(
      fc.asyncProperty(steps, finish, async (script, reason) => {
        const events = readEvents((await writePieces([toAnswer(script, reason).events])).join(''));
        const { output } = finalResponse(events);
        const added = events.filter(({ type }) => type === 'response.output_item.added');
        const done = events.filter(({ type }) => type === 'response.output_item.done');
        expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
        expect(added.map(({ output_index }) => output_index)).toEqual(output.map((_, index) => index));
        expect(added.map(({ item }) => (item as { id: string }).id)).toEqual(output.map(({ id }) => id));
        expect(done).toHaveLength(output.length);
        for (const { item, output_index } of done) expect(item).toEqual(output[output_index as number]);
        expect(new Set(output.map(({ id }) => id)).size).toBe(output.length);
      }),
    );
  });

  it('is the same however the events are batched', async () => {
    await fc.assert(
      fc.asyncProperty(steps, finish, fc.array(fc.integer({ min: 1, max: 4 })), async (script, reason, cuts) => {
        const { events } = toAnswer(script, reason);
        const cut = await writePieces(toBatches(events, cuts));
        expect(cut.join('')).toBe((await writePieces([events])).join(''));
      }),
    );
  });

  it('comes back as the same message whether it was streamed or not', async () => {
    await fc.assert(
      fc.asyncProperty(steps, finish, async (script, reason) => {
        const { events, message } = toAnswer(script, reason);
        const streamed = finalResponse(readEvents((await writePieces([events])).join('')));
        const whole = writeResponse(toResult(message, reason));
        expect(streamed.status).toBe(whole.status);
        expect(readBack(streamed)).toEqual(readBack(whole));
      }),
    );
  });

  it('is the same response when reasoning, text and calls come one after the other', async () => {
    const order = ['reasoning', 'thinking', 'text', 'refusal', 'call', 'custom'];
    await fc.assert(
      fc.asyncProperty(steps, finish, async (script, reason) => {
        const plain = script.map((next) => (next.kind === 'call' ? { ...next, signature: undefined } : next));
        const sorted = plain.toSorted((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
        const { events, message } = toAnswer(sorted, reason);
        const streamed = finalResponse(readEvents((await writePieces([events])).join('')));
        const { usage: _usage, ...whole } = writeResponse(toResult(message, reason));
        expect(streamed).toEqual(whole);
      }),
    );
  });
});
