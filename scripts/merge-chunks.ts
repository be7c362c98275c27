import { isBuiltin } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { type BuildOptions, type BuildResult, build, type Metafile, type Plugin } from 'esbuild';
import { eagerOutputs, reachedFrom } from './bundle-size.ts';
import { nodeModules } from './node-modules.ts';

type Split = BuildResult<{ metafile: true; write: false }>;

/** Files of a bundle that become one: its name, and those it is made of in the order in which they are run. */
type Groups = ReadonlyMap<string, readonly string[]>;

interface Merge {
  /** The text of each file of the split bundle. */
  readonly files: ReadonlyMap<string, string>;
  readonly groups: Groups;
  readonly exportsOf: (file: string) => readonly string[];
}

/** Of a lazily loaded chunk: below this, reading the file costs more than its code. */
const SMALL_BYTES = 4_096;

/**
 * Writes a bundle that was split into chunks, with those merged that are better together. A bundler splits by who imports
 * what and does not know what comes first: it leaves two dozen files to a start, and one for every few lines that two
 * others share, each to be found, read and linked.
 *
 * - `start.js` is what the start needs, but for the entry itself.
 * - `common.js` is what a thread needs of that, or the thread would load the function with it.
 * - `shared.js` is what several of the chunks that are loaded later share, where it is little.
 *
 * @param options.split what the bundler made, in memory; entries but `index.js` and the thread only keep the chunks of
 * what they import out of `index.js`, and are left out.
 * @param options.thread the file that threads are started with.
 * @returns the metafile, with the sources of each file that was written.
 */
export async function mergeChunks({
  split,
  root,
  directory,
  thread,
  options,
}: {
  split: Split;
  root: string;
  directory: string;
  thread: string;
  options: BuildOptions;
}): Promise<Metafile> {
  const { outputs } = split.metafile;
  const pathOf = (file: string): string => relative(root, join(directory, file));
  const outputOf = (file: string) => outputs[pathOf(file)] as Metafile['outputs'][string];
  const reached = (file: string): ReadonlySet<string> =>
    new Set(reachedFrom(outputs, pathOf(file)).map((path) => basename(path)));
  const ofThread = reached(thread);
  const ofFunction = reached('index.js');
  const start = eagerOutputs(split.metafile).map((path) => basename(path));
  const files = new Map(
    split.outputFiles
      .map(({ path, text }) => [basename(path), text] as const)
      .filter(([file]) => ofThread.has(file) || ofFunction.has(file)),
  );
  const later = [...files.keys()].filter((file) => !ofThread.has(file) && !start.includes(file));
  const groups: Groups = new Map([
    ['common.js', start.filter((file) => file !== 'index.js' && ofThread.has(file))],
    ['start.js', start.filter((file) => file !== 'index.js' && !ofThread.has(file))],
    ['shared.js', smallChunks({ later, start, outputOf })],
  ]);
  const grouped = new Set([...groups.values()].flat());
  const written = [...groups.keys(), ...[...files.keys()].filter((file) => !grouped.has(file))];
  const { metafile } = await build({
    ...options,
    absWorkingDir: root,
    entryPoints: Object.fromEntries(written.map((file) => [basename(file, '.js'), file])),
    outdir: directory,
    metafile: true,
    plugins: [
      nodeModules({ isOurs: (file) => grouped.has(file) }),
      mergePlugin({ files, groups, exportsOf: (file) => outputOf(file).exports }),
    ],
  });
  return {
    inputs: split.metafile.inputs,
    outputs: Object.fromEntries(
      Object.entries(metafile.outputs).map(([path, output]) => {
        const sources = groups.get(basename(path)) ?? [basename(path)];
        const { entryPoint: _, ...rest } = output;
        const { entryPoint } = outputs[path] ?? {};
        const imports = output.imports.map((imported) =>
          imported.path.startsWith('./') ? { path: join(dirname(path), imported.path), kind: imported.kind } : imported,
        );
        const inputs = Object.assign({}, ...sources.map((file) => outputOf(file).inputs));
        return [path, { ...rest, ...(entryPoint === undefined ? {} : { entryPoint }), imports, inputs }];
      }),
    ),
  };
}

/** Chunks of a few lines of ours that several others share and that bring nothing with them but each other and the start. */
function smallChunks({
  later,
  start,
  outputOf,
}: {
  later: readonly string[];
  start: readonly string[];
  outputOf: (file: string) => Metafile['outputs'][string];
}): readonly string[] {
  const isSmall = ({ entryPoint, bytes, inputs }: Metafile['outputs'][string]): boolean =>
    entryPoint === undefined &&
    bytes < SMALL_BYTES &&
    Object.keys(inputs).every((path) => !path.includes('node_modules'));
  const small = new Set(later.filter((file) => isSmall(outputOf(file))));
  const isAtHand = ({ path, kind, external }: Metafile['outputs'][string]['imports'][number]): boolean =>
    kind !== 'import-statement' ||
    (external ? path.startsWith('node:') : small.has(basename(path)) || start.includes(basename(path)));
  // One that is left out takes those along that import it.
  while ([...small].some((file) => !outputOf(file).imports.every(isAtHand) && small.delete(file)));
  return [...small];
}

/** Bundles the files of each group into one, and lets every other file import from that one what it had from them. */
function mergePlugin({ files, groups, exportsOf }: Merge): Plugin {
  const groupOf = new Map([...groups].flatMap(([group, members]) => members.map((file) => [file, group] as const)));
  const aliases = new Map([...groups.values()].flatMap((members) => [...aliasesOf(members, exportsOf)]));
  const isRenamed = (file: string): boolean => [...(aliases.get(file) ?? [])].some(([name, alias]) => name !== alias);
  const list = (file: string, toText: (name: string, alias: string) => string): string =>
    `{${[...(aliases.get(file) ?? [])].map(([name, alias]) => toText(name, alias)).join(',')}}`;
  return {
    name: 'merge-chunks',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind, importer, namespace }) => {
        if (kind === 'entry-point') return { path, namespace: groups.has(path) ? 'group' : 'chunk' };
        const file = basename(path);
        const group = path.startsWith('./') ? groupOf.get(file) : undefined;
        // What is imported for its names alone is not kept where no name is used.
        if (group === undefined) return { path, external: true, sideEffects: !isBuiltin(path) };
        if ((namespace === 'group' ? importer : groupOf.get(importer)) === group)
          return { path: file, namespace: 'chunk' };
        return isRenamed(file) ? { path: file, namespace: 'renamed' } : { path: `./${group}`, external: true };
      });
      onLoad({ filter: /./, namespace: 'chunk' }, ({ path }) => ({ contents: files.get(path) ?? '' }));
      onLoad({ filter: /./, namespace: 'group' }, ({ path }) => ({
        contents: (groups.get(path) ?? [])
          .map(
            (file) =>
              `import './${file}'; export ${list(file, (name, alias) => `${name} as ${alias}`)} from './${file}';`,
          )
          .join('\n'),
      }));
      onLoad({ filter: /./, namespace: 'renamed' }, ({ path }) => ({
        contents: `export ${list(path, (name, alias) => `${alias} as ${name}`)} from './${groupOf.get(path)}';`,
      }));
    },
  };
}

/** For each of the files the names that it exports, with those that they have where all are exported together. */
function aliasesOf(
  members: readonly string[],
  exportsOf: Merge['exportsOf'],
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const taken = new Set<string>();
  return new Map(
    members.map((file, index) => [
      file,
      new Map(
        exportsOf(file).map((name) => {
          const alias = taken.has(name) ? `${name}_${index}` : name;
          taken.add(alias);
          return [name, alias] as const;
        }),
      ),
    ]),
  );
}
