import { afterEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { waitFor } from '../../../shared/stores/abort.ts';

const never = () => new Promise<never>(() => undefined);

describe('waiting for an operation', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('passes on what the operation gives or throws', async () => {
    await expect(waitFor(async () => 5, { timeoutMs: 1_000 })).resolves.toBe(5);
    const failure = new Error('broken');
    await expect(waitFor(() => Promise.reject(failure), { timeoutMs: 1_000 })).rejects.toBe(failure);
  });

  it('ends after the time it was given', async () => {
    vi.useFakeTimers();
    const waiting = waitFor(never, { timeoutMs: 1_000 });
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'timeout', retryable: true });
    await vi.advanceTimersByTimeAsync(1_000);
    await outcome;
  });

  it('ends when the caller goes away, with the reason the caller gave', async () => {
    const controller = new AbortController();
    const waiting = waitFor(never, { timeoutMs: 1_000, signal: controller.signal });
    controller.abort(new AppError('timeout', 'The deadline of the request has passed.'));
    await expect(waiting).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('deadline') });
  });

  it('does not start for a caller that is already gone', async () => {
    const operation = vi.fn(never);
    const waiting = waitFor(operation, { timeoutMs: 1_000, signal: AbortSignal.abort() });
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect(operation).not.toHaveBeenCalled();
  });

  it('leaves neither a timer nor a listener behind', async () => {
    vi.useFakeTimers();
    const controller = new AbortController();
    const remove = vi.spyOn(controller.signal, 'removeEventListener');
    await waitFor(async () => 1, { timeoutMs: 1_000, signal: controller.signal });
    expect(vi.getTimerCount()).toBe(0);
    expect(remove).toHaveBeenCalledOnce();
  });
});
