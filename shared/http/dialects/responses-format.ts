import { randomUUID } from 'node:crypto';
import { type ErrorCode, toAppError } from '../../contracts/app-error.ts';
import {
  type ChatChunk,
  type ChatChunkChoice,
  type ChatCompletion,
  eventsOf,
  type FinishReason,
} from '../../contracts/chat-provider.ts';
import { toErrorBody } from '../error-response.ts';
import type { ResponsesBody } from '../schemas/responses-schema.ts';
import type { AnswerFacts, AnswerFormat } from './answer-format.ts';
import { toEcho, toResponseUsage } from './responses-echo.ts';
import { createResponseOutput } from './responses-output.ts';
import type { Emit, ResponseOutcome, ResponseUsage } from './responses-types.ts';

export interface ResponsesFormatOptions {
  /** A new id that begins with the prefix and `_`. */
  readonly createId?: (prefix: string) => string;
  /** Time in milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * The Responses API: answers as a response object, streams as its events, each with its name and a number that counts
 * up; there is no `[DONE]`. A format belongs to one request: its error piece goes on where the stream broke.
 */
export function createResponsesFormat(body: ResponsesBody, options: ResponsesFormatOptions = {}): AnswerFormat {
  let pieces: PieceWriter | undefined;
  return {
    toJson({ completion }, facts) {
      const writer = createResponseWriter(body, { ...options, emit: () => {} });
      writer.push(toChunk(completion));
      return JSON.stringify(writer.finish(facts));
    },

    async *toPieces(stream, { onEvent, settle }) {
      const current = createPieceWriter(body, options);
      pieces = current;
      for await (const batch of stream) {
        for (const event of eventsOf(batch)) {
          onEvent(event);
          current.writer.push(event.chunk);
        }
        const piece = current.take();
        if (piece !== '') yield piece;
      }
      current.writer.finish(await settle());
      yield current.take();
    },

    toErrorPiece(error) {
      pieces ??= createPieceWriter(body, options);
      pieces.writer.fail(error);
      return pieces.take();
    },
  };
}

interface PieceWriter {
  readonly writer: ResponseWriter;
  readonly take: () => string;
}

/** A writer whose events gather as text until they are taken. */
function createPieceWriter(body: ResponsesBody, options: ResponsesFormatOptions): PieceWriter {
  let piece = '';
  let sequence = 0;
  const emit: Emit = (type, fields) => {
    piece += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence, ...fields })}\n\n`;
    sequence += 1;
  };
  return {
    writer: createResponseWriter(body, { ...options, emit }),
    take() {
      const taken = piece;
      piece = '';
      return taken;
    },
  };
}

interface ResponseHead {
  readonly id: string;
  readonly object: 'response';
  readonly created_at: number;
  readonly model: string;
}

interface ResponseWriter {
  push(chunk: ChatChunk): void;
  /** Tells the end, and gives the whole response. */
  finish(facts: AnswerFacts): object;
  /** Tells of a failure. */
  fail(cause: unknown): void;
}

/** One response, from its first chunk to its last event. */
function createResponseWriter(
  body: ResponsesBody,
  { emit, createId = randomId, now = Date.now }: ResponsesFormatOptions & { readonly emit: Emit },
): ResponseWriter {
  const output = createResponseOutput({ emit, createId });
  const echo = toEcho(body);
  const id = createId('resp');
  let head: ResponseHead | undefined;
  let finish: FinishReason | undefined;
  let usage: ResponseUsage | undefined;
  let serviceTier: string | undefined;

  const seconds = (): number => Math.floor(now() / 1000);
  const toHead = (chunk?: ChatChunk): ResponseHead => ({
    id,
    object: 'response',
    created_at: chunk?.created ?? seconds(),
    model: chunk?.model || body.model,
  });
  const toResponse = (outcome: ResponseOutcome): object => ({
    ...(head ?? toHead()),
    ...echo,
    ...(serviceTier === undefined ? {} : { service_tier: serviceTier }),
    ...outcome,
  });

  const begin = (chunk?: ChatChunk): void => {
    if (head) return;
    head = toHead(chunk);
    const response = toResponse({ status: 'in_progress', error: null, incomplete_details: null, output: [] });
    emit('response.created', { response });
    emit('response.in_progress', { response });
  };

  const close = (reason: FinishReason): void => {
    if (finish !== undefined) return;
    finish = reason;
    output.close(reason);
  };

  return {
    push(chunk) {
      begin(chunk);
      if (chunk.usage) usage = toResponseUsage(chunk.usage);
      serviceTier = chunk.service_tier ?? serviceTier;
      const choice = chunk.choices.find(({ index }) => index === 0);
      if (!choice || finish !== undefined) return;
      output.push(choice);
      if (choice.finish_reason) close(toFinish(choice.finish_reason));
    },

    finish(facts) {
      begin();
      close('stop');
      const reason = INCOMPLETE[finish ?? 'stop'];
      const status = reason === undefined ? 'completed' : 'incomplete';
      const response = toResponse({
        status,
        ...(reason === undefined ? { completed_at: seconds() } : {}),
        error: null,
        incomplete_details: reason === undefined ? null : { reason },
        output: output.items,
        ...(usage === undefined ? {} : { usage }),
        sluice: facts,
      });
      emit(`response.${status}`, { response });
      return response;
    },

    fail(cause) {
      const error = toAppError(cause);
      const { error: shown, sluice } = toErrorBody(error);
      const { code, message, param } = shown;
      // OpenAI documents the event flat and sends it nested; the official client throws on the nested form alone.
      emit('error', { code, message, param, error: shown, ...(sluice === undefined ? {} : { sluice }) });
      const response = toResponse({
        status: 'failed',
        error: { code: FAILURES[error.code] ?? 'server_error', message },
        incomplete_details: null,
        output: output.items,
        ...(usage === undefined ? {} : { usage }),
        ...(sluice === undefined ? {} : { sluice }),
      });
      emit('response.failed', { response });
    },
  };
}

const INCOMPLETE: Readonly<Partial<Record<FinishReason, 'max_output_tokens' | 'content_filter'>>> = {
  length: 'max_output_tokens',
  content_filter: 'content_filter',
};

/** A response's error has few codes; the event before it has ours. */
const FAILURES: Readonly<Partial<Record<ErrorCode, string>>> = {
  rate_limit: 'rate_limit_exceeded',
  quota_exceeded: 'rate_limit_exceeded',
  budget_exceeded: 'rate_limit_exceeded',
  invalid_request: 'invalid_prompt',
  unsupported: 'invalid_prompt',
  too_large: 'invalid_prompt',
  context_length_exceeded: 'invalid_prompt',
  content_filtered: 'invalid_prompt',
};

/** OpenAI's type still has the reason of its older function interface. */
function toFinish(reason: NonNullable<ChatChunkChoice['finish_reason']>): FinishReason {
  return reason === 'function_call' ? 'tool_calls' : reason;
}

/** A finished answer as the one chunk of a stream, so that both are read alike. */
function toChunk({ id, created, model, choices, usage, service_tier: tier }: ChatCompletion): ChatChunk {
  const choice = choices[0];
  return {
    id,
    created,
    model,
    object: 'chat.completion.chunk',
    choices: choice ? [toChunkChoice(choice)] : [],
    ...(usage === undefined ? {} : { usage }),
    ...(tier === undefined ? {} : { service_tier: tier }),
  };
}

function toChunkChoice({ message, finish_reason, logprobs }: ChatCompletion['choices'][number]): ChatChunkChoice {
  const { tool_calls: calls, ...fields } = message;
  const toolCalls = calls?.map((call, index) => ({ ...call, index }));
  const delta = { ...fields, ...(toolCalls === undefined ? {} : { tool_calls: toolCalls }) };
  return { index: 0, delta: delta as ChatChunkChoice['delta'], finish_reason, logprobs };
}

function randomId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '')}`;
}
