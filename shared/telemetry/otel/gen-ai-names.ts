/** Names of the OpenTelemetry semantic conventions for generative AI (https://github.com/open-telemetry/semantic-conventions-genai). */
export const GEN_AI = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  stream: 'gen_ai.request.stream',
  responseModel: 'gen_ai.response.model',
  finishReasons: 'gen_ai.response.finish_reasons',
  firstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cachedTokens: 'gen_ai.usage.cache_read.input_tokens',
  inputMessages: 'gen_ai.input.messages',
  outputMessages: 'gen_ai.output.messages',
  agent: 'gen_ai.agent.name',
  tool: 'gen_ai.tool.name',
  toolType: 'gen_ai.tool.type',
  dataSource: 'gen_ai.data_source.id',
  tokenType: 'gen_ai.token.type',
} as const;

export const GEN_AI_METRICS = {
  duration: 'gen_ai.client.operation.duration',
  tokens: 'gen_ai.client.token.usage',
  firstChunk: 'gen_ai.client.operation.time_to_first_chunk',
} as const;

/** Providers that the conventions know under other names; the rest keep their own. */
const PROVIDERS: Readonly<Record<string, string>> = {
  gemini: 'gcp.gemini',
  vertexai: 'gcp.vertex_ai',
  xai: 'x_ai',
};

export function toProviderName(provider: string): string {
  return PROVIDERS[provider] ?? provider;
}
