import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build as bundle } from 'esbuild';

const SOURCE = join('functions', 'gateway', 'playground');

/** What the page's HTML names, and the source each is bundled from. */
const ENTRY_POINTS = { 'app.js': 'main.tsx', 'app.css': 'styles/app.css', 'theme.js': 'theme.ts' } as const;

/**
 * Bundles the page into a directory: its HTML, and scripts and styles under names that carry a hash of their content, so
 * that browsers may keep them for good.
 */
export async function buildPage(root: string, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const { metafile } = await bundle({
    absWorkingDir: root,
    entryPoints: Object.values(ENTRY_POINTS).map((file) => join(SOURCE, file)),
    outdir: directory,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const built = new Map(
    Object.entries(metafile.outputs).flatMap(([file, { entryPoint }]) =>
      entryPoint === undefined ? [] : [[entryPoint, basename(file)] as const],
    ),
  );
  let html = await readFile(join(root, SOURCE, 'index.html'), 'utf8');
  for (const [name, source] of Object.entries(ENTRY_POINTS)) {
    html = html.replace(`"${name}"`, `"/playground/${built.get(join(SOURCE, source))}"`);
  }
  await writeFile(join(directory, 'index.html'), html);
}
