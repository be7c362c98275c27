import type { ChatBatch, ChatCall, ChatCapabilities, ChatResult } from '../contracts/chat-provider.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import { type ItemReader, readAnswerStream, translateItems } from './answer-stream.ts';
import { createEventReader, type ServerSentEvent } from './event-reader.ts';
import { toChatResult } from './gemini-answer.ts';
import { toGeminiRequest } from './gemini-request.ts';
import { createGeminiStreamReader } from './gemini-stream.ts';
import { leavesOutEffort } from './gemini-thinking.ts';
import type { GeminiBackend } from './gemini-types.ts';
import { MODEL_SERVER_PARAMETERS } from './model-server-parameters.ts';
import { postJson } from './post-json.ts';
import { openStreamBody } from './stream-body.ts';

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
    ...MODEL_SERVER_PARAMETERS,
  },
};

export interface GeminiTarget {
  readonly backend: GeminiBackend;
  /** URL of the model, without the method. */
  readonly url: string;
  /** The headers that carry the credential. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One `generateContent`, over our own transport. @throws AppError as `ChatProvider.complete` says. */
export async function completeGemini(call: ChatCall, target: GeminiTarget): Promise<ChatResult> {
  const response = await post(call, target, 'generateContent');
  return toChatResult(await response.text(), { provider: target.backend, model: call.model });
}

/** One `streamGenerateContent`, read as server-sent events. @throws AppError as `ChatProvider.stream` says. */
export async function streamGemini(call: ChatCall, target: GeminiTarget): Promise<AsyncIterable<ChatBatch>> {
  const options = { provider: target.backend, model: call.model };
  const response = await post(call, target, 'streamGenerateContent?alt=sse', 'text/event-stream');
  const read = (json: string) => toChatResult(json, options);
  const body = await openStreamBody(response, { provider: target.backend, read, takesWhole: true });
  return readAnswerStream(body, translateItems(createAnswerItems(), createGeminiStreamReader(options)));
}

function post(
  call: ChatCall,
  { backend, url, headers }: GeminiTarget,
  method: string,
  stream?: string,
): Promise<HttpResponse> {
  if (leavesOutEffort(call.request, call.model)) call.onDropped?.('reasoning_effort');
  return postJson(call, {
    provider: backend,
    url: `${url}:${method}`,
    headers,
    body: toGeminiRequest(call.request, { model: call.model, backend }),
    ...(stream === undefined ? {} : { stream }),
  });
}

/** The data of server-sent events; proxies add OpenAI's `[DONE]`, which is none of Google's. */
function createAnswerItems(): ItemReader<string> {
  const events = createEventReader();
  const toItems = (read: readonly ServerSentEvent[]): string[] =>
    read.map(({ data }) => data).filter((data) => data.trim() !== '' && data !== '[DONE]');
  return { push: (bytes) => toItems(events.push(bytes)), end: () => toItems(events.end()) };
}
