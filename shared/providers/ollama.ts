import type { ChatCall, ChatCapabilities, ChatProvider } from '../contracts/chat-provider.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import type { AnswerOptions } from './ollama-answer.ts';
import { toChatResult } from './ollama-completion.ts';
import { isOllamaAvailable, listOllamaModels } from './ollama-models.ts';
import { toChatBody } from './ollama-request.ts';
import { readChatStream } from './ollama-stream.ts';
import { FIRST_BYTE_TIMEOUT_MS, postOllama } from './ollama-transport.ts';
import { explainRefusal } from './ollama-unsupported.ts';
import type { OllamaSettings } from './ollama-wire.ts';

export interface OllamaProviderOptions extends OllamaSettings {
  /** Longest wait for the first byte, in milliseconds: loading the model, and without streaming the whole answer. Default 300,000. */
  readonly firstByteTimeoutMs?: number;
}

/** Streams are bounded by their events and their silence, not by a small total. */
const MAX_STREAM_BYTES = 256 * 1024 * 1024;

const CAPABILITIES: ChatCapabilities = {
  streaming: true,
  tools: true,
  jsonMode: true,
  jsonSchema: true,
  imageInput: true,
  audioInput: false,
  fileInput: false,
  reasoning: true,
  choices: false,
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
  },
};

/**
 * The adapter for Ollama's native API. The endpoint is the bare origin and always configured; the credential, where the
 * server is a private Cloud Run service, is an identity token for that origin.
 */
export function createOllamaProvider(options: OllamaProviderOptions = {}): ChatProvider {
  const { firstByteTimeoutMs = FIRST_BYTE_TIMEOUT_MS, ...settings } = options;

  const post = async (call: ChatCall, stream: boolean): Promise<HttpResponse> => {
    const body = toChatBody({ request: call.request, model: call.model, stream, ...settings });
    try {
      return await postOllama(call, {
        path: '/api/chat',
        body,
        headersTimeoutMs: firstByteTimeoutMs,
        ...(stream ? { maxBytes: MAX_STREAM_BYTES } : {}),
      });
    } catch (error) {
      throw await explainRefusal(error, call, body);
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

    available: isOllamaAvailable,
  };
}

function toAnswerOptions({ model, request }: ChatCall): AnswerOptions {
  return { model, logprobs: request.logprobs === true };
}
