import { AppError } from '../contracts/app-error.ts';
import type { ChatCall, ChatCapabilities, ChatEvent, ChatProvider } from '../contracts/chat-provider.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import { toUpstreamError } from '../resilience/upstream-error.ts';
import { type AnswerOptions, toChatResult } from './anthropic-completion.ts';
import { listAnthropicModels } from './anthropic-models.ts';
import { type MessagesBody, toMessagesRequest } from './anthropic-request.ts';
import { createMessageStreamReader } from './anthropic-stream.ts';
import { isBrokenConnection } from './broken-connection.ts';
import { createEventReader, type ServerSentEvent } from './event-reader.ts';

const ENDPOINT = 'https://api.anthropic.com';
const API_VERSION = '2023-06-01';

/** Streams are bounded by their events and their silence, not by a small total. */
const MAX_STREAM_BYTES = 256 * 1024 * 1024;

const CAPABILITIES: ChatCapabilities = {
  streaming: true,
  tools: true,
  jsonMode: true,
  jsonSchema: true,
  imageInput: true,
  audioInput: false,
  fileInput: true,
  reasoning: true,
  choices: false,
  parameters: {
    // Hints to the sampler, the cache or the vendor's own storage: the answer means the same without them.
    seed: 'drop',
    frequency_penalty: 'drop',
    presence_penalty: 'drop',
    verbosity: 'drop',
    prediction: 'drop',
    service_tier: 'drop',
    store: 'drop',
    prompt_cache_key: 'drop',
    prompt_cache_options: 'drop',
    prompt_cache_retention: 'drop',
    // Asked for, these change what an answer holds.
    logit_bias: 'refuse',
    logprobs: 'refuse',
    top_logprobs: 'refuse',
    audio: 'refuse',
    modalities: 'refuse',
    moderation: 'refuse',
    web_search_options: 'refuse',
    functions: 'refuse',
    function_call: 'refuse',
  },
};

/**
 * The adapter for Anthropic's Messages API, typed by the vendor's SDK and posted to directly: the answer's bytes are
 * read here, at a fraction of what the SDK's client and its event iterator cost. The endpoint is the bare origin.
 */
export function createAnthropicProvider(): ChatProvider {
  return {
    id: 'anthropic',
    capabilities: CAPABILITIES,

    async complete(call) {
      const { body, responseTool } = toMessagesRequest(call.request, call.model);
      const response = await post(call, body);
      return toChatResult(await response.text(), toAnswerOptions(call, responseTool));
    },

    async stream(call) {
      const { body, responseTool } = toMessagesRequest(call.request, call.model);
      const response = await post(call, { ...body, stream: true }, MAX_STREAM_BYTES);
      return readStream(response, toAnswerOptions(call, responseTool));
    },

    listModels: (call) => listAnthropicModels({ ...call, endpoint: toOrigin(call.endpoint), apiVersion: API_VERSION }),
  };
}

async function post(
  call: ChatCall,
  body: Omit<MessagesBody, 'stream'> & { readonly stream?: boolean },
  maxBytes?: number,
): Promise<HttpResponse> {
  const response = await call.fetch(`${toOrigin(call.endpoint)}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: body.stream ? 'text/event-stream' : 'application/json',
      'anthropic-version': API_VERSION,
      ...(call.credential === undefined ? {} : { 'x-api-key': call.credential }),
    },
    body: JSON.stringify(body),
    signal: call.signal,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(call.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: call.idleTimeoutMs }),
  });
  if (response.ok) return response;
  throw toUpstreamError({
    provider: 'anthropic',
    status: response.status,
    body: await response.text(),
    headers: response.headers,
  });
}

/** @throws AppError when the body holds no events, an event is broken or an error, or the end comes too early. */
async function* readStream(response: HttpResponse, options: AnswerOptions): AsyncGenerator<readonly ChatEvent[]> {
  if ((response.headers.get('content-type') ?? '').includes('application/json')) {
    // An error object instead of a stream; a whole message would be a faked stream, and is refused too.
    toChatResult(await response.text(), options);
    throw new AppError('server_error', 'anthropic did not stream its answer.');
  }
  const events = createEventReader();
  const messages = createMessageStreamReader(options);
  let failure: unknown;
  // What came before a failure in the same read was received, and is delivered before the failure is thrown.
  const translate = (read: () => ServerSentEvent[], finish: () => ChatEvent[] = () => []): ChatEvent[] => {
    const translated: ChatEvent[] = [];
    try {
      for (const event of read()) {
        if (messages.done) break;
        if (event.data.trim() !== '') translated.push(...messages.push(event));
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
      if (messages.done) break;
    }
  } catch (error) {
    if (!messages.complete || !isBrokenConnection(error)) throw error;
  }
  const last = translate(() => events.end().filter(isWhole), messages.end);
  if (last.length > 0) yield last;
  if (failure !== undefined) throw failure;
}

/** An event that the end of the body cut in two is part of the interruption, which the missing end of the message tells. */
function isWhole({ data }: ServerSentEvent): boolean {
  try {
    JSON.parse(data);
    return true;
  } catch {
    return false;
  }
}

function toAnswerOptions({ model }: ChatCall, responseTool: string | undefined): AnswerOptions {
  return { model, ...(responseTool === undefined ? {} : { responseTool }) };
}

function toOrigin(endpoint = ENDPOINT): string {
  return endpoint.endsWith('/') ? endpoint.slice(0, -1) : endpoint;
}
