import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metafile } from 'esbuild';
import { buildPage } from './build-page.ts';
import { bundleFunction, FRAMEWORK } from './bundle-function.ts';
import { type LockFile, pruneLockFile } from './lock-file.ts';
import { placeConfiguration } from './place-configuration.ts';

export const FUNCTIONS = ['chat', 'embed', 'ingest', 'search', 'gateway'] as const;
/** Functions that events call, not people. */
export const EVENT_FUNCTIONS = ['ingest-on-write'] as const;
export type FunctionBundle = (typeof FUNCTIONS)[number] | (typeof EVENT_FUNCTIONS)[number];

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Bundles each function into `dist/NAME`, ready to run under the functions framework or to be zipped: ES modules with
 * every SDK in a chunk of its own that is loaded when it is first used, the configuration and its tree, and a package.json without
 * scripts (Cloud Build would run them) with its lock file. The gateway's page goes into `page` beside its bundle.
 */
export async function build(
  names: readonly FunctionBundle[] = [...FUNCTIONS, ...EVENT_FUNCTIONS],
  outputDirectory = join(ROOT, 'dist'),
): Promise<Readonly<Record<string, Metafile>>> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  const lockFile = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as LockFile;
  const configuration = await readFile(join(ROOT, 'functions', 'agents.yaml'), 'utf8');
  const metafiles: Record<string, Metafile> = {};
  // One after the other: a bundle takes a gigabyte of memory, and esbuild uses all processors for each.
  for (const name of names) {
    const directory = join(outputDirectory, name);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    const metafile = await bundleFunction({ root: ROOT, name, directory });
    const { version } = manifest;
    const dependencies = { [FRAMEWORK]: manifest.dependencies[FRAMEWORK] ?? '' };
    const described = { name: `sluice-${name}`, version, engines: { node: '24' }, dependencies };
    await writeJson(join(directory, 'package.json'), {
      ...described,
      private: true,
      type: 'module',
      main: 'index.js',
    });
    await writeJson(join(directory, 'package-lock.json'), pruneLockFile(lockFile, described));
    await placeConfiguration(configuration, join(directory, 'agents.yaml'));
    if (name === 'gateway') await buildPage(ROOT, join(directory, 'page'));
    metafiles[name] = metafile;
  }
  return metafiles;
}

function writeJson(file: string, value: unknown): Promise<void> {
  return writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Loads the whole application, which nobody needs who only wants the bundles.
  const { writeDeployment } = await import('./deployment.ts');
  const metafiles = await build();
  for (const [name, { outputs }] of Object.entries(metafiles)) {
    const sizes = Object.values(outputs).map(({ bytes }) => bytes);
    const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
    console.log(`dist/${name}: ${sizes.length} files, ${(total / 1024).toFixed(0)} KB`);
  }
  await writeDeployment({ names: Object.keys(metafiles), root: ROOT }).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
