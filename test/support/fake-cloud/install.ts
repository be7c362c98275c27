import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { ROOT } from '../../../scripts/build.ts';
import { type CloudState, createCloudState } from './gcloud.ts';
import type { TerraformState } from './terraform.ts';

interface Call {
  readonly name: string;
  readonly args: readonly string[];
  /** What it was given on standard input. */
  readonly input: string;
}

export interface FakeCloud {
  /** Variables for a process that is to find the stand-ins in place of gcloud and terraform. */
  readonly variables: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Begins anew: a project in order, with these changes. */
  reset(change?: (state: { cloud: CloudState; terraform: TerraformState }) => void): void;
  /** Takes a command off PATH, or puts it back. */
  setInstalled(name: 'gcloud' | 'terraform', installed: boolean): void;
  state(): { cloud: CloudState; terraform: TerraformState };
  calls(): readonly Call[];
  remove(): void;
}

/** Stand-ins for gcloud and terraform as programs of their own, in a folder that is all there is on PATH. */
export function installFakeCloud(): FakeCloud {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-fake-cloud-'));
  const bin = join(directory, 'bin');
  const program = join(directory, 'main.mjs');
  const file = join(directory, 'state.json');
  mkdirSync(bin);
  buildSync({
    entryPoints: [join(ROOT, 'test', 'support', 'fake-cloud', 'main.ts')],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  const install = (name: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec "${process.execPath}" "${program}" ${name} "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  };
  for (const name of ['gcloud', 'terraform']) install(name);
  // What npm and tsx need; the real gcloud and terraform may be beside the system's node.
  symlinkSync(process.execPath, join(bin, 'node'));
  for (const tool of ['sh', 'npm', 'npx', 'env']) {
    const found = ['/usr/local/bin', '/usr/bin', '/bin']
      .map((folder) => join(folder, tool))
      .find((path) => existsSync(path));
    if (found !== undefined) symlinkSync(found, join(bin, tool));
  }

  return {
    directory,
    variables: { PATH: bin, HOME: directory, FAKE_CLOUD: file, METADATA_SERVER_DETECTION: 'none' },
    reset(change = () => {}) {
      const state = {
        cloud: createCloudState(),
        terraform: { version: '1.13.0', failing: {}, changes: 2, outputs: {} } as TerraformState,
      };
      change(state);
      writeFileSync(file, JSON.stringify(state));
      rmSync(`${file}.log`, { force: true });
      for (const name of ['gcloud', 'terraform']) install(name);
    },
    setInstalled: (name, installed) => (installed ? install(name) : rmSync(join(bin, name), { force: true })),
    state: () => JSON.parse(readFileSync(file, 'utf8')),
    calls: () =>
      existsSync(`${file}.log`)
        ? readFileSync(`${file}.log`, 'utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Call)
        : [],
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
