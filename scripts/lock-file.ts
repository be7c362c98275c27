/** The parts of npm's lock file (version 3) that installing reads. */
export interface LockFile {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** What a package that is deployed says of itself. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/**
 * The lock file of a smaller package: what its dependencies need, at the versions and in the places of a larger lock
 * file. With it, a deployment installs what was tested here.
 *
 * @throws Error when the larger lock file lacks a dependency.
 */
export function pruneLockFile({ lockfileVersion, packages }: LockFile, manifest: Manifest) {
  const kept = new Map<string, LockedPackage>();

  const keep = (name: string, from: string, optional: boolean): void => {
    const place = find(packages, name, from);
    if (place === undefined) {
      if (optional) return;
      throw new Error(`package-lock.json lacks ${name}, which ${from || manifest.name} needs. Run npm install.`);
    }
    if (kept.has(place)) return;
    const found = packages[place] as LockedPackage;
    kept.set(place, found);
    for (const needed of Object.keys(found.dependencies ?? {})) keep(needed, place, false);
    for (const needed of Object.keys(found.optionalDependencies ?? {})) keep(needed, place, true);
  };

  for (const name of Object.keys(manifest.dependencies)) keep(name, '', false);
  const { name, version, engines, dependencies } = manifest;
  return {
    name,
    version,
    lockfileVersion,
    requires: true,
    packages: { '': { name, version, dependencies, engines }, ...Object.fromEntries([...kept].sort(byPlace)) },
  };
}

/** Where Node.js finds a package when a file of the package at `from` asks for it. */
function find(packages: LockFile['packages'], name: string, from: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const place = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[place] !== undefined) return place;
    if (folder === '') return undefined;
  }
}

function byPlace([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}
