import { measureDocuments } from '../growth/documents.ts';
import { measureAgents, measureLegs, measurePrompts } from '../growth/requests.ts';
import { measureStreams } from '../growth/streams.ts';
import type { BenchPart, BenchRow } from '../part.ts';

const MEASUREMENTS = [measurePrompts, measureAgents, measureLegs, measureStreams, measureDocuments] as const;

export const part: BenchPart = {
  name: 'growth',
  description:
    'The same at one, ten and a hundred times the size. The order of growth is the slope between them: 1 is linear, 0 is none.',
  async run(options) {
    const rows: BenchRow[] = [];
    for (const measure of MEASUREMENTS) {
      rows.push(...(await measure(options)));
      options.log(`  ${rows.at(-1)?.what}: ${rows.at(-1)?.ours.toFixed(2)}`);
    }
    return rows;
  },
};
