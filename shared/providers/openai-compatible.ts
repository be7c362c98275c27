import { AppError } from '../contracts/app-error.ts';
import type { ChatCall, ChatCapabilities, ChatProvider, ChatRequest } from '../contracts/chat-provider.ts';
import type { HttpResponse } from '../contracts/http-fetch.ts';
import { toChatResult } from './openai-completion.ts';
import { readOpenAIStream } from './openai-read-stream.ts';
import { toCompatibleRequest } from './openai-request.ts';
import type { AnswerOptions } from './openai-stream.ts';
import { postJson, toRefusal } from './post-json.ts';
import { probe } from './probe.ts';
import { openStreamBody } from './stream-body.ts';

export interface OpenAICompatibleOptions {
  /** Provider name as in the configuration. */
  readonly id: string;
  /** The vendor's base URL, with its `/v1`; absent when it is always configured. */
  readonly endpoint?: string;
  readonly capabilities?: Partial<ChatCapabilities>;
  /** Vendors whose `completion_tokens` leave reasoning out. */
  readonly addReasoning?: boolean;
  /**
   * Last change to the request's body, for what a vendor calls differently. Must not mutate its argument. Default:
   * without the fields of other vendors. @throws AppError `invalid_request` for a model name that cannot be right.
   */
  readonly toRequest?: (request: ChatRequest, model: string) => ChatRequest;
  /** The target may be down as a matter of course, so that `whyUnavailable` is worth asking before a request. */
  readonly probe?: boolean;
}

type TargetCall = Omit<ChatCall, 'request' | 'model'>;

const CAPABILITIES: ChatCapabilities = {
  streaming: true,
  tools: true,
  jsonMode: true,
  jsonSchema: true,
  imageInput: true,
  audioInput: false,
  fileInput: false,
  reasoning: true,
  choices: true,
  parameters: {},
};

/**
 * The adapter for everything that speaks OpenAI's Chat Completions. It sends the request as it came and reads the
 * answer's bytes itself: the `openai` client costs about 180 µs per call before the first byte and as much again per
 * streamed chunk, so its types are used here and its client where nobody waits for it.
 */
export function createOpenAICompatibleProvider(options: OpenAICompatibleOptions): ChatProvider {
  const { id, addReasoning = false, toRequest = (request) => toCompatibleRequest(request) } = options;

  const post = (call: ChatCall, extra: Record<string, unknown>, stream?: string): Promise<HttpResponse> =>
    postJson(call, {
      provider: id,
      url: `${baseUrl(options, call.endpoint)}/chat/completions`,
      headers: authorization(call.credential),
      body: { ...toRequest(call.request, call.model), model: call.model, ...extra },
      ...(stream === undefined ? {} : { stream }),
    });

  const answerOptions = ({ model, request }: ChatCall): AnswerOptions => ({
    provider: id,
    model,
    addReasoning,
    usesFunctions: request.functions !== undefined,
  });

  const listModels = async (call: TargetCall): Promise<readonly string[]> => {
    const { default: OpenAI } = await import('openai');
    const { fromSdkError, toSdkFetch } = await import('./sdk-fetch.ts');
    const client = new OpenAI({
      apiKey: call.credential ?? 'none',
      baseURL: baseUrl(options, call.endpoint),
      // Without a key of ours none is sent, whatever the client thinks it needs.
      defaultHeaders: call.credential === undefined ? { authorization: null } : {},
      organization: null,
      project: null,
      fetch: toSdkFetch(call.fetch),
      maxRetries: 0,
    });
    const models: string[] = [];
    try {
      for await (const model of client.models.list({ signal: call.signal })) models.push(model.id);
    } catch (error) {
      throw fromSdkError(id, error, call.signal);
    }
    return models;
  };

  const whyUnavailable = ({ fetch, endpoint, credential, signal: caller }: TargetCall): Promise<AppError | undefined> =>
    probe({
      provider: id,
      signal: caller,
      ask: async (signal) =>
        await fetch(`${baseUrl(options, endpoint)}/models`, { headers: authorization(credential), signal }),
      toRefusal: (response, signal) => toRefusal(id, response, signal),
    });

  return {
    id,
    capabilities: { ...CAPABILITIES, ...options.capabilities },

    async complete(call) {
      const response = await post(call, {});
      return toChatResult(await response.text(), answerOptions(call));
    },

    async stream(call) {
      const extra = { stream: true, stream_options: { include_usage: true } };
      const response = await post(call, extra, 'text/event-stream');
      const read = (json: string) => toChatResult(json, answerOptions(call));
      const body = await openStreamBody(response, { provider: id, read, takesWhole: true });
      return readOpenAIStream(body, answerOptions(call));
    },

    listModels,
    ...(options.probe ? { whyUnavailable } : {}),
  };
}

function baseUrl({ id, endpoint }: OpenAICompatibleOptions, override: string | undefined): string {
  const base = override ?? endpoint;
  if (base === undefined) {
    throw new AppError('configuration', `The provider ${id} needs an endpoint: set \`endpoint\` to its base URL.`);
  }
  return base.endsWith('/') ? base.slice(0, -1) : base;
}

function authorization(credential: string | undefined): Record<string, string> {
  return credential === undefined ? {} : { authorization: `Bearer ${credential}` };
}
