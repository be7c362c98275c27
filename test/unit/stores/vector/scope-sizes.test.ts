import { expect, it, vi } from 'vitest';
import type { StoreScope } from '../../../../shared/contracts/vector-store.ts';
import { createScopeSizes } from '../../../../shared/stores/vector/scope-sizes.ts';

const scope: StoreScope = { collection: 'default', tenant: null };

it('tells a scope with more chunks than the limit from one with as many, and each from the others', async () => {
  const sizes: Record<string, number> = { 'a/': 3, 'b/': 4, 'a/t': 5 };
  const isLarge = createScopeSizes({
    limit: 3,
    count: async ({ collection, tenant }) => sizes[`${collection}/${tenant ?? ''}`] ?? 0,
    now: () => 0,
  });
  expect(await isLarge({ collection: 'a', tenant: null })).toBe(false);
  expect(await isLarge({ collection: 'b', tenant: null })).toBe(true);
  expect(await isLarge({ collection: 'a', tenant: 't' })).toBe(true);
});

it('counts no further than it has to, and again after a minute', async () => {
  const clock = { now: 0 };
  const count = vi.fn(async () => 7);
  const isLarge = createScopeSizes({ limit: 5, count, now: () => clock.now });
  for (const at of [0, 59_999]) {
    clock.now = at;
    expect(await isLarge(scope)).toBe(true);
  }
  expect(count.mock.calls).toEqual([[scope, 5]]);
  clock.now = 60_000;
  count.mockResolvedValue(5);
  expect(await isLarge(scope)).toBe(false);
});

it('remembers no failure, and never counts without a limit', async () => {
  const count = vi.fn<() => Promise<number>>().mockRejectedValueOnce(new Error('away')).mockResolvedValue(1);
  const isLarge = createScopeSizes({ limit: 0, count, now: () => 0 });
  await expect(isLarge(scope)).rejects.toThrow('away');
  expect(await isLarge(scope)).toBe(true);
  const never = vi.fn(async () => 1e9);
  expect(await createScopeSizes({ limit: Number.POSITIVE_INFINITY, count: never, now: () => 0 })(scope)).toBe(false);
  expect(never).not.toHaveBeenCalled();
});
