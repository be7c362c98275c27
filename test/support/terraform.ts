import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../scripts/build.ts';

const STAND_IN = process.env.TERRAFORM_STAND_IN || join(ROOT, '..', 'shared', 'tools', 'terraform-stand-in');

/** Whether Terraform and the stand-in for Google's provider are here. */
export function hasTerraform(): boolean {
  return (
    existsSync(join(STAND_IN, 'check')) && spawnSync('terraform', ['version'], { env: cleanEnvironment() }).status === 0
  );
}

export interface TerraformCopy {
  readonly directory: string;
  /** The whole check of the stand-in. */
  check(): { readonly status: number; readonly output: string };
  /** Terraform with the stand-in for the provider. @throws Error with its output when it fails. */
  run(args: readonly string[], variables?: Readonly<Record<string, string>>): string;
  remove(): void;
}

/** A copy of `infra/` to break or to plan. */
export function copyInfra(): TerraformCopy {
  const work = mkdtempSync(join(tmpdir(), 'sluice-infra-'));
  const directory = join(work, 'infra');
  cpSync(join(ROOT, 'infra'), directory, {
    recursive: true,
    filter: (source) => !/(?:\/\.terraform|\/backend_override\.tf)$/.test(source),
  });
  return {
    directory,
    check() {
      const { status, stdout, stderr } = spawnSync(join(STAND_IN, 'check'), [directory], {
        env: cleanEnvironment(),
        encoding: 'utf8',
      });
      return { status: status ?? 1, output: `${stdout}${stderr}` };
    },
    run(args, variables = {}) {
      const tools = prepareTools(directory);
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(tools, 'schema-provider.mjs'), join(tools, 'google.schema.json'), '--', 'terraform', ...args],
        { cwd: directory, env: { ...cleanEnvironment(), ...variables }, encoding: 'utf8', maxBuffer: 64 * 1_048_576 },
      );
      if (status !== 0) throw new Error(`terraform ${args[0]} failed:\n${stdout}${stderr}`);
      return stdout;
    },
    remove: () => rmSync(work, { recursive: true, force: true }),
  };
}

/** Where the stand-in's own check puts its packages; it is run once on nothing when they are not there yet. */
function prepareTools(directory: string): string {
  const lock = createHash('sha256')
    .update(readFileSync(join(STAND_IN, 'package-lock.json')))
    .digest('hex');
  const tools = join(tmpdir(), `terraform-stand-in-${lock.slice(0, 12)}`);
  if (!existsSync(join(tools, 'node_modules')))
    spawnSync(join(STAND_IN, 'check'), [directory], { env: cleanEnvironment() });
  return tools;
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const { TF_CLI_CONFIG_FILE: _file, ...environment } = process.env;
  return environment;
}
