import { renameSync, writeFileSync } from 'node:fs';

export type MemoryReading = NodeJS.MemoryUsage;

/**
 * Imported into a process beside what it runs, under `--expose-gc`: at SIGUSR2 it collects what nobody holds and writes
 * what is left to the file in its own address.
 */
const file = new URL(import.meta.url).searchParams.get('file');
const { gc } = globalThis as { gc?: () => void };
if (file === null || gc === undefined) throw new Error('The memory probe takes ?file=… and --expose-gc.');

process.on('SIGUSR2', () => {
  // What finalisers hold on to goes with the second one.
  gc();
  gc();
  writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage() satisfies MemoryReading));
  renameSync(`${file}.new`, file);
});
