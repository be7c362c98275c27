import { AppError } from '../contracts/app-error.ts';
import type { ChatCall, ChatCapabilities, ChatEvent, ChatResult } from '../contracts/chat-provider.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import { toUpstreamError } from '../resilience/upstream-error.ts';
import { isBrokenConnection } from './broken-connection.ts';
import { createEventReader, type ServerSentEvent } from './event-reader.ts';
import { type AnswerOptions, toChatResult } from './gemini-answer.ts';
import { toGeminiRequest } from './gemini-request.ts';
import { createGeminiStreamReader } from './gemini-stream.ts';
import type { GeminiBackend } from './gemini-types.ts';

export const GEMINI_CAPABILITIES: ChatCapabilities = {
  streaming: true,
  tools: true,
  jsonMode: true,
  jsonSchema: true,
  imageInput: true,
  audioInput: true,
  fileInput: true,
  reasoning: true,
  choices: true,
  parameters: {
    // Hints, labels and the vendor's own storage: the answer means the same without them.
    parallel_tool_calls: 'drop',
    verbosity: 'drop',
    prediction: 'drop',
    service_tier: 'drop',
    store: 'drop',
    metadata: 'drop',
    user: 'drop',
    safety_identifier: 'drop',
    prompt_cache_key: 'drop',
    prompt_cache_options: 'drop',
    prompt_cache_retention: 'drop',
    // Asked for, these change what an answer holds.
    logit_bias: 'refuse',
    audio: 'refuse',
    modalities: 'refuse',
    moderation: 'refuse',
    functions: 'refuse',
    function_call: 'refuse',
  },
};

/** Streams are bounded by their events and their silence, not by a small total. */
const MAX_STREAM_BYTES = 256 * 1024 * 1024;

export interface GeminiTarget {
  readonly backend: GeminiBackend;
  /** URL of the model, without the method. */
  readonly url: string;
  /** The headers that carry the credential. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One `generateContent`, over our own transport. @throws AppError as `ChatProvider.complete` says. */
export async function completeGemini(call: ChatCall, target: GeminiTarget): Promise<ChatResult> {
  const response = await post(call, target, { method: 'generateContent', accept: 'application/json' });
  return toChatResult(await response.text(), { provider: target.backend, model: call.model });
}

/** One `streamGenerateContent`, read as server-sent events. @throws AppError as `ChatProvider.stream` says. */
export async function streamGemini(call: ChatCall, target: GeminiTarget): Promise<AsyncIterable<readonly ChatEvent[]>> {
  const response = await post(call, target, {
    method: 'streamGenerateContent?alt=sse',
    accept: 'text/event-stream',
    maxBytes: MAX_STREAM_BYTES,
  });
  return readStream(response, { provider: target.backend, model: call.model });
}

async function post(
  call: ChatCall,
  { backend, url, headers }: GeminiTarget,
  { method, accept, maxBytes }: { readonly method: string; readonly accept: string; readonly maxBytes?: number },
): Promise<HttpResponse> {
  const body = toGeminiRequest(call.request, { model: call.model, backend });
  const response = await call.fetch(`${url}:${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify(body),
    signal: call.signal,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(call.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: call.idleTimeoutMs }),
  });
  if (response.ok) return response;
  throw toUpstreamError({
    provider: backend,
    status: response.status,
    body: await response.text(),
    headers: response.headers,
  });
}

/** @throws AppError when the body holds no events, an event is broken or an error, or the end comes too early. */
async function* readStream(response: HttpResponse, options: AnswerOptions): AsyncGenerator<readonly ChatEvent[]> {
  if ((response.headers.get('content-type') ?? '').includes('application/json')) {
    // An error object instead of a stream; a list of events that is no event stream is refused too.
    toChatResult(await response.text(), options);
    throw new AppError('server_error', `${options.provider} did not stream its answer.`);
  }
  const events = createEventReader();
  const answers = createGeminiStreamReader(options);
  let failure: unknown;
  // What came before a failure in the same read was received, and is delivered before the failure is thrown.
  const translate = (read: () => ServerSentEvent[], finish: () => ChatEvent[] = () => []): ChatEvent[] => {
    const translated: ChatEvent[] = [];
    try {
      for (const { data } of read()) {
        if (data.trim() !== '' && data !== '[DONE]') translated.push(...answers.push(data));
      }
      translated.push(...finish());
    } catch (error) {
      failure = error;
    }
    return translated;
  };
  try {
    for await (const bytes of response.chunks()) {
      const batch = translate(() => events.push(bytes));
      if (batch.length > 0) yield batch;
      if (failure !== undefined) throw failure;
    }
  } catch (error) {
    if (!answers.complete || !isBrokenConnection(error)) throw error;
  }
  const last = translate(() => events.end(), answers.end);
  if (last.length > 0) yield last;
  if (failure !== undefined) throw failure;
}
