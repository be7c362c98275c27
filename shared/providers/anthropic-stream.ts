import { randomUUID } from 'node:crypto';
import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '../contracts/app-error.ts';
import type { ChatChunk, ChatChunkChoice, ChatEvent, FinishReason } from '../contracts/chat-provider.ts';
import {
  type LooseMessagesUsage,
  type LooseStop,
  toFinishReason,
  toStopSequence,
  toText,
  toUsage,
} from './anthropic-answer.ts';
import type { AnswerOptions } from './anthropic-completion.ts';
import { type BlockReader, createBlockReader } from './anthropic-stream-block.ts';
import { toErrorInBody } from './error-in-body.ts';
import type { ServerSentEvent } from './event-reader.ts';
import { parseJson } from './parse-json.ts';
import type { TextPattern } from './text-run.ts';
import { findTemplate, GAP_TEXT, toProbe } from './text-template.ts';

type Delta = ChatChunkChoice['delta'];

/** Events of later versions have other types and are passed over. */
interface LooseEvent {
  readonly type?: string;
  readonly index?: number;
  readonly message?: { readonly id?: string; readonly model?: string; readonly usage?: LooseMessagesUsage | null };
  readonly content_block?: Anthropic.ContentBlock;
  readonly delta?: Anthropic.RawContentBlockDelta & LooseStop;
  readonly usage?: LooseMessagesUsage | null;
  readonly error?: unknown;
}

/** Where the text begins in an event that holds text alone, and in the chunk it becomes. */
const TEXT_OPENING = '"text":"';
const CONTENT_OPENING = '"delta":{"content":"';
/** One for each block of text; beyond that, events are read one by one. */
const MOST_LESSONS = 64;

export interface MessageStreamReader {
  /** The vendor said that the message is complete; nothing of what follows counts. */
  readonly done: boolean;
  /** The vendor has said why it stopped, so that nothing of the answer is missing. */
  readonly complete: boolean;
  /** Of the text event that was read last, where the next ones may pass as it does. */
  readonly pattern: TextPattern | undefined;
  passed(textLength: number): void;
  /** What one server-sent event becomes; often one event, sometimes none. */
  push(event: ServerSentEvent): ChatEvent[];
  /** Finish and usage. @throws AppError `server_error` when the message was never completed. */
  end(): ChatEvent[];
}

/**
 * The events of a Messages stream (https://platform.claude.com/docs/en/build-with-claude/streaming) as chunks. Usage is
 * spread over `message_start` and `message_delta`: the last value of a field that is not null counts.
 *
 * `push` throws the vendor's error when an `error` event comes.
 */
export function createMessageStreamReader({ model, ...options }: AnswerOptions): MessageStreamReader {
  const blocks: BlockReader = createBlockReader(options);
  const created = Math.floor(Date.now() / 1000);
  let head: { id: string; model: string } | undefined;
  let usage: LooseMessagesUsage | undefined;
  let stop: LooseStop = {};
  let started = false;
  let done = false;
  let lessons = MOST_LESSONS;
  let pattern: TextPattern | undefined;

  const toChunk = (choices: ChatChunk['choices']): ChatChunk => {
    head ??= { id: `chatcmpl-${randomUUID()}`, model };
    return { id: head.id, object: 'chat.completion.chunk', created, model: head.model, choices };
  };

  const toEvent = (delta: Delta, finish: FinishReason | null = null): ChatEvent => {
    const led: Delta = started ? delta : { role: 'assistant', content: '', ...delta };
    started = true;
    const sequence = finish === null ? {} : toStopSequence(stop);
    return { chunk: toChunk([{ index: 0, delta: led, logprobs: null, finish_reason: finish, ...sequence }]) };
  };

  const addUsage = (later: LooseMessagesUsage | null | undefined): void => {
    if (!later) return;
    const known = Object.entries(later).filter(([, value]) => value !== null && value !== undefined);
    usage = { ...usage, ...Object.fromEntries(known) };
  };

  const read = (event: LooseEvent, type: string | undefined, json: string): readonly Delta[] => {
    switch (type) {
      case 'message_start':
        head ??= {
          id: toText(event.message?.id) || `chatcmpl-${randomUUID()}`,
          model: toText(event.message?.model) || model,
        };
        addUsage(event.message?.usage);
        return [];
      case 'content_block_start':
        return event.content_block ? blocks.start(event.index ?? 0, event.content_block) : [];
      case 'content_block_delta':
        return event.delta ? blocks.push(event.index ?? 0, event.delta) : [];
      case 'content_block_stop':
        return blocks.stop(event.index ?? 0);
      case 'message_delta':
        addUsage(event.usage);
        if (event.delta?.stop_reason) stop = event.delta;
        return [];
      case 'message_stop':
        done = true;
        return [];
      case 'error':
        throw toErrorInBody('anthropic', event.error, json);
      default:
        return [];
    }
  };

  /** Learns from an event of text how the next ones of its block will look. */
  const learn = (event: LooseEvent, json: string): void => {
    if (lessons === 0 || options.responseTool !== undefined || !started || !isTextAlone(event)) return;
    lessons -= 1;
    const comes = findTemplate(json, TEXT_OPENING);
    const chunk = toChunk([{ index: 0, delta: { content: GAP_TEXT }, logprobs: null, finish_reason: null }]);
    const goes = findTemplate(JSON.stringify(chunk), CONTENT_OPENING);
    // Proven by reading what stands around its text once more.
    if (comes === undefined || goes === undefined) return;
    const probe = parseEvent(toProbe(comes));
    if (isTextAlone(probe) && probe.index === event.index && probe.delta?.text === GAP_TEXT) pattern = { comes, goes };
  };

  return {
    get pattern() {
      return pattern;
    },

    passed: blocks.passed,

    get done() {
      return done;
    },

    get complete() {
      return done || Boolean(stop.stop_reason);
    },

    push({ event: name, data }) {
      const event = parseEvent(data);
      const events = read(event, event.type ?? name, data).map((delta) => toEvent(delta));
      if (events.length > 0) learn(event, data);
      return events;
    },

    end() {
      if (!done && !stop.stop_reason) {
        throw new AppError('server_error', 'The stream of anthropic was interrupted before its end.');
      }
      const events = blocks.end().map((delta) => toEvent(delta));
      events.push(toEvent({}, toFinishReason(stop.stop_reason, blocks.toolCalls > 0)));
      if (usage) events.push({ chunk: { ...toChunk([]), usage: toUsage(usage) } });
      return events;
    },
  };
}

/** A text delta with the fields it is documented with, and no other. */
function isTextAlone(event: LooseEvent): event is LooseEvent & { readonly delta: { readonly text: string } } {
  const { type, index, delta, ...others } = event;
  if (type !== 'content_block_delta' || typeof index !== 'number' || Object.keys(others).length > 0) return false;
  return delta?.type === 'text_delta' && typeof delta.text === 'string' && Object.keys(delta).length === 2;
}

function parseEvent(json: string): LooseEvent {
  const event = parseJson(json, 'anthropic');
  if (typeof event === 'object' && event !== null && !Array.isArray(event)) return event as LooseEvent;
  throw new AppError('server_error', 'anthropic sent an event that is not an object.');
}
