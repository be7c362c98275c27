import { describe, expect, it } from 'vitest';
import { withTokenLimits } from '../../../../shared/app/accounting/token-limits.ts';
import type { SluiceConfig } from '../../../../shared/config/types.ts';
import type { UsageEntry } from '../../../../shared/contracts/usage-ledger.ts';
import type { Budget } from '../../../../shared/usage/budget.ts';

function open({ all, key, store }: { readonly all?: number; readonly key?: number; readonly store?: boolean }) {
  let nowMs = 0;
  const recorded: UsageEntry[] = [];
  const checked: unknown[] = [];
  const budget: Budget = {
    check: async (scope) => {
      checked.push(scope);
    },
    record: async (entry) => {
      recorded.push(entry);
    },
    close: async () => {},
  };
  const config = {
    limits: { ...(all === undefined ? {} : { tokensPerMinute: all }) },
    auth: {
      ...(store ? { keysCollection: 'keys' } : {}),
      keys: [{ name: 'k', ...(key === undefined ? {} : { tokensPerMinute: key }) }],
    },
  } as unknown as Pick<SluiceConfig, 'limits' | 'auth'>;
  const limited = withTokenLimits(budget, { config, now: () => nowMs });
  const use = (promptTokens: number, name?: string) =>
    limited.record({
      provider: 'p',
      model: 'm',
      promptTokens,
      completionTokens: 0,
      costNanoUsd: 0,
      ...(name === undefined ? {} : { key: name }),
    });
  return { budget, limited, use, recorded, checked, pass: (ms: number) => (nowMs += ms) };
}

const k = { key: { name: 'k' } };
const limitedKey = { key: { name: 'k', tokensPerMinute: 40_000 } };

describe('tokens per minute', () => {
  it('leave a budget as it is where there are none', () => {
    const { budget, limited } = open({});
    expect(limited).toBe(budget);
  });

  it('refuse a key that has used more than its share, until it is made up for', async () => {
    const { limited, use, pass } = open({ key: 40_000 });
    await limited.check(limitedKey);
    await use(30_000, 'k');
    await limited.check(limitedKey);
    await use(20_000, 'k');
    await expect(limited.check(limitedKey)).rejects.toMatchObject({
      code: 'rate_limit',
      retryable: false,
      retryAfterMs: 15_000,
    });
    await limited.check({ key: { name: 'other' } });
    await limited.check();
    pass(15_000);
    await limited.check(limitedKey);
  });

  it('of a key that is kept in a store are known when it comes', async () => {
    const { limited, use, pass } = open({ store: true });
    const stored = { key: { name: 'stored', tokensPerMinute: 1_000 } };
    await limited.check(stored);
    await use(1_500, 'stored');
    await expect(limited.check(stored)).rejects.toMatchObject({ code: 'rate_limit', retryAfterMs: 30_000 });
    await limited.check(k);
    pass(30_000);
    await limited.check(stored);
  });

  it('count all callers together where that is limited', async () => {
    const { limited, use } = open({ all: 1_000 });
    await use(600);
    await use(600, 'k');
    await expect(limited.check()).rejects.toMatchObject({ code: 'rate_limit' });
    await expect(limited.check(k)).rejects.toMatchObject({ code: 'rate_limit' });
  });

  it('ask the budget and tell it everything', async () => {
    const { limited, use, recorded, checked } = open({ all: 1_000 });
    await limited.check(k);
    await use(600, 'k');
    expect(checked).toEqual([k]);
    expect(recorded).toMatchObject([{ promptTokens: 600, key: 'k' }]);
  });
});
