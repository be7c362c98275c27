import { describe, expect, it, vi } from 'vitest';
import { createCacheGuard } from '../../../../shared/stores/cache/cache-guard.ts';

const fault = new Error('down');
const fails = () => Promise.reject(fault);
const works = async () => 'value';

function setUp() {
  const clock = { now: 10_000 };
  const onFault = vi.fn();
  return { clock, onFault, guard: createCacheGuard({ now: () => clock.now, pauseMs: 1_000, onFault }) };
}

describe('a guarded cache', () => {
  it('passes on what works', async () => {
    expect(await setUp().guard(works)).toBe('value');
  });

  it('is left alone for a moment after a fault', async () => {
    const { guard, clock } = setUp();
    expect(await guard(fails)).toBeUndefined();
    clock.now += 999;
    const operation = vi.fn(works);
    expect(await guard(operation)).toBeUndefined();
    expect(operation).not.toHaveBeenCalled();
    clock.now += 1;
    expect(await guard(operation)).toBe('value');
    expect(await guard(operation)).toBe('value');
  });

  it('is not left alone for ever when the clock is set back', async () => {
    const { guard, clock } = setUp();
    await guard(fails);
    clock.now -= 5_000;
    expect(await guard(works)).toBe('value');
  });

  it('tells of the first fault of a row', async () => {
    const { guard, clock, onFault } = setUp();
    for (const operation of [fails, fails, works, fails, fails]) {
      await guard(operation);
      clock.now += 1_000;
    }
    expect(onFault.mock.calls).toEqual([[fault], [fault]]);
  });

  it('takes an operation that throws at once for one that fails', async () => {
    const { guard } = setUp();
    const operation = () => {
      throw fault;
    };
    expect(await guard(operation)).toBeUndefined();
  });
});
