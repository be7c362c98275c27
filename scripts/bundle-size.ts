import type { ImportKind, Metafile } from 'esbuild';

export interface BundleSize {
  readonly totalBytes: number;
  /** Of the entry and everything it imports before its first line runs. */
  readonly eagerBytes: number;
  /** The source files of that, with the bytes each has in it. */
  readonly eagerInputs: ReadonlyMap<string, number>;
}

/** The entry of a bundle and everything it imports before its first line runs. */
export function eagerOutputs({ outputs }: Metafile): readonly string[] {
  const entry = Object.keys(outputs).find((path) => path.endsWith('/index.js') && outputs[path]?.entryPoint);
  if (entry === undefined) throw new Error('The bundle has no entry.');
  return reachedFrom(outputs, entry, ['import-statement']);
}

/** A file of a bundle and all that it imports, directly or not, in the order in which it meets them. */
export function reachedFrom(
  outputs: Metafile['outputs'],
  entry: string,
  kinds: readonly ImportKind[] = ['import-statement', 'dynamic-import'],
): readonly string[] {
  const reached = new Set<string>();
  const visit = (path: string): void => {
    const output = outputs[path];
    if (output === undefined || reached.has(path)) return;
    reached.add(path);
    for (const { path: imported, kind } of output.imports) if (kinds.includes(kind as ImportKind)) visit(imported);
  };
  visit(entry);
  return [...reached];
}

/** What a bundle weighs. Chunks that are loaded by `import()` when they are needed are not eager. */
export function measureBundle(metafile: Metafile): BundleSize {
  const { outputs } = metafile;
  const eagerInputs = new Map<string, number>();
  let eagerBytes = 0;
  for (const path of eagerOutputs(metafile)) {
    const output = outputs[path] as Metafile['outputs'][string];
    eagerBytes += output.bytes;
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      eagerInputs.set(input, (eagerInputs.get(input) ?? 0) + bytesInOutput);
    }
  }
  const totalBytes = Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0);
  return { totalBytes, eagerBytes, eagerInputs };
}
