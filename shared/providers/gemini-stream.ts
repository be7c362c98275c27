import { AppError } from '../contracts/app-error.ts';
import type { ChatChunk, ChatChunkChoice, ChatEvent } from '../contracts/chat-provider.ts';
import { type AnswerOptions, parseAnswer, toCandidates, toHead } from './gemini-answer.ts';
import { toAnnotations } from './gemini-citations.ts';
import { isFailure, toFailure, toFinishReason } from './gemini-finish.ts';
import { toLogprobs } from './gemini-logprobs.ts';
import { readParts } from './gemini-parts.ts';
import { toExtraContent } from './gemini-signature.ts';
import type { GeminiCandidate, GeminiUsage } from './gemini-types.ts';
import { mergeUsage, toUsage } from './gemini-usage.ts';
import { type ChunkNormalizer, createChunkNormalizer } from './openai-stream.ts';

interface ChoiceState {
  readonly callIds: Set<string>;
  readonly texts: string[];
  started: boolean;
  /** Text, a call or an image; thoughts alone are no answer. */
  hasAnswer: boolean;
  finishReason?: string;
  grounding?: GeminiCandidate['groundingMetadata'];
}

export interface GeminiStreamReader {
  /** Every choice has its finish; more may still come. */
  readonly complete: boolean;
  /** The events that the `data` of one server-sent event becomes; often one, sometimes none. */
  push(json: string): ChatEvent[];
  /** The finish of every choice and the usage. @throws AppError when the vendor's end never came, or nothing but it. */
  end(): ChatEvent[];
}

/**
 * Turns the events of `streamGenerateContent` into OpenAI's stream. The vendor repeats `STOP` on every event, or sends
 * more after it, so that the finish is held until the body has ended; sources and usage come with it, complete.
 */
export function createGeminiStreamReader(options: AnswerOptions): GeminiStreamReader {
  const choices = new Map<number, ChoiceState>();
  let head: ReturnType<typeof toHead> | undefined;
  let usage: GeminiUsage | undefined;
  let compatible: ChunkNormalizer | undefined;

  const isComplete = (): boolean =>
    compatible?.complete ??
    (choices.size > 0 && [...choices.values()].every((state) => state.finishReason !== undefined));

  const stateOf = (index: number): ChoiceState => {
    let state = choices.get(index);
    if (!state) {
      state = { callIds: new Set(), texts: [], started: false, hasAnswer: false };
      choices.set(index, state);
    }
    return state;
  };

  const toChunk = (chunkChoices: ChatChunk['choices']): ChatChunk => ({
    ...(head as NonNullable<typeof head>),
    object: 'chat.completion.chunk',
    choices: chunkChoices,
  });

  const toEvent = (index: number, state: ChoiceState, fields: Partial<ChatChunkChoice>): ChatEvent => {
    const role = state.started ? {} : { role: 'assistant' as const };
    state.started = true;
    const { delta, ...rest } = fields;
    return {
      chunk: toChunk([{ index, delta: { ...role, ...delta }, logprobs: null, finish_reason: null, ...rest }]),
    };
  };

  const readCandidate = (candidate: GeminiCandidate, position: number): ChatEvent[] => {
    const index = Number.isInteger(candidate.index) ? (candidate.index as number) : position;
    const state = stateOf(index);
    if (candidate.finishReason) state.finishReason = candidate.finishReason;
    if (candidate.groundingMetadata?.groundingChunks) state.grounding = candidate.groundingMetadata;
    const known = state.callIds.size;
    const { text, reasoning, calls, images, signature } = readParts(candidate.content?.parts, {
      provider: options.provider,
      knownIds: state.callIds,
    });
    if (text !== '') state.texts.push(text);
    state.hasAnswer ||= text !== '' || calls.length > 0 || images.length > 0;
    const logprobs = toLogprobs(candidate.logprobsResult);
    const delta = {
      ...(text === '' ? {} : { content: text }),
      ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
      ...(calls.length > 0 ? { tool_calls: calls.map((call, offset) => ({ index: known + offset, ...call })) } : {}),
      ...(images.length > 0 ? { images } : {}),
      ...(signature === undefined ? {} : toExtraContent(signature)),
    };
    return Object.keys(delta).length === 0 && !logprobs ? [] : [toEvent(index, state, { delta, logprobs })];
  };

  const finish = (index: number, state: ChoiceState): ChatEvent => {
    const annotations = toAnnotations(state.grounding, [state.texts.join('')]);
    return toEvent(index, state, {
      delta: annotations.length > 0 ? { annotations } : {},
      finish_reason: toFinishReason(state.finishReason, state.callIds.size > 0),
    });
  };

  return {
    get complete() {
      return isComplete();
    },

    push(json) {
      const answer = parseAnswer(json, options.provider);
      // As for whole answers: Google's OpenAI-compatible surface, and proxies that put one before Gemini.
      if (compatible || Array.isArray(answer.choices)) {
        compatible ??= createChunkNormalizer(options);
        return compatible.push(json);
      }
      head ??= toHead(answer, options);
      if (answer.usageMetadata) usage = mergeUsage(usage, answer.usageMetadata);
      // A blocked prompt has no candidates; it ends like one that was filtered.
      if (answer.promptFeedback?.blockReason && toCandidates(answer).length === 0) stateOf(0).finishReason ??= 'SAFETY';
      return toCandidates(answer).flatMap((candidate, position) =>
        candidate ? readCandidate(candidate, position) : [],
      );
    },

    end() {
      if (compatible) return compatible.end();
      if (!isComplete()) {
        throw new AppError('server_error', `The stream of ${options.provider} was interrupted before its end.`);
      }
      const states = [...choices.values()];
      if (states.every((state) => !state.hasAnswer && isFailure(state.finishReason))) {
        throw toFailure(options.provider, states[0]?.finishReason);
      }
      const events = [...choices].map(([index, state]) => finish(index, state));
      return usage ? [...events, { chunk: { ...toChunk([]), usage: toUsage(usage) } }] : events;
    },
  };
}
