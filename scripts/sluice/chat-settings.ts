/** What a conversation can change about its next question. */
export interface ChatSettings {
  model: string;
  system: string | undefined;
  retrieval: boolean;
  readonly collection: string | undefined;
  readonly topK: number | undefined;
  readonly tenant: string | undefined;
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly cache: boolean;
}

export interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** The request for the next answer of a conversation. */
export function toBody(settings: ChatSettings, messages: readonly Message[]): Readonly<Record<string, unknown>> {
  const { model, system, maxTokens, temperature, retrieval, collection, topK, tenant, cache } = settings;
  return {
    model,
    messages: [...(system === undefined ? [] : [{ role: 'system', content: system }]), ...messages],
    max_tokens: maxTokens,
    temperature,
    sluice: {
      retrieval: retrieval ? { collection, top_k: topK } : undefined,
      tenant,
      cache: cache ? undefined : false,
    },
  };
}
