import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';

function run(...args: string[]) {
  return spawnSync(process.execPath, ['--import', 'tsx', join('scripts', 'fuzz.ts'), ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
}

describe('the options of the fuzzer', () => {
  it('are explained', () => {
    const { status, stdout, stderr } = run('--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: npm run fuzz .*--runs.*--seed.*--url/s);
  });

  it.each([
    [['--rounds', '3'], '--rounds'],
    [['--runs', '0'], '--runs is'],
    [['--url', 'localhost'], '--url is'],
  ] as const)('are refused without a stack where they are wrong, %j', (args, named) => {
    const { status, stdout, stderr } = run(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(named);
    expect(stderr).toContain('Usage: npm run fuzz');
    expect(stderr).not.toContain('    at ');
  });
});
