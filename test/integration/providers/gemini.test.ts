import { expect, test } from 'vitest';
import { createGeminiProvider } from '../../../shared/providers/gemini.ts';
import { loadRecordings, score } from '../../support/replay.ts';

const hasRecordings = loadRecordings('gemini').length > 0;

test.skipIf(!hasRecordings)(
  'recorded answers of the vendor are translated right, however their bytes are cut',
  async () => {
    const provider = createGeminiProvider();
    const { failures, share } = await score(['gemini'], () => provider, { print: false });
    expect(failures.map(({ id, mode, wrong }) => ({ id, mode, wrong }))).toEqual([]);
    expect(share).toBe(1);
  },
);
