import { basename, dirname, join, relative } from 'node:path';
import { type BuildOptions, type BuildResult, build, type Metafile, type Plugin } from 'esbuild';
import { eagerOutputs, reachedFrom } from './bundle-size.ts';

type Split = BuildResult<{ metafile: true; write: false }>;

/** Files of a bundle that become one: its name, and those it is made of in the order in which they are run. */
type Groups = ReadonlyMap<string, readonly string[]>;

interface Merge {
  /** The text of each file of the split bundle. */
  readonly files: ReadonlyMap<string, string>;
  readonly groups: Groups;
  readonly exportsOf: (file: string) => readonly string[];
}

/**
 * Writes a bundle that was split into chunks, with those that its start loads anyway merged. A bundler splits by who
 * imports what and does not know that the start comes first: it leaves two dozen files, each to be found, read and linked.
 * What a thread needs of them stays apart in `common.js`, or the thread would load the function with it.
 *
 * @param options.split what the bundler made, in memory; entries but `index.js` and the thread only keep the chunks of
 * what they import out of `index.js`, and are left out.
 * @param options.thread the file that threads are started with.
 * @returns the metafile, with the sources of each file that was written.
 */
export async function mergeStart({
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
  const files = new Map(split.outputFiles.map(({ path, text }) => [basename(path), text]));
  const outputOf = (file: string) => outputs[relative(root, join(directory, file))] as Metafile['outputs'][string];
  const ofThread = new Set(reachedFrom(outputs, relative(root, join(directory, thread))).map((path) => basename(path)));
  const start = eagerOutputs(split.metafile).map((path) => basename(path));
  const inStart = start.filter((file) => file !== 'index.js');
  const groups: Groups = new Map([
    ['common.js', inStart.filter((file) => ofThread.has(file))],
    ['start.js', inStart.filter((file) => !ofThread.has(file))],
  ]);
  const loaded = new Set(
    reachedFrom(outputs, relative(root, join(directory, 'index.js'))).map((path) => basename(path)),
  );
  const kept = [...files.keys()].filter((file) => (loaded.has(file) && !inStart.includes(file)) || ofThread.has(file));
  const written = [...groups.keys(), ...kept.filter((file) => !inStart.includes(file))];
  const { metafile } = await build({
    ...options,
    absWorkingDir: root,
    entryPoints: Object.fromEntries(written.map((file) => [basename(file, '.js'), file])),
    outdir: directory,
    metafile: true,
    plugins: [mergePlugin({ files, groups, exportsOf: (file) => outputOf(file).exports })],
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

/** Bundles the files of each group into one, and lets every other file import from that one what it had from them. */
function mergePlugin({ files, groups, exportsOf }: Merge): Plugin {
  const groupOf = new Map([...groups].flatMap(([group, members]) => members.map((file) => [file, group] as const)));
  const aliases = new Map([...groups.values()].flatMap((members) => [...aliasesOf(members, exportsOf)]));
  const isRenamed = (file: string): boolean => [...(aliases.get(file) ?? [])].some(([name, alias]) => name !== alias);
  const list = (file: string, toText: (name: string, alias: string) => string): string =>
    `{${[...(aliases.get(file) ?? [])].map(([name, alias]) => toText(name, alias)).join(',')}}`;
  return {
    name: 'merge-start',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind, importer, namespace }) => {
        if (kind === 'entry-point') return { path, namespace: groups.has(path) ? 'group' : 'chunk' };
        const file = basename(path);
        const group = path.startsWith('./') ? groupOf.get(file) : undefined;
        // Nothing of Node is run for its own sake.
        if (group === undefined) return { path, external: true, sideEffects: !path.startsWith('node:') };
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
