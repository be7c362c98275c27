import { expect, test } from 'vitest';
import { createAnthropicProvider } from '../../../shared/providers/anthropic.ts';
import { loadRecordings, score } from '../../support/replay.ts';

const hasRecordings = loadRecordings('anthropic').length > 0;

test.skipIf(!hasRecordings)(
  'recorded answers of the vendor are translated right, however their bytes are cut',
  async () => {
    const provider = createAnthropicProvider();
    const { failures, share } = await score(['anthropic'], () => provider, { print: false });
    expect(failures.map(({ id, mode, wrong }) => ({ id, mode, wrong }))).toEqual([]);
    expect(share).toBe(1);
  },
  300_000,
);
