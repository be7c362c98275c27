import type { Produced } from '../../shared/app/cache/answer-cache.ts';
import type { CacheableRequest } from '../../shared/app/cache/request-key.ts';
import type { AgentConfig, LegConfig } from '../../shared/config/types.ts';
import type { ChatChoice, ChatCompletion, ChatRequest } from '../../shared/contracts/chat-provider.ts';

export function toLeg(fields: Partial<LegConfig> = {}): LegConfig {
  return {
    provider: 'openai',
    model: 'gpt-test',
    apiKeys: [{ value: 'sk-keymark' }],
    allowedCidrs: [],
    timeoutMs: 30_000,
    weight: 1,
    ...fields,
  };
}

export function toAgent(fields: Partial<AgentConfig> = {}): AgentConfig {
  return { name: 'helper', role: 'assistant', tools: [], legs: [], ...fields } as unknown as AgentConfig;
}

/** A request as the cache sees it; what a test is about goes into the fields. */
export function toInput(
  fields: Partial<ChatRequest> = {},
  {
    tenant = null,
    agent,
    legs = [toLeg()],
  }: { readonly tenant?: string | null; readonly agent?: AgentConfig; readonly legs?: readonly LegConfig[] } = {},
): CacheableRequest {
  const request: ChatRequest = { model: 'helper', messages: [{ role: 'user', content: 'Question?' }], ...fields };
  return { tenant, request, route: { legs, ...(agent === undefined ? {} : { agent }) } };
}

export function toChoice(message: Partial<ChatChoice['message']> = {}, fields: Partial<ChatChoice> = {}): ChatChoice {
  return {
    index: 0,
    message: { role: 'assistant', content: 'Answer.', refusal: null, ...message },
    logprobs: null,
    finish_reason: 'stop',
    ...fields,
  };
}

export function toCompletion(...choices: readonly ChatChoice[]): ChatCompletion {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'gpt-test-0613',
    choices: choices.length === 0 ? [toChoice()] : [...choices],
    usage: { prompt_tokens: 12, completion_tokens: 8, total_tokens: 20 },
  };
}

/** What the legs gave. */
export function toProduced(completion: ChatCompletion = toCompletion(), leg: LegConfig = toLeg()): Produced {
  return { leg, result: { result: { completion }, dropped: ['seed'] } };
}
