import type { ChatCall, ChatCapabilities, ChatProvider } from '../contracts/chat-provider.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import { PROMPT_AND_GRAMMAR } from './model-server-parameters.ts';
import type { AnswerOptions } from './ollama-answer.ts';
import { toChatResult } from './ollama-completion.ts';
import { toCompletionBody } from './ollama-generate.ts';
import { createModelFacts } from './ollama-model-facts.ts';
import { listOllamaModels, whyOllamaUnavailable } from './ollama-models.ts';
import { toChatBody } from './ollama-request.ts';
import { readChatStream } from './ollama-stream.ts';
import { postOllama } from './ollama-transport.ts';
import { explainRefusal, refuseUnfit } from './ollama-unsupported.ts';

export interface OllamaProviderOptions {
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** Streams are bounded by their events and their silence, not by a small total. */
const MAX_STREAM_BYTES = 256 * 1024 * 1024;

const CAPABILITIES: ChatCapabilities = {
  streaming: true,
  tools: true,
  jsonMode: true,
  jsonSchema: true,
  imageInput: true,
  imageUrls: false,
  audioInput: false,
  fileInput: false,
  reasoning: true,
  choices: false,
  textCompletion: true,
  parameters: {
    // Hints, and accounts that a server of one's own does not keep: the answer means the same without them.
    metadata: 'drop',
    parallel_tool_calls: 'drop',
    prediction: 'drop',
    prompt_cache_key: 'drop',
    prompt_cache_options: 'drop',
    prompt_cache_retention: 'drop',
    safety_identifier: 'drop',
    service_tier: 'drop',
    store: 'drop',
    user: 'drop',
    verbosity: 'drop',
    // Asked for, these change what an answer holds.
    logit_bias: 'refuse',
    audio: 'refuse',
    modalities: 'refuse',
    moderation: 'refuse',
    web_search_options: 'refuse',
    search_parameters: 'refuse',
    functions: 'refuse',
    function_call: 'refuse',
    ...PROMPT_AND_GRAMMAR,
  },
};

/**
 * The adapter for Ollama's native API: `/api/chat`, and `/api/generate` for text completions. The endpoint is the bare origin and always configured; the credential, where the
 * server is a private Cloud Run service, is an identity token for that origin.
 */
export function createOllamaProvider(options: OllamaProviderOptions = {}): ChatProvider {
  const facts = createModelFacts(options);

  const post = async (call: ChatCall, stream: boolean): Promise<HttpResponse> => {
    const { request, model, keepAlive, contextLength } = call;
    const asked = { request, model, stream, keepAlive, contextLength };
    const completion = toCompletionBody(asked);
    const body = completion ?? toChatBody(asked);
    await refuseUnfit(facts, call, body);
    try {
      return await postOllama(call, {
        path: completion ? '/api/generate' : '/api/chat',
        body,
        ...(stream ? { maxBytes: MAX_STREAM_BYTES } : {}),
      });
    } catch (error) {
      throw await explainRefusal(error, facts, call, body);
    }
  };

  return {
    id: 'ollama',
    capabilities: CAPABILITIES,

    async complete(call) {
      const response = await post(call, false);
      return toChatResult(await response.text(), toAnswerOptions(call));
    },

    async stream(call) {
      return readChatStream(await post(call, true), toAnswerOptions(call));
    },

    async listModels(call) {
      const models = await listOllamaModels(call);
      return models.map(({ name }) => name);
    },

    whyUnavailable: whyOllamaUnavailable,
  };
}

function toAnswerOptions({ model, request }: ChatCall): AnswerOptions {
  return { model, logprobs: request.logprobs === true };
}
