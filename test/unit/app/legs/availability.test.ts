import { describe, expect, it } from 'vitest';
import { createAvailability } from '../../../../shared/app/legs/availability.ts';
import { AppError, type ErrorCode } from '../../../../shared/contracts/app-error.ts';
import type { ChatProvider } from '../../../../shared/contracts/chat-provider.ts';

const call = { signal: new AbortController().signal, fetch: () => Promise.reject(new Error('not used')) };

/** A provider whose probes end as listed; the last one goes on for ever. */
function createProvider(...codes: readonly (ErrorCode | undefined)[]) {
  let asked = 0;
  const provider = {
    whyUnavailable: async ({ signal }: { signal: AbortSignal }) => {
      const code = codes[Math.min(asked, codes.length - 1)];
      asked += 1;
      if (signal.aborted) return new AppError('cancelled', 'gone');
      return code === undefined ? undefined : new AppError(code, 'down', { retryable: false });
    },
  } as unknown as ChatProvider;
  return { provider, asked: () => asked };
}

describe('whether a target can be asked', () => {
  it('is found out once for everybody within ten seconds', async () => {
    let nowMs = 0;
    const why = createAvailability({ now: () => nowMs });
    const { provider, asked } = createProvider(undefined, 'network');
    expect(await Promise.all([why('a', provider, call), why('a', provider, call)])).toEqual([undefined, undefined]);
    nowMs = 9_999;
    expect(await why('a', provider, call)).toBeUndefined();
    expect(asked()).toBe(1);
    nowMs = 10_000;
    expect(await why('a', provider, call)).toMatchObject({ code: 'network' });
    expect(await why('a', provider, call)).toMatchObject({ code: 'network' });
    expect(asked()).toBe(2);
  });

  it('is found out for each target on its own', async () => {
    const why = createAvailability({ now: () => 0 });
    const { provider } = createProvider('permission', undefined);
    expect(await why('a', provider, call)).toMatchObject({ code: 'permission' });
    expect(await why('b', provider, call)).toBeUndefined();
  });

  it('is not asked of a provider that has no probe', async () => {
    expect(await createAvailability()('a', {} as ChatProvider, call)).toBeUndefined();
  });

  it('is yes when only the token is refused, which the call renews', async () => {
    expect(await createAvailability()('a', createProvider('authentication').provider, call)).toBeUndefined();
  });

  it('does not depend on the caller who happened to ask first', async () => {
    const gone = { ...call, signal: AbortSignal.abort() };
    expect(await createAvailability()('a', createProvider(undefined).provider, gone)).toBeUndefined();
  });
});
