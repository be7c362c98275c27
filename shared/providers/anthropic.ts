import type { ChatCall, ChatCapabilities, ChatProvider } from '../contracts/chat-provider.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import { readAnswerStream } from './answer-stream.ts';
import { type AnswerOptions, toChatResult } from './anthropic-completion.ts';
import { listAnthropicModels } from './anthropic-models.ts';
import { type MessagesBody, type MessagesRequest, toMessagesRequest } from './anthropic-request.ts';
import { createMessageStreamReader } from './anthropic-stream.ts';
import { createEventReader, type EventReader, type ServerSentEvent } from './event-reader.ts';
import { MODEL_SERVER_PARAMETERS } from './model-server-parameters.ts';
import { postJson } from './post-json.ts';
import { openStreamBody } from './stream-body.ts';
import { translateEvents } from './translate-events.ts';

const ENDPOINT = 'https://api.anthropic.com';
const API_VERSION = '2023-06-01';

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
    ...MODEL_SERVER_PARAMETERS,
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
      const translated = toRequest(call);
      const response = await post(call, translated.body);
      return toChatResult(await response.text(), toAnswerOptions(call, translated));
    },

    async stream(call) {
      const translated = toRequest(call);
      const response = await post(call, { ...translated.body, stream: true });
      const options = toAnswerOptions(call, translated);
      const read = (json: string) => toChatResult(json, options);
      const messageBody = await openStreamBody(response, { provider: 'anthropic', read });
      return readAnswerStream(messageBody, translateEvents(createMessageEvents(), createMessageStreamReader(options)));
    },

    listModels: (call) => listAnthropicModels({ ...call, endpoint: toOrigin(call.endpoint), apiVersion: API_VERSION }),
  };
}

function toRequest({ request, model, onDropped }: ChatCall): MessagesRequest {
  const translated = toMessagesRequest(request, model);
  for (const parameter of translated.dropped) onDropped?.(parameter);
  return translated;
}

function post(
  call: ChatCall,
  body: Omit<MessagesBody, 'stream'> & { readonly stream?: boolean },
): Promise<HttpResponse> {
  return postJson(call, {
    provider: 'anthropic',
    url: `${toOrigin(call.endpoint)}/v1/messages`,
    headers: {
      'anthropic-version': API_VERSION,
      ...(call.credential === undefined ? {} : { 'x-api-key': call.credential }),
    },
    body,
    ...(body.stream ? { stream: 'text/event-stream' } : {}),
  });
}

/** Server-sent events without the empty ones. */
function createMessageEvents(): EventReader {
  const events = createEventReader();
  const hasData = ({ data }: ServerSentEvent): boolean => data.trim() !== '';
  return {
    get isBetweenEvents() {
      return events.isBetweenEvents;
    },
    push: (bytes) => events.push(bytes).filter(hasData),
    end: () => events.end().filter(hasData).filter(isWhole),
  };
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

function toAnswerOptions({ model }: ChatCall, { responseTool, toolNames }: MessagesRequest): AnswerOptions {
  return { model, ...(responseTool === undefined ? {} : { responseTool }), ...(toolNames ? { toolNames } : {}) };
}

function toOrigin(endpoint = ENDPOINT): string {
  return endpoint.endsWith('/') ? endpoint.slice(0, -1) : endpoint;
}
