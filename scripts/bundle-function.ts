import { basename, dirname, join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { mergeChunks } from './merge-chunks.ts';

/**
 * Bundled in, the framework would exist twice and register functions where nobody looks; it is installed beside the
 * bundle instead, at the exact version this repository is tested with.
 */
export const FRAMEWORK = '@google-cloud/functions-framework';

/**
 * Some bundled packages are CommonJS and count on names that an ES module does not have. Each is marked as pure, so that
 * files which use none of them do not make them.
 */
const COMMONJS_NAMES = [
  "const require = /* @__PURE__ */ (() => process.getBuiltinModule('node:module').createRequire(import.meta.url))();",
  'const __filename = /* @__PURE__ */ (() => import.meta.filename)();',
  'const __dirname = /* @__PURE__ */ (() => import.meta.dirname)();',
].join('\n');

const OPTIONS = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Names stay: a stack in a log that nobody can read is worth nothing.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
} satisfies BuildOptions;

/**
 * Bundles one function into `directory` as ES modules: what its start needs in `start.js`, every SDK and all else in
 * chunks of their own that are loaded when they are first used.
 *
 * @param options.root of the repository; the paths of the metafile are relative to it.
 * @returns the source files, and what each file of the bundle holds of them.
 */
export async function bundleFunction({
  root,
  name,
  directory,
}: {
  root: string;
  name: string;
  directory: string;
}): Promise<Metafile> {
  const entry = join('functions', name, 'index.ts');
  const split = await build({
    ...OPTIONS,
    absWorkingDir: root,
    // Threads are started by the name of their file.
    entryPoints: { index: entry, 'file-thread': 'shared/rag/file-thread.ts', ...(await importsOf(entry, root)) },
    outdir: directory,
    splitting: true,
    // A database for development, which production refuses.
    external: [FRAMEWORK, '@electric-sql/*'],
    banner: { js: COMMONJS_NAMES },
    metafile: true,
    write: false,
  });
  return await mergeChunks({ split, root, directory, thread: 'file-thread.js', options: OPTIONS });
}

/**
 * What a function's entry imports, as entries of their own: only then is the entry alone in its file. It waits for the
 * function to be registered, and a chunk that is loaded meanwhile would wait for it in turn, if it held anything more.
 */
async function importsOf(entry: string, root: string): Promise<Record<string, string>> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    external: ['*'],
    metafile: true,
    write: false,
  });
  const imports = Object.values(metafile.outputs)
    .flatMap((output) => output.imports)
    .filter(({ path }) => path.startsWith('.'));
  return Object.fromEntries(
    imports.map(({ path }) => [`entry-${basename(path, '.ts')}`, join(dirname(entry), path)] as const),
  );
}
