import type { ProviderName } from '../../config/names.ts';
import { defined } from '../../config/objects.ts';
import type { AgentConfig, LegConfig } from '../../config/types.ts';
import {
  type ChatProvider as ChatAdapter,
  type ChatCall,
  type ChatChunk,
  type ChatCompletion,
  type ChatRequest,
  eventsOf,
} from '../../contracts/chat-provider.ts';
import { createDeadline } from '../../resilience/deadline.ts';
import { fitRequest } from '../../routing/fit-request.ts';
import { narrowCapabilities } from '../../routing/narrow-capabilities.ts';
import { createCatalogue } from '../../usage/catalogue.ts';
import { createParts, type PartOptions } from './parts.ts';

export interface ChatProviderOptions extends PartOptions {
  readonly provider: ProviderName;
  /** The vendor's own model name. */
  readonly model: string;
  /** A key, or `secret://NAME`. Default: the provider's own variable; for `vertexai` the Google identity at hand. */
  readonly apiKey?: string;
  /** Replaces the vendor's base URL. */
  readonly endpoint?: string;
  /** Google Cloud project and location, for `vertexai`. */
  readonly projectId?: string;
  readonly location?: string;
  /** Private networks that the endpoint's name may resolve into. */
  readonly allowedCidrs?: readonly string[];
  /** Longest wait for an answer, or for the beginning of a stream, in milliseconds. Default: the provider's, as in the service. */
  readonly timeoutMs?: number;
}

/** A request of Chat Completions; the model is the provider's. */
export type ProviderRequest = Omit<ChatRequest, 'model' | 'stream'>;

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** One model of one vendor, in OpenAI's words. */
export interface ChatProvider {
  /**
   * @throws AppError as the service's legs do: `unsupported` for what the model cannot take, `authentication`,
   * `rate_limit`, `timeout`, …
   */
  complete(request: ProviderRequest, options?: CallOptions): Promise<ChatCompletion>;
  /** The same, chunk by chunk. A loop that is left ends the request. */
  stream(request: ProviderRequest, options?: CallOptions): AsyncIterable<ChatChunk>;
  close(): Promise<void>;
}

/**
 * A provider for programs: the service's adapter with its address rules, keys and guard, and none of its retries,
 * fallbacks, budgets or caches.
 * @throws AppError `configuration` naming each option that is wrong.
 */
export function createChatProvider(options: ChatProviderOptions): ChatProvider {
  const { provider, model, apiKey, endpoint, projectId, location, allowedCidrs, timeoutMs } = options;
  const agent = {
    name: 'default',
    role: 'assistant',
    ...defined({
      provider,
      model,
      endpoint,
      location,
      api_key: apiKey,
      project_id: projectId,
      allowed_cidrs: allowedCidrs,
      timeout: timeoutMs === undefined ? undefined : `${timeoutMs}ms`,
    }),
  };
  const parts = createParts('createChatProvider', { agents: [agent] }, options);
  const [leg] = (parts.config.agents[0] as AgentConfig).legs as readonly [LegConfig];
  const info = createCatalogue({ overrides: parts.config.prices }).find(provider, model);

  const prepare = async (
    request: ProviderRequest,
    signal: AbortSignal,
  ): Promise<{ readonly adapter: ChatAdapter; readonly call: ChatCall }> => {
    const adapter = await parts.backends.provider(provider);
    const abilities = narrowCapabilities(adapter.capabilities, leg, info);
    const fitted = fitRequest(provider, abilities, { ...request, model } as ChatRequest);
    const credential = await parts.credentials.forProvider(leg, signal);
    const { project, keepAlive, contextLength } = leg;
    return {
      adapter,
      call: {
        request: fitted.request,
        model,
        signal,
        fetch: parts.outgoing.fetchForLeg(leg),
        ...defined({
          credential,
          endpoint: leg.endpoint,
          project,
          location: leg.location,
          keepAlive,
          contextLength,
        }),
      },
    };
  };

  return {
    async complete(request, { signal = new AbortController().signal } = {}) {
      const deadline = createDeadline(signal, leg.timeoutMs, `${provider}/${model}`);
      try {
        const { adapter, call } = await prepare(request, deadline.signal);
        return (await adapter.complete(call)).completion;
      } finally {
        deadline.end();
      }
    },
    async *stream(request, { signal = new AbortController().signal } = {}) {
      const deadline = createDeadline(signal, leg.timeoutMs, `${provider}/${model}`);
      try {
        const { adapter, call } = await prepare(request, deadline.signal);
        const batches = await adapter.stream(call);
        // From now on only silence is limited.
        deadline.disarm();
        for await (const batch of batches) for (const { chunk } of eventsOf(batch)) yield chunk;
      } finally {
        deadline.end();
      }
    },
    close: parts.close,
  };
}
