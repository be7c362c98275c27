import { ApiError } from './api-error.ts';
import type { Api } from './client.ts';
import { readEvents } from './event-stream.ts';
import type { AnswerFacts, ChatChunk, TokenUsage } from './wire.ts';

export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

export interface ChatQuestion {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly retrieval: boolean;
}

/** What one event adds to an answer. */
export interface ChatPiece {
  readonly text?: string;
  readonly reasoning?: string;
  readonly finishReason?: string;
  readonly usage?: TokenUsage;
  readonly facts?: AnswerFacts;
}

/** A streamed answer, piece by piece. @throws ApiError, or the signal's reason when it was stopped. */
export async function* askModel(api: Api, question: ChatQuestion, signal: AbortSignal): AsyncGenerator<ChatPiece> {
  const { model, messages, retrieval } = question;
  const response = await api.open(
    '/v1/chat/completions',
    {
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
      ...(retrieval ? { sluice: { retrieval: { include_content: true } } } : {}),
    },
    signal,
  );
  const requestId = response.headers.get('x-request-id');
  const broken = (code: string, message: string): ApiError => new ApiError(code, message, { status: 200, requestId });
  if (!response.body) throw broken('interrupted', 'The answer was empty.');
  try {
    for await (const data of readEvents(response.body)) {
      if (data === '[DONE]') return;
      const chunk = JSON.parse(data) as ChatChunk;
      if (chunk.error) throw broken(chunk.error.code ?? 'server_error', chunk.error.message ?? 'The answer broke off.');
      yield toPiece(chunk);
    }
  } catch (error) {
    if (signal.aborted || error instanceof ApiError) throw error;
    throw broken('interrupted', 'The answer broke off.');
  }
  throw broken('interrupted', 'The answer broke off before its end.');
}

function toPiece({ choices, usage, sluice }: ChatChunk): ChatPiece {
  const [choice] = choices;
  const { content, reasoning_content: reasoning } = choice?.delta ?? {};
  return {
    ...(content ? { text: content } : {}),
    ...(reasoning ? { reasoning } : {}),
    ...(choice?.finish_reason ? { finishReason: choice.finish_reason } : {}),
    ...(usage ? { usage } : {}),
    ...(sluice ? { facts: sluice } : {}),
  };
}
