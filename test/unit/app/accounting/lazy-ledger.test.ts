import { expect, it, vi } from 'vitest';
import { createLazyLedger } from '../../../../shared/app/accounting/lazy-ledger.ts';
import { createLazy } from '../../../../shared/app/lazy.ts';
import { createMemoryUsageLedger } from '../../../../shared/usage/memory-ledger.ts';
import { describeUsageLedger } from '../../../contracts/usage-ledger.ts';

describeUsageLedger({
  name: 'lazy',
  createLedger: ({ now }) =>
    createLazyLedger(
      'lazy',
      createLazy(async () => createMemoryUsageLedger({ now })),
    ),
});

it('a ledger that nobody used is neither made nor closed', async () => {
  const make = vi.fn(async () => createMemoryUsageLedger());
  const ledger = createLazyLedger('memory', createLazy(make));
  await ledger.flush();
  await ledger.close();
  expect(make).not.toHaveBeenCalled();
});
