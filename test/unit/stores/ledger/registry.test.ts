import { expect, it } from 'vitest';
import { usageLedgers } from '../../../../shared/stores/ledger/registry.ts';

it.each(Object.entries(usageLedgers))('the registry makes the usage ledger "%s"', async (name, create) => {
  const ledger = await create({ projectId: 'demo-sluice' });
  expect(ledger.id).toBe(name);
  await ledger.close();
});
