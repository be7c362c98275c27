import type { ChatMessage, ChatRequest } from '../contracts/chat-provider.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';
import type { FunctionCall } from './ollama-answer.ts';
import { toChatResult } from './ollama-completion.ts';
import { fromGenerateAnswer, type GeneratedText, type GenerateRequest, toGenerateRequest } from './ollama-generate.ts';
import { listOllamaModels, type OllamaModel, whyOllamaUnavailable } from './ollama-models.ts';
import { toChatBody } from './ollama-request.ts';
import { FIRST_BYTE_TIMEOUT_MS, type OllamaTarget, postOllama } from './ollama-transport.ts';
import type { OllamaSettings } from './ollama-wire.ts';

export interface OllamaClientOptions extends OllamaSettings {
  /** The bare origin, e.g. `http://localhost:11434`. */
  readonly endpoint: string;
  readonly fetch: HttpFetch;
  /** Bearer token: an identity token where the server is a private Cloud Run service. A function is asked each time. */
  readonly credential?: string | (() => Promise<string>);
  /** Longest wait for an answer, in milliseconds. Default 300,000. */
  readonly timeoutMs?: number;
}

export interface OllamaCallOptions {
  readonly signal?: AbortSignal;
}

/** Everything of OpenAI's request but what the other arguments say. */
export type OllamaChatOptions = OllamaCallOptions & Partial<Omit<ChatRequest, 'model' | 'messages' | 'logprobs'>>;

export interface OllamaChatAnswer extends GeneratedText {
  readonly toolCalls: readonly FunctionCall[];
}

export interface OllamaClient {
  /** Whether the server answers within two seconds. */
  available(options?: OllamaCallOptions): Promise<boolean>;
  /** The models that the server has, with their size in bytes. */
  listModels(options?: OllamaCallOptions): Promise<OllamaModel[]>;
  /** Continues a prompt (`/api/generate`). @throws AppError, `model_not_found` when the model was never pulled. */
  generate(request: GenerateRequest, options?: OllamaCallOptions): Promise<GeneratedText>;
  /** Answers a conversation (`/api/chat`). @throws AppError like `generate`. */
  chat(model: string, messages: readonly ChatMessage[], options?: OllamaChatOptions): Promise<OllamaChatAnswer>;
}

/**
 * Ollama for library use, without agents, retry or fallback: the counterpart of the chat provider for programs that
 * want the server itself. Nothing is connected until a method is called.
 */
export function createOllamaClient(clientOptions: OllamaClientOptions): OllamaClient {
  const { endpoint, fetch, credential, timeoutMs = FIRST_BYTE_TIMEOUT_MS, ...settings } = clientOptions;

  const toTarget = async ({ signal }: OllamaCallOptions): Promise<OllamaTarget> => {
    const token = typeof credential === 'function' ? await credential() : credential;
    return {
      endpoint,
      fetch,
      signal: signal ?? new AbortController().signal,
      // The timeout holds for the silence inside an answer, too.
      idleTimeoutMs: timeoutMs,
      firstByteTimeoutMs: timeoutMs,
      ...(token === undefined ? {} : { credential: token }),
    };
  };

  return {
    async available(options = {}) {
      try {
        return (await whyOllamaUnavailable(await toTarget(options))) === undefined;
      } catch {
        // Without a token there is no getting in.
        return false;
      }
    },

    listModels: async (options = {}) => listOllamaModels(await toTarget(options)),

    async generate(request, options = {}) {
      const body = toGenerateRequest(request, settings);
      const target = await toTarget(options);
      const response = await postOllama(target, { path: '/api/generate', body });
      return fromGenerateAnswer(await response.text(), request);
    },

    async chat(model, messages, { signal, ...parameters } = {}) {
      const request: ChatRequest = { ...parameters, model, messages };
      const body = toChatBody({ request, model, stream: false, ...settings });
      const target = await toTarget(signal === undefined ? {} : { signal });
      const response = await postOllama(target, { path: '/api/chat', body });
      return toAnswer(await response.text(), model);
    },
  };
}

function toAnswer(json: string, requestedModel: string): OllamaChatAnswer {
  const { choices, usage, model } = toChatResult(json, { model: requestedModel }).completion;
  const { message, finish_reason: finish } = choices[0] as (typeof choices)[number];
  return {
    model,
    text: message.content ?? '',
    ...(message.reasoning_content ? { reasoning: message.reasoning_content } : {}),
    toolCalls: (message.tool_calls ?? []).filter((call) => call.type === 'function'),
    finishReason: finish === 'function_call' ? 'tool_calls' : finish,
    usage: {
      promptTokens: usage?.prompt_tokens ?? 0,
      completionTokens: usage?.completion_tokens ?? 0,
      totalTokens: usage?.total_tokens ?? 0,
    },
  };
}
