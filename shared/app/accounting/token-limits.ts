import type { SluiceConfig } from '../../config/types.ts';
import { AppError } from '../../contracts/app-error.ts';
import { type ClientRate, createClientLimiter } from '../../resilience/client-limiter.ts';
import { remember } from '../../resilience/recent-map.ts';
import type { Budget } from '../../usage/budget.ts';

export interface TokenLimitsOptions {
  readonly config: Pick<SluiceConfig, 'limits' | 'auth'>;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

const EVERYBODY = 'everybody';
const MAX_CALLERS = 10_000;

/**
 * A budget that also keeps tokens per minute, of each key and of all together, per instance. A call is paid for when its
 * usage is known: what goes beyond the limit is owed, and until it is made up for, further calls are refused.
 */
export function withTokenLimits(budget: Budget, { config, now }: TokenLimitsOptions): Budget {
  const all = toRate(config.limits.tokensPerMinute);
  if (all === undefined && !hasLimitedCallers(config.auth)) return budget;
  const limiter = createClientLimiter(now === undefined ? {} : { now });
  /** Of the callers that were seen lately: what is recorded knows their names alone. */
  const rates = new Map<string, ClientRate>();

  const refuseInDebt = (id: string, rate: ClientRate | undefined): void => {
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
      const own = toRate(scope.key?.tokensPerMinute);
      if (scope.key && own) {
        const id = idOf(scope.key.name);
        remember(rates, id, own, { max: MAX_CALLERS });
        refuseInDebt(id, own);
      }
      refuseInDebt(EVERYBODY, all);
      await budget.check(scope);
    },
    async record(entry) {
      const tokens = entry.promptTokens + entry.completionTokens;
      const id = idOf(entry.key ?? '');
      const own = rates.get(id);
      if (own) limiter.correct(id, own, tokens);
      if (all) limiter.correct(EVERYBODY, all, tokens);
      await budget.record(entry);
    },
    close: budget.close,
  };
}

function idOf(name: string): string {
  return `caller ${name}`;
}

function toRate(tokensPerMinute: number | undefined): ClientRate | undefined {
  return tokensPerMinute === undefined ? undefined : { perMinute: tokensPerMinute };
}

/** Whether a caller may have a limit of its own; what keys in a store have is seen when they come. */
function hasLimitedCallers({ keys, iam, keysCollection }: SluiceConfig['auth']): boolean {
  const known = [...keys, ...(iam?.identities ?? [])];
  return keysCollection !== undefined || known.some(({ tokensPerMinute }) => tokensPerMinute !== undefined);
}
