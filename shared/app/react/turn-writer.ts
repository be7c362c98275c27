import { AppError } from '../../contracts/app-error.ts';
import type { ChatChoice, ChatChunk, ChatChunkChoice, ChatEvent } from '../../contracts/chat-provider.ts';
import { moveAnnotations, TURN_BREAK } from './join-turns.ts';
import { createMessageBuilder, type MessageBuilder } from './message-builder.ts';
import type { OfferedTools } from './offered-tools.ts';
import type { Usage } from './react-types.ts';

type Delta = ChatChunkChoice['delta'];
type CallDelta = NonNullable<Delta['tool_calls']>[number];
type Finish = ChatChoice['finish_reason'];

/** Several streams as one. */
export interface TurnWriter {
  /** What follows belongs to the next turn. Text that was held of the one before is thrown away. */
  beginTurn(): void;
  /** What of a turn's event the caller gets at once; often the event itself. */
  push(event: ChatEvent): readonly ChatEvent[];
  /** The turn that has ended, whole. @throws AppError `server_error` when it has no finish. */
  endTurn(): { readonly choice: ChatChoice; readonly usage: Usage | undefined };
  /** The end of the stream: text that was held, the finish, the usage of all turns. */
  finish(reason: Finish, usage: Usage | undefined): readonly ChatEvent[];
}

/** A call while it streams: whose it is shows with its name. */
interface OpenCall {
  isTheirs?: boolean;
  /** Its index among the calls the caller gets. */
  index: number;
  readonly waiting: CallDelta[];
}

interface Turn {
  readonly number: number;
  readonly builder: MessageBuilder;
  readonly calls: Map<number, OpenCall>;
  /** Text of a turn that may yet turn out not to be the answer. */
  readonly held: Pick<ChatChunkChoice, 'delta' | 'logprobs'>[];
  finish: Finish | null;
  usage: Usage | undefined;
  hasText: boolean;
  hasReasoning: boolean;
  theirCalls: number;
  /** Where its text begins in the whole. */
  offset: number;
}

/**
 * Forwards text, thinking and calls of the caller's tools as they come; calls of ours stay inside. The stream has the
 * first turn's id, time and model throughout, one role, and a blank line between the texts of two turns.
 *
 * @param isJson text is held until its turn turns out to be the answer: only that one's may be parsed.
 */
export function createTurnWriter(offered: OfferedTools, isJson: boolean): TurnWriter {
  let turn = newTurn(0, 0);
  let head: Pick<ChatChunk, 'id' | 'created' | 'model'> | undefined;
  let rest: Partial<ChatChunk> = {};
  let hasRole = false;
  let textLength = 0;
  let hasReasoning = false;

  const toChunk = (choices: ChatChunkChoice[]): ChatChunk =>
    ({ ...rest, ...head, object: 'chat.completion.chunk', choices }) as ChatChunk;

  const toEvent = ({ delta, ...others }: Partial<ChatChunkChoice>): ChatEvent => {
    const role = hasRole ? {} : { role: 'assistant' as const };
    hasRole = true;
    return {
      chunk: toChunk([{ index: 0, delta: { ...role, ...delta }, logprobs: null, finish_reason: null, ...others }]),
    };
  };

  const callOf = (index: number): OpenCall => {
    let call = turn.calls.get(index);
    if (!call) {
      call = { index: 0, waiting: [] };
      turn.calls.set(index, call);
    }
    return call;
  };

  /** The fragments that belong to calls of the caller's tools, counted anew. */
  const toTheirs = (fragments: readonly CallDelta[]): CallDelta[] =>
    fragments.flatMap((fragment) => {
      const call = callOf(fragment.index);
      const name = nameOf(fragment);
      if (call.isTheirs === undefined && name !== '') {
        call.isTheirs = offered.ownerOf(name) === 'caller';
        call.index = turn.theirCalls;
        if (call.isTheirs) turn.theirCalls += 1;
      }
      call.waiting.push(fragment);
      if (call.isTheirs === undefined) return [];
      const known = call.waiting.splice(0);
      return call.isTheirs ? known.map((each) => ({ ...each, index: call.index })) : [];
    });

  const addText = (text: string): string => {
    const gap = !turn.hasText && textLength > 0 && !isJson ? TURN_BREAK : '';
    if (!turn.hasText) turn.offset += gap.length;
    turn.hasText = true;
    textLength += gap.length + text.length;
    return gap + text;
  };

  const addReasoning = (text: string): string => {
    const gap = !turn.hasReasoning && hasReasoning ? TURN_BREAK : '';
    turn.hasReasoning = true;
    hasReasoning = true;
    return gap + text;
  };

  const release = (): ChatEvent[] => turn.held.splice(0).map(toEvent);

  const forward = ({ delta, logprobs = null }: ChatChunkChoice): ChatEvent[] => {
    const { role: _role, content, reasoning_content: reasoning, annotations, tool_calls: fragments, ...others } = delta;
    const text: Delta = {
      ...(content ? { content: addText(content) } : {}),
      ...(annotations?.length ? { annotations: moveAnnotations(annotations, turn.offset) } : {}),
    };
    const calls = toTheirs(fragments ?? []);
    const live: Delta = {
      ...withoutEmpty(others),
      ...(reasoning ? { reasoning_content: addReasoning(reasoning) } : {}),
      ...(isJson ? {} : text),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    };
    if (isJson && (logprobs || Object.keys(text).length > 0)) turn.held.push({ delta: text, logprobs });
    const liveLogprobs = isJson ? null : logprobs;
    // A role that opens the stream goes out even when there is nothing else yet.
    const isEmpty = hasRole && !liveLogprobs && Object.keys(live).length === 0;
    // A turn that calls a tool of the caller is the answer.
    const released = calls.length > 0 ? release() : [];
    return isEmpty ? released : [...released, toEvent({ delta: live, logprobs: liveLogprobs })];
  };

  /** An event of the first turn that is as it must be already. */
  const isPlain = ({ delta, finish_reason: finish }: ChatChunkChoice): boolean =>
    turn.number === 1 && !isJson && !finish && !delta.tool_calls && (hasRole || delta.role !== undefined);

  return {
    beginTurn() {
      turn = newTurn(turn.number + 1, isJson ? 0 : textLength);
    },

    push(event) {
      const { choices, usage, ...fields } = event.chunk;
      if (usage) turn.usage = usage;
      const choice = choices.find(({ index }) => index === 0);
      if (!choice) return [];
      head ??= { id: fields.id, created: fields.created, model: fields.model };
      rest = fields;
      turn.builder.push(choice.delta);
      turn.finish = choice.finish_reason ?? turn.finish;
      if (usage || !isPlain(choice)) return forward(choice);
      hasRole = true;
      if (choice.delta.content) addText(choice.delta.content);
      if (choice.delta.reasoning_content) addReasoning(choice.delta.reasoning_content);
      return [event];
    },

    endTurn() {
      const { builder, finish, usage } = turn;
      if (finish === null) throw new AppError('server_error', 'The provider ended its stream without a finish.');
      return { choice: { index: 0, message: builder.build(), logprobs: null, finish_reason: finish }, usage };
    },

    finish(reason, usage) {
      const events = [...release(), toEvent({ finish_reason: reason })];
      return usage ? [...events, { chunk: { ...toChunk([]), usage } }] : events;
    },
  };
}

function newTurn(number: number, offset: number): Turn {
  return {
    number,
    builder: createMessageBuilder(),
    calls: new Map(),
    held: [],
    finish: null,
    usage: undefined,
    hasText: false,
    hasReasoning: false,
    theirCalls: 0,
    offset,
  };
}

function nameOf(fragment: CallDelta): string {
  const { function: called, custom } = fragment as CallDelta & { custom?: { name?: string } };
  return called?.name || custom?.name || '';
}

function withoutEmpty(delta: Delta): Delta {
  return Object.fromEntries(Object.entries(delta).filter(([, value]) => value !== null && value !== '')) as Delta;
}
