import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from '../build.ts';

/**
 * Bundles the servers that only the bench has, so that plain Node runs them: a loader for TypeScript would be measured
 * with them. Their packages are found where `directory` is.
 * @returns the path of one of them by its name; a folder, as functions are deployed in, with an `index.js`.
 */
export async function buildBenchServers(directory: string): Promise<(name: string) => string> {
  const source = join(ROOT, 'scripts', 'bench', 'servers');
  const outdir = join(directory, 'servers');
  await mkdir(outdir, { recursive: true });
  await build({
    entryPoints: Object.fromEntries(
      (await readdir(source)).map((file) => [`${file.replace(/\.ts$/, '')}/index`, join(source, file)]),
    ),
    outdir,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  });
  return (name) => join(outdir, name);
}
