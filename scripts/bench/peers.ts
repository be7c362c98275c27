import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

export interface PeerSet {
  /** Folder name; one set is installed together. */
  readonly name: string;
  /** Exact versions. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** Exact versions of what they depend on, where it matters. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** Native packages need their install scripts. Default: they do not run. */
  readonly runScripts?: boolean;
}

export interface Peers {
  readonly directory: string;
  /** Imports a package of the set, at run time: the repository does not know it, so neither do the types. */
  load<Module = Record<string, unknown>>(specifier: string): Promise<Module>;
}

/** Where peers and built bench servers are kept from one run to the next, outside the repository. */
const CACHE = join(tmpdir(), 'sluice-bench');

/** Installs the packages of others that we are compared with; once, then they are found again. */
export async function installPeers({
  name,
  dependencies,
  overrides = {},
  runScripts = false,
}: PeerSet): Promise<Peers> {
  const manifest = JSON.stringify({ private: true, type: 'module', dependencies, overrides }, null, 2);
  const directory = join(CACHE, `${name}-${createHash('sha256').update(manifest).digest('hex').slice(0, 12)}`);
  const isReady = join(directory, '.ready');
  if (!existsSync(isReady)) {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'package.json'), manifest);
    const flags = ['--no-audit', '--no-fund', ...(runScripts ? [] : ['--ignore-scripts'])];
    await promisify(execFile)('npm', ['install', ...flags], { cwd: directory });
    await writeFile(isReady, '');
  }
  const require = createRequire(join(directory, 'package.json'));
  return {
    directory,
    load: async <Module>(specifier: string) => (await import(pathToFileURL(require.resolve(specifier)).href)) as Module,
  };
}
