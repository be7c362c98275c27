import { describe, expect, it } from 'vitest';
import { createBatchedWriter } from '../../../shared/telemetry/batched-writer.ts';

const nextTurn = () => new Promise(setImmediate);

describe('lines of one turn of the event loop', () => {
  it('are written at once, in their order', async () => {
    const written: string[] = [];
    const write = createBatchedWriter((text) => written.push(text));
    write('1\n');
    await Promise.resolve();
    write('2\n');
    expect(written).toEqual([]);
    await nextTurn();
    expect(written).toEqual(['1\n2\n']);
    write('3\n');
    await nextTurn();
    expect(written).toEqual(['1\n2\n', '3\n']);
  });

  it('are written when the process ends first, and only once', async () => {
    const written: string[] = [];
    const before = process.listenerCount('exit');
    const write = createBatchedWriter((text) => written.push(text));
    write('last words\n');
    for (const listener of process.listeners('exit').slice(before)) listener(0);
    expect(written).toEqual(['last words\n']);
    await nextTurn();
    expect(written).toEqual(['last words\n']);
    expect(process.listenerCount('exit')).toBe(before);
  });
});
