import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Contender } from '../rounds.ts';
import type { SearchSize } from './data.ts';

const run = promisify(execFile);

export const C_SCAN = 'C scan, one thread';

/** Builds the C scan; undefined where there is no C compiler. */
export async function buildScan(scratch: string): Promise<((size: SearchSize) => Contender) | undefined> {
  const program = join(scratch, 'scan');
  const source = join(import.meta.dirname, 'scan.c');
  try {
    await run('cc', ['-O3', '-march=native', '-ffast-math', '-o', program, source]);
  } catch {
    return undefined;
  }
  return ({ count, dimensions }) => ({
    name: C_SCAN,
    measure: async () => Number.parseFloat((await run(program, [String(count), String(dimensions)])).stdout),
  });
}
