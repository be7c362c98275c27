import { expect, test } from 'vitest';
import { createVertexProvider } from '../../../shared/providers/vertexai.ts';
import { loadRecordings, score } from '../../support/replay.ts';

const hasRecordings = loadRecordings('vertex').length > 0;

test.skipIf(!hasRecordings)(
  'recorded answers of the vendor are translated right, however their bytes are cut',
  async () => {
    const provider = createVertexProvider();
    const { failures, share } = await score(['vertex'], () => provider, {
      call: { project: 'recorded' },
      print: false,
    });
    expect(failures.map(({ id, mode, wrong }) => ({ id, mode, wrong }))).toEqual([]);
    expect(share).toBe(1);
  },
);
