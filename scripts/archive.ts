import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** A file of an archive. */
interface Entry {
  /** Path inside the archive, with forward slashes. */
  readonly name: string;
  readonly content: Uint8Array;
}

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_HEADER = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
const VERSION = 20;
/** Names are UTF-8. */
const FLAGS = 0x0800;
/** 1980-01-01, the first day a ZIP archive can name. */
const DATE = 0x0021;
/** Made on Unix, a regular file, rw-r--r--. */
const MADE_BY = (3 << 8) | VERSION;
const ATTRIBUTES = (0o100644 << 16) >>> 0;

/**
 * The files of a directory as a ZIP archive. The same files make the same bytes wherever and whenever: sorted by name,
 * without times or owners, and stored as they are, because what a compressor makes depends on its version.
 */
export async function zipDirectory(directory: string): Promise<Buffer> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  const names = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(directory.length + 1))
    .sort();
  const entries = await Promise.all(
    names.map(async (name) => ({ name: name.replaceAll('\\', '/'), content: await readFile(join(directory, name)) })),
  );
  return zip(entries);
}

function zip(entries: readonly Entry[]): Buffer {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content } of entries) {
    const nameBytes = Buffer.from(name);
    const facts = toFacts(nameBytes, content);
    const local = Buffer.concat([toUint32(LOCAL_HEADER), toUint16(VERSION), facts, nameBytes]);
    directory.push(
      toUint32(DIRECTORY_HEADER),
      toUint16(MADE_BY, VERSION),
      facts,
      // No comment, the first disk, a binary file.
      toUint16(0, 0, 0),
      toUint32(ATTRIBUTES, offset),
      nameBytes,
    );
    parts.push(local, content);
    offset += local.length + content.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.concat([
    toUint32(END_OF_DIRECTORY),
    toUint16(0, 0, entries.length, entries.length),
    toUint32(index.length, offset),
    toUint16(0),
  ]);
  return Buffer.concat([...parts, index, end]);
}

/** What both headers of a file say, from its flags to the length of its name and of no extra field. */
function toFacts(name: Uint8Array, content: Uint8Array): Buffer {
  return Buffer.concat([
    toUint16(FLAGS, 0, 0, DATE),
    toUint32(crc32(content), content.length, content.length),
    toUint16(name.length, 0),
  ]);
}

function toUint16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16LE(value, index * 2);
  return bytes;
}

function toUint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}
