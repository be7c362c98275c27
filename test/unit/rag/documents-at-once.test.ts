import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createDocumentsAtOnce } from '../../../shared/rag/documents-at-once.ts';

const { signal } = new AbortController();
const small = (count: number) => Array.from({ length: count }, (_, index) => ({ content: `small ${index}` }));
const large = (count: number, size = 20_001) => {
  const content = new Uint8Array(size);
  return Array.from({ length: count }, () => ({ content }));
};
const huge = (count: number) => large(count, 5_000_000);

/** Counts how many run at a time, of each kind. */
function createWatched() {
  const running = { small: 0, large: 0 };
  const most = { small: 0, large: 0 };
  const operation = async (input: { readonly content: string | Uint8Array }) => {
    const kind = typeof input.content === 'string' ? 'small' : 'large';
    running[kind] += 1;
    most[kind] = Math.max(most[kind], running[kind]);
    await turn();
    await turn();
    running[kind] -= 1;
    return input;
  };
  return { most, operation };
}

describe('documents', () => {
  test('run many small ones at a time and four of any size, results in their order', async () => {
    const { most, operation } = createWatched();
    const inputs = [...small(200), ...huge(20), ...small(100)];
    expect(await createDocumentsAtOnce()(inputs, operation, signal)).toEqual(inputs);
    expect(most.large).toBe(4);
    expect(most.small).toBeGreaterThan(50);
    expect(most.small).toBeLessThanOrEqual(128);
  });

  test.each([
    [20_001, 127],
    [100_000, 25],
    [400_000, 6],
    [640_000, 4],
    [5_000_000, 4],
  ])('of %i characters run %i at a time, over all calls', async (size, atOnce) => {
    const { most, operation } = createWatched();
    const forEach = createDocumentsAtOnce();
    await Promise.all([forEach(large(100, size), operation, signal), forEach(large(100, size), operation, signal)]);
    expect(most.large).toBe(atOnce);
  });

  test('that are large share what is taken in hand at a time', async () => {
    let characters = 0;
    let most = 0;
    const inputs = [...huge(2), ...large(30, 100_000), ...huge(1), ...large(10, 300_000)];
    await createDocumentsAtOnce()(
      inputs,
      async ({ content }) => {
        const weight = Math.min(content.length, 640_000);
        characters += weight;
        most = Math.max(most, characters);
        await turn();
        characters -= weight;
      },
      signal,
    );
    expect(most).toBeGreaterThan(2_000_000);
    expect(most).toBeLessThanOrEqual(2_560_000);
  });

  test('are all told when the caller goes away', async () => {
    const controller = new AbortController();
    const seen: boolean[] = [];
    const pending = createDocumentsAtOnce()(
      [...small(3), ...huge(6)],
      async (_input, shared) => {
        await turn();
        seen.push(shared.aborted);
      },
      controller.signal,
    );
    controller.abort();
    await pending;
    expect(seen).toEqual(new Array(9).fill(true));
  });

  test('may all listen to their signal without being taken for a leak', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on('warning', listen);
    const operation = async (_input: unknown, shared: AbortSignal) => {
      shared.addEventListener('abort', () => {});
      await turn();
    };
    await createDocumentsAtOnce()([...small(50), ...large(50)], operation, signal);
    await turn();
    process.off('warning', listen);
    expect(warnings).toEqual([]);
  });
});
