import { randomUUID } from 'node:crypto';
import { AppError } from '../contracts/app-error.ts';
import type { ChatChunk, ChatEvent } from '../contracts/chat-provider.ts';
import { findErrorInBody, toErrorInBody } from './error-in-body.ts';
import { toFinishReason } from './openai-finish.ts';
import { cutNulls, hasPlainFields, parseBody, toPlainFields } from './openai-json.ts';
import { type DeltaSource, readDelta, readToolCalls, toLogprobs, toPlainMessage } from './openai-message.ts';
import { createToolCallTracker, type ToolCallTracker } from './openai-tool-calls.ts';
import { isFields, toUsage } from './openai-usage.ts';
import type { TextPattern } from './text-run.ts';
import { findTemplate, GAP_TEXT, toProbe } from './text-template.ts';

type Fields = Readonly<Record<string, unknown>>;

interface ChoiceState {
  readonly tools: ToolCallTracker;
  started: boolean;
  /** Where the vendor puts what the choice says; known with the first output. */
  source?: DeltaSource;
  /** The vendor's last word for its end; empty while there is none. */
  reason: string;
}

export interface AnswerOptions {
  readonly provider: string;
  /** Name of the model when the vendor does not say. */
  readonly model: string;
  /** The vendor leaves reasoning tokens out of `completion_tokens`. */
  readonly addReasoning?: boolean;
  /** The caller uses OpenAI's older function interface. */
  readonly usesFunctions?: boolean;
}

export interface ChunkNormalizer {
  /** The vendor has finished every choice; usage may still come. */
  readonly complete: boolean;
  /** Set once an event held text and nothing else, and can be forwarded as it is, but for nulls. */
  readonly pattern: TextPattern | undefined;
  /** The events that the `data` of one server-sent event becomes; often one, sometimes none. */
  push(json: string): ChatEvent[];
  /** The finish of every choice, and usage. @throws AppError when the vendor's terminal event never came. */
  end(): ChatEvent[];
}

/** Where the text begins in an event that holds text alone, and OpenAI's padding, which hides how long the text is. */
const TEXT_OPENING = '"delta":{"content":"';
const PADDING_OPENING = '"obfuscation":"';
/** A vendor whose events differ in more than that is read event by event. */
const MOST_LESSONS = 4;

/** Delta fields that may be forwarded as they are when they hold text. A role comes once, with the first chunk. */
const PLAIN_DELTA: ReadonlySet<string> = new Set(['content', 'refusal', 'reasoning_content']);

/**
 * Turns the chunks of an OpenAI-compatible vendor into the stream OpenAI promises: one id, one created and one model,
 * the role first, integer indices, one finish reason per choice, tool-call arguments that parse, and usage on one last
 * event of its own. A chunk that is so already passes with its original text. The finish is held until the body has
 * ended, because vendors repeat it, and some send more after it.
 */
export function createChunkNormalizer(options: AnswerOptions): ChunkNormalizer {
  const { provider, model, addReasoning = false, usesFunctions = false } = options;
  const choices = new Map<number, ChoiceState>();
  let head: { id: string; created: number; model: string } | undefined;
  let usage: Fields | undefined;
  let rest: Record<string, unknown> = {};
  let lessons = MOST_LESSONS;
  let pattern: TextPattern | undefined;

  const choiceState = (index: number): ChoiceState => {
    let state = choices.get(index);
    if (!state) {
      state = { tools: createToolCallTracker(provider), started: false, reason: '' };
      choices.set(index, state);
    }
    return state;
  };

  const toChunk = (fields: Fields, chunkChoices: ChatChunk['choices']): ChatChunk =>
    ({ ...fields, ...head, object: 'chat.completion.chunk', choices: chunkChoices }) as ChatChunk;

  const isPlain = (chunk: Fields): boolean => {
    if (chunk.id !== head?.id || chunk.created !== head?.created || chunk.model !== head?.model) return false;
    if (chunk.object !== 'chat.completion.chunk' || (chunk.usage !== undefined && chunk.usage !== null)) return false;
    if (!hasPlainFields(chunk) || !Array.isArray(chunk.choices)) return false;
    const choice: unknown = chunk.choices.length === 1 ? chunk.choices[0] : undefined;
    if (!isFields(choice) || !isFields(choice.delta) || typeof choice.index !== 'number') return false;
    if (choice.finish_reason !== null || (choice.logprobs !== null && choice.logprobs !== undefined)) return false;
    const state = choices.get(choice.index);
    if (!state?.started || choice.error) return false;
    for (const [field, value] of Object.entries(choice.delta)) {
      if (typeof value !== 'string' || !PLAIN_DELTA.has(field)) return false;
    }
    state.source ??= 'delta';
    return true;
  };

  /** Learns from a plain event how the next ones will look. Proven by reading what stands around its text once more. */
  const learn = (json: string): void => {
    lessons -= 1;
    const comes = lessons < 0 ? undefined : findTemplate(json, TEXT_OPENING, PADDING_OPENING);
    if (comes === undefined) return;
    const probe = toProbe(comes);
    const chunk = parseBody(probe, provider);
    if (!isPlain(chunk) || findErrorInBody(chunk) !== undefined) return;
    const { index, delta } = (chunk as unknown as ChatChunk).choices[0] as ChatChunk['choices'][number];
    if (index !== 0 || Object.keys(delta).length !== 1 || delta.content !== GAP_TEXT) return;
    const goes = findTemplate(cutNulls(chunk, probe) ?? '', TEXT_OPENING, PADDING_OPENING);
    if (goes?.length === comes.length) pattern = { comes, goes };
  };

  const normalizeChoice = (choice: Fields, into: ChatEvent[]): void => {
    if (choice.error) throw toErrorInBody(provider, choice.error, JSON.stringify({ error: choice.error }));
    const index = Number.isInteger(choice.index) ? (choice.index as number) : 0;
    const state = choiceState(index);
    const { source, delta: vendorDelta } = readDelta(choice, state.source);
    const fields = toPlainMessage(vendorDelta);
    const role = state.started ? {} : { role: 'assistant' };
    const toolCalls = state.tools.push(readToolCalls(vendorDelta));
    if (toolCalls.length > 0 || Object.values(fields).some((value) => value !== null && value !== '')) {
      state.source ??= source;
    }
    const reason = typeof choice.finish_reason === 'string' ? choice.finish_reason : '';
    if (reason !== '') {
      // Throws for a word that is no end.
      toFinishReason(reason, { provider, calledTool: false, usesFunctions });
      state.reason = reason;
    }
    const logprobs = toLogprobs(choice.logprobs);
    const isEnding = state.started || reason !== '';
    const hasFields = Object.values(fields).some((value) => value !== null && (value !== '' || reason === ''));
    if (isEnding && !hasFields && toolCalls.length === 0 && logprobs === null) return;
    state.started = true;
    const delta = { ...role, ...fields, ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}) };
    into.push({
      chunk: toChunk(rest, [{ index, delta, logprobs, finish_reason: null } as ChatChunk['choices'][number]]),
    });
  };

  const finishChoice = ([index, state]: [number, ChoiceState]): ChatEvent => {
    const toolCalls = state.tools.end();
    const calledTool = state.tools.count > 0;
    const delta = {
      ...(state.started ? {} : { role: 'assistant' as const }),
      ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
    };
    const finish_reason = toFinishReason(state.reason, { provider, calledTool, usesFunctions });
    return { chunk: toChunk(rest, [{ index, delta, logprobs: null, finish_reason }]) };
  };

  const isComplete = (): boolean => choices.size > 0 && [...choices.values()].every(({ reason }) => reason !== '');

  /** Usage stands on the chunk; Groq keeps it in a field of its own and Moonshot on the choice. The last one counts. */
  const readUsage = (chunk: Fields, vendorChoices: readonly Fields[]): void => {
    const aside = isFields(chunk.x_groq) ? chunk.x_groq.usage : vendorChoices[0]?.usage;
    for (const found of [aside, chunk.usage]) {
      if (isFields(found)) usage = { ...usage, ...toPlainFields(found) };
    }
  };

  return {
    get complete() {
      return isComplete();
    },

    get pattern() {
      return pattern;
    },

    push(json) {
      const chunk = parseBody(json, provider);
      const error = findErrorInBody(chunk);
      if (error !== undefined) throw toErrorInBody(provider, error, json);
      if (isPlain(chunk)) {
        // Data of several lines would be torn apart when it is sent on as one.
        const text = json.includes('\n') ? undefined : cutNulls(chunk, json);
        if (text !== undefined) {
          learn(json);
          return [{ chunk: chunk as unknown as ChatChunk, json: text }];
        }
      }
      const { choices: vendorChoices, usage: _usage, error: _error, ...others } = chunk;
      const list = Array.isArray(vendorChoices) ? vendorChoices.filter(isFields) : [];
      readUsage(chunk, list);
      // Without a choice it is metadata, such as Azure's verdict on the prompt, which has neither id nor model.
      if (list.length === 0) return [];
      head ??= {
        id: typeof chunk.id === 'string' && chunk.id !== '' ? chunk.id : `chatcmpl-${randomUUID()}`,
        created: toSeconds(chunk.created),
        model: typeof chunk.model === 'string' && chunk.model !== '' ? chunk.model : model,
      };
      rest = toPlainFields(others);
      const events: ChatEvent[] = [];
      for (const choice of list) normalizeChoice(choice, events);
      return events;
    },

    end() {
      if (!isComplete()) {
        throw new AppError('server_error', `The stream of ${provider} was interrupted before its end.`);
      }
      const events = [...choices].map(finishChoice);
      if (!usage) return events;
      const { system_fingerprint, service_tier } = rest;
      const fields = toPlainFields({ system_fingerprint, service_tier });
      return [...events, { chunk: { ...toChunk(fields, []), usage: toUsage(usage, { addReasoning }) } }];
    },
  };
}

/** A vendor's time of creation in whole seconds; now when there is none. */
export function toSeconds(created: unknown): number {
  return Math.floor(typeof created === 'number' && Number.isFinite(created) ? created : Date.now() / 1000);
}
