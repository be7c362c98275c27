import type { SluiceConfig } from '../config/types.ts';
import { AppError } from '../contracts/app-error.ts';
import { createClientLimiter } from '../resilience/client-limiter.ts';
import type { Budget } from '../usage/budget.ts';

export interface TokenLimitsOptions {
  readonly config: Pick<SluiceConfig, 'limits' | 'auth'>;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

const EVERYBODY = '';

/**
 * A budget that also keeps tokens per minute, of each key and of all together, per instance. A call is paid for when its
 * usage is known: what goes beyond the limit is owed, and until it is made up for, further calls are refused.
 */
export function withTokenLimits(budget: Budget, { config, now }: TokenLimitsOptions): Budget {
  const rates = new Map<string, { readonly perMinute: number }>();
  if (config.limits.tokensPerMinute !== undefined) rates.set(EVERYBODY, { perMinute: config.limits.tokensPerMinute });
  for (const { name, tokensPerMinute } of config.auth.keys) {
    if (tokensPerMinute !== undefined) rates.set(name, { perMinute: tokensPerMinute });
  }
  if (rates.size === 0) return budget;
  const limiter = createClientLimiter(now === undefined ? {} : { now });

  const refuseInDebt = (id: string): void => {
    const rate = rates.get(id);
    const verdict = rate && limiter.take(id, rate, 0);
    if (!verdict || verdict.allowed) return;
    const seconds = Math.max(1, Math.ceil(verdict.retryAfterMs / 1000));
    throw new AppError('rate_limit', `The limit of tokens per minute is used up: try again in ${seconds} s.`, {
      retryAfterMs: verdict.retryAfterMs,
      // Asking again before then, or another provider, changes nothing.
      retryable: false,
    });
  };

  return {
    async check(scope = {}) {
      if (scope.key) refuseInDebt(scope.key.name);
      refuseInDebt(EVERYBODY);
      await budget.check(scope);
    },
    async record(entry) {
      const tokens = entry.promptTokens + entry.completionTokens;
      for (const id of [EVERYBODY, ...(entry.key === undefined ? [] : [entry.key])]) {
        const rate = rates.get(id);
        if (rate) limiter.correct(id, rate, tokens);
      }
      await budget.record(entry);
    },
    close: budget.close,
  };
}
