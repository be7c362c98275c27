import { forwardedHops } from '../environment.ts';
import type { ProviderName } from '../names.ts';
import { defined } from '../objects.ts';
import type { LimitsInput } from '../schema/limits.ts';
import type { LimitsConfig, RateConfig } from '../types.ts';
import type { NormalizeContext } from './context.ts';

const MEGABYTE = 1024 * 1024;
const MINUTE_MS = 60_000;

export function normalizeLimits(
  input: LimitsInput | undefined,
  { environment }: Pick<NormalizeContext, 'environment'>,
): LimitsConfig {
  const providers = Object.entries((input?.providers ?? {}) as Partial<Record<ProviderName, RateInput>>);
  return defined({
    ...toRate(input ?? {}),
    chatBodyBytes: input?.chat_body_bytes ?? 10 * MEGABYTE,
    embedBodyBytes: input?.embed_body_bytes ?? 10 * MEGABYTE,
    ingestBodyBytes: input?.ingest_body_bytes ?? 32 * MEGABYTE,
    searchBodyBytes: input?.search_body_bytes ?? MEGABYTE,
    bodyBytesInFlight: input?.body_bytes_in_flight,
    requestTimeoutMs: input?.request_timeout ?? 5 * MINUTE_MS,
    idleTimeoutMs: input?.idle_timeout ?? MINUTE_MS,
    dailyUsd: input?.daily_usd,
    maxInputs: input?.max_inputs ?? 2048,
    maxDocuments: input?.max_documents ?? 1_000,
    providers: Object.fromEntries(providers.map(([provider, rate]) => [provider, toRate(rate)])),
    forwardedHops: input?.forwarded_hops ?? forwardedHops(environment),
    client:
      input?.client === undefined
        ? undefined
        : { requestsPerSecond: input.client.requests_per_second, burst: input.client.burst },
  });
}

interface RateInput {
  readonly requests_per_minute?: number | undefined;
  readonly tokens_per_minute?: number | undefined;
}

function toRate({ requests_per_minute, tokens_per_minute }: RateInput): RateConfig {
  return defined({ requestsPerMinute: requests_per_minute, tokensPerMinute: tokens_per_minute });
}
