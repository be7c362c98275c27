import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';

function run(...args: string[]) {
  return spawnSync(process.execPath, ['--import', 'tsx', join('scripts', 'bench.ts'), ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
}

describe('the options of the bench', () => {
  it('are explained, with the names of its parts', () => {
    const { status, stdout, stderr } = run('--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: npm run bench .*gateway, growth, ingest, search, start.*--check/s);
  });

  it.each([
    [['--rounds', '3'], '--rounds'],
    [['gatway'], 'There is no part gatway.'],
  ] as const)('are refused without a stack where they are wrong, %j', (args, named) => {
    const { status, stdout, stderr } = run(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(named);
    expect(stderr).toContain('Usage: npm run bench');
    expect(stderr).not.toContain('    at ');
  });
});
