import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { createDeadline } from '../../../shared/resilience/deadline.ts';

describe('a deadline', () => {
  let parent: AbortController;

  beforeEach(() => {
    vi.useFakeTimers();
    parent = new AbortController();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('aborts when the time is up, and says what took too long', () => {
    const { signal } = createDeadline(parent.signal, 5_000, 'The request');
    vi.advanceTimersByTime(4_999);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.reason).toBeInstanceOf(AppError);
    expect(signal.reason).toMatchObject({ code: 'timeout', message: 'The request took longer than 5000 ms.' });
    expect(parent.signal.aborted).toBe(false);
  });

  it('follows its parent with the parent’s reason', () => {
    const { signal } = createDeadline(parent.signal, 5_000, 'The request');
    const reason = new AppError('cancelled', 'The client went away.');
    parent.abort(reason);
    expect(signal.reason).toBe(reason);
    vi.advanceTimersByTime(10_000);
    expect(signal.reason).toBe(reason);
  });

  it('is over from the start when its parent is', () => {
    const reason = new AppError('cancelled', 'Gone.');
    parent.abort(reason);
    const { signal, end } = createDeadline(parent.signal, 5_000, 'The request');
    expect(signal.reason).toBe(reason);
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(0);
    end();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has no time limit when none is given', () => {
    const { signal } = createDeadline(parent.signal, undefined, 'The request');
    expect(vi.getTimerCount()).toBe(0);
    parent.abort();
    expect(signal.aborted).toBe(true);
  });

  it('keeps its parent when it is disarmed', () => {
    const { signal, disarm } = createDeadline(parent.signal, 5_000, 'The request');
    disarm();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(signal.aborted).toBe(false);
    parent.abort();
    expect(signal.aborted).toBe(true);
  });

  it('lets go of parent and timer when it ends', () => {
    const { signal, end } = createDeadline(parent.signal, 5_000, 'The request');
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(1);
    end();
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
    parent.abort();
    expect(signal.aborted).toBe(false);
    end();
  });

  it('can stand on another deadline', () => {
    const outer = createDeadline(parent.signal, 5_000, 'The request');
    const inner = createDeadline(outer.signal, 60_000, 'The leg');
    vi.advanceTimersByTime(5_000);
    expect(inner.signal.reason).toMatchObject({ message: 'The request took longer than 5000 ms.' });
  });
});
