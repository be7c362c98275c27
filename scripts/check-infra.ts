/**
 * Checks `infra/` without a cloud: builds what it reads, has Terraform format, validate, plan and test it, and holds it
 * against the code, both ways: variables, secrets, roles, collections, entry points, paths, and an index for each query.
 *
 *   npm run check:infra
 *
 * Where the stand-in for Google's provider is (`TERRAFORM_STAND_IN`, default `../shared/tools/terraform-stand-in`), it
 * needs no network; else Terraform downloads the provider, and plans are left to those who have a project.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment } from '../shared/config/environment.ts';
import { build, ROOT } from './build.ts';
import { writeDeployment } from './deployment.ts';

/** Tests that hold infra and the code against each other. */
const PARITY = [
  'test/unit/infra/parity.test.ts',
  'test/unit/infra/cloud-build.test.ts',
  'test/unit/scripts/firestore-needs.test.ts',
  'test/unit/scripts/infrastructure.test.ts',
];

/** Runs a command with its output on the terminal. @throws Error with the cure when it fails. */
function run(command: string, args: readonly string[], directory: string): void {
  const { status, error } = spawnSync(command, args, { cwd: directory, stdio: 'inherit' });
  if (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw isMissing
      ? new Error(`${command} is not installed: https://developer.hashicorp.com/terraform/install`)
      : error;
  }
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} found faults.`);
}

/** A copy, so that neither a state bucket of a deployment nor downloaded providers get in the way. */
async function check(): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'sluice-infra-'));
  try {
    await writeDeployment({ names: Object.keys(await build()), root: ROOT });
    const infra = join(work, 'infra');
    await cp(join(ROOT, 'infra'), infra, {
      recursive: true,
      filter: (source) => !/(?:\/\.terraform|\/backend_override\.tf|\.tfstate(?:\.backup)?)$/.test(source),
    });
    await cp(join(ROOT, 'dist'), join(work, 'dist'), {
      recursive: true,
      filter: (source) => source.endsWith('dist') || /\.(?:zip|json)$/.test(source),
    });
    const standIn = readEnvironment().TERRAFORM_STAND_IN || join(ROOT, '..', 'shared', 'tools', 'terraform-stand-in');
    if (existsSync(join(standIn, 'check'))) run(join(standIn, 'check'), [infra], work);
    else {
      run('terraform', ['fmt', '-check', '-recursive'], infra);
      run('terraform', ['init', '-backend=false', '-input=false'], infra);
      run('terraform', ['validate'], infra);
      run('terraform', ['test'], infra);
    }
    run(
      process.execPath,
      [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', 'unit', ...PARITY],
      ROOT,
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

try {
  await check();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
