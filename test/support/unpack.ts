import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file of the directory at the end of a ZIP archive. */
const DIRECTORY_HEADER = 0x02014b50;
const DIRECTORY_LENGTH = 46;
const LOCAL_LENGTH = 30;
const END_LENGTH = 22;

/** Unpacks an archive whose files are stored as they are, by the directory at its end, as every reader does. */
export async function unzip(archive: string, directory: string): Promise<void> {
  const bytes = await readFile(archive);
  const end = bytes.length - END_LENGTH;
  let offset = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
    if (bytes.readUInt32LE(offset) !== DIRECTORY_HEADER) throw new Error(`${archive} has no directory at ${offset}.`);
    if (bytes.readUInt16LE(offset + 10) !== 0) throw new Error(`${archive} is compressed.`);
    const size = bytes.readUInt32LE(offset + 20);
    const nameLength = bytes.readUInt16LE(offset + 28);
    const local = bytes.readUInt32LE(offset + 42);
    const name = bytes.toString('utf8', offset + DIRECTORY_LENGTH, offset + DIRECTORY_LENGTH + nameLength);
    const start = local + LOCAL_LENGTH + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const file = join(directory, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes.subarray(start, start + size));
    offset += DIRECTORY_LENGTH + nameLength + bytes.readUInt16LE(offset + 30) + bytes.readUInt16LE(offset + 32);
  }
}

/**
 * Puts the packages that a function's lock file names beside it, in the versions that it names, taken from `root`.
 *
 * @returns the command line of the functions framework among them.
 */
export async function placeDependencies(directory: string, root: string): Promise<string> {
  const { packages } = JSON.parse(await readFile(join(directory, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string; optional?: boolean }>;
  };
  for (const [path, { version, optional = false }] of Object.entries(packages)) {
    if (path === '') continue;
    const source = join(root, path);
    const manifest = await readFile(join(source, 'package.json'), 'utf8').catch(() => undefined);
    if (manifest === undefined && optional) continue;
    if (manifest === undefined || (JSON.parse(manifest) as { version: string }).version !== version) {
      throw new Error(`${path} ${version} of the lock file is not what is installed.`);
    }
    // A package's own packages are named by the lock file as well.
    const isOwn = (file: string): boolean => !file.slice(source.length).startsWith('/node_modules');
    await cp(source, join(directory, path), { recursive: true, filter: isOwn });
  }
  return join(directory, 'node_modules', '@google-cloud', 'functions-framework', 'build', 'src', 'main.js');
}
