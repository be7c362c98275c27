import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';
import { readCommandLine, toUsage } from '../../../scripts/command-line.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(script: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', join('scripts', `${script}.ts`), ...args];
    const child = execFile(process.execPath, command, { cwd: ROOT }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

const COMMANDS = [
  ['bench', /gateway, growth, ingest, search, start.*--check/s],
  ['config-check', /FILE/],
  ['conformance', /--provider.*--quick.*--failures/s],
  ['deploy', /ENVIRONMENT.*--plan-only/s],
  ['dev-firestore', /--port.*--instances.*--duplicates.*--reorder-ms/s],
  ['doctor', /--config.*--url.*--project.*--call/s],
  ['faults', /--provider.*openai.*--fault/s],
  ['fuzz', /--runs.*--seed.*--url/s],
  ['keys', /create.*list.*revoke/s],
  ['load', /streams\|slow-readers\|soak\|sigterm\|ingest-restart/],
  ['migrate-embeddings', /--to FILE.*--finish.*--remove-old/s],
  ['quality', /--store.*memory, firestore, pgvector, qdrant/s],
  ['smoke', /URL.*--outputs FILE/],
] as const;

it.each(COMMANDS)('npm run %s says how it is used', async (script, options) => {
  const { code, stdout, stderr } = await run(script, '--help');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^Usage: npm run /);
  expect(stdout).toMatch(options);
});

it.each([
  ['bench', ['gatway'], 'There is no part gatway.'],
  ['config-check', [], 'Name one configuration file.'],
  ['dev-firestore', ['--instances', '0'], '--instances is'],
  ['faults', ['--fault', 'reset', '--fault', 'nowhere'], 'No fault has nowhere in its name.'],
  ['fuzz', ['--runs', '0'], '--runs is'],
  ['load', ['soak', '--minutes', '-1'], '--minutes'],
  ['quality', ['--store', 'mars'], 'There is no store mars.'],
  ['smoke', ['--nodel', 'x'], "Unknown option '--nodel'"],
] as const)('%s %j is refused by name and without a stack', async (script, args, named) => {
  const { code, stdout, stderr } = await run(script, ...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(named);
  expect(stderr).toContain('\n\nUsage: npm run ');
  expect(stderr).not.toMatch(/^ {4}at /m);
});

it('no command reads its line without a usage to show', () => {
  const files = readdirSync(join(ROOT, 'scripts'), { recursive: true, encoding: 'utf8' });
  const reading = files.filter(
    (file) => file.endsWith('.ts') && /\bparseArgs\b/.test(readFileSync(join(ROOT, 'scripts', file), 'utf8')),
  );
  expect(reading.sort()).toEqual(['command-line.ts', join('sluice', 'command.ts')]);
});

describe('readCommandLine', () => {
  const config = { allowPositionals: true, options: { name: { type: 'string', default: 'x' } } } as const;

  it('reads options and the rest', () => {
    expect(readCommandLine(['a', '--name', 'b'], config)).toMatchObject({ values: { name: 'b' }, positionals: ['a'] });
  });

  it('takes --help and -h for a question wherever they stand before a lone --', () => {
    for (const args of [['--help'], ['a', '-h'], ['--nonsense', '--help']])
      expect(readCommandLine(args, config)).toBe('');
    expect(readCommandLine(['--', '--help'], config)).toMatchObject({ positionals: ['--help'] });
    expect(toUsage('', 'Usage')).toEqual({ exitCode: 0, output: 'Usage' });
  });

  it('says what is wrong', () => {
    const problem = readCommandLine(['--nam', 'b'], config);
    expect(problem).toContain("'--nam'");
    expect(toUsage(String(problem), 'Usage')).toEqual({ exitCode: 2, output: `${problem}\n\nUsage` });
  });
});
