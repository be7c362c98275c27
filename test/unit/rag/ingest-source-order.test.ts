import { setMaxListeners } from 'node:events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SourceDocument } from '../../../shared/contracts/document-store.ts';
import { createIngestWorld, expectedOf, paragraphs, type Stepper } from '../../support/ingest-world.ts';

const { signal } = new AbortController();
setMaxListeners(0, signal);
const ID = 'guide';

/** How events, instances and time play against each other. */
const play = fc.record({
  seed: fc.nat(),
  writes: fc.array(
    fc.record({
      text: fc.subarray(['A', 'B', 'C', 'D']),
      collection: fc.constantFrom('default', 'default', 'other'),
      tenant: fc.constantFrom(null, null, 't1'),
      isDeleted: fc.boolean(),
      afterMs: fc.integer({ min: 0, max: 3_000 }),
      deliveries: fc.integer({ min: 1, max: 2 }),
      /** The step in which the instance with the first delivery dies, if it comes that far. */
      dies: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
      /** Whether the step it dies in takes effect. */
      isDone: fc.boolean(),
      /** The step that takes so long that the instance is taken for dead. */
      stalls: fc.option(fc.integer({ min: 5, max: 9 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

test('whatever the order of events, instances, deaths and stalls, the vectors end as the document', async () => {
  await fc.assert(
    fc.asyncProperty(play, async ({ seed, writes }) => {
      const world = createIngestWorld();
      const random = createRandom(seed);
      const pass = (ms: number) => world.clock.sleep(ms, signal);
      let latest: SourceDocument | undefined;

      const handle = async ({ dies, isDone, stalls }: Partial<(typeof writes)[number]>): Promise<void> => {
        let steps = 0;
        let die: () => void = () => {};
        const death = new Promise<undefined>((resolve) => {
          die = () => resolve(undefined);
        });
        const run: Stepper = async (_step, operation) => {
          steps += 1;
          const number = steps;
          const isFatal = () => dies !== undefined && steps > dies && number !== dies;
          await pass(number === stalls ? 120_000 : random(500));
          if (isFatal()) return new Promise(() => {});
          if (number !== dies) {
            const result = await operation();
            await pass(random(500));
            return result;
          }
          if (isDone) await operation();
          die();
          return new Promise(() => {});
        };
        const outcome = await Promise.race([world.createInstance(run).converge(ID, { signal }), death]);
        if (outcome !== undefined && outcome.error?.retryable !== true) return;
        // The platform delivers again, later and elsewhere.
        await pass(10_000 + random(5_000));
        await handle({});
      };

      const events = writes.map(async ({ text, collection, tenant, isDeleted, deliveries, afterMs, ...fate }) => {
        await pass(afterMs);
        latest = isDeleted || text.length === 0 ? undefined : { id: ID, text: paragraphs(...text), collection, tenant };
        if (latest === undefined) await world.documents.deleteDocument(ID);
        else await world.documents.putDocument(latest);
        await Promise.all(Array.from({ length: deliveries }, (_, index) => handle(index === 0 ? fate : {})));
      });
      await world.until(Promise.all(events));
      expect(await world.stored(ID)).toEqual(expectedOf(latest));
    }),
    { numRuns: 200 },
  );
});

/** The same numbers for the same seed: whole, from 0 up to the bound. */
function createRandom(seed: number): (bound: number) => number {
  let state = seed | 1;
  return (bound) => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return ((state ^ (state >>> 13)) >>> 0) % bound;
  };
}
