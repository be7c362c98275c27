import { inflateRawSync } from 'node:zlib';
import { AppError } from '../contracts/app-error.ts';

/** Signatures and fields of ZIP archives (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT). */
const END_SIGNATURE = Buffer.from([0x50, 0x4b, 0x05, 0x06]);
const END_BYTES = 22;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
const MAX_ENTRIES = 10_000;

/**
 * The entries of an archive whose names match, unpacked. What an archive says of the sizes of its entries need not be
 * true, and a library that believes it would unpack gigabytes out of a few kilobytes.
 *
 * @throws AppError `invalid_request` for what is no archive, is encrypted or damaged, `too_large` when the matching
 * entries hold more than `maxBytes` together.
 */
export function unpackZip(
  archive: Buffer,
  { only, maxBytes }: { readonly only: RegExp; readonly maxBytes: number },
): ReadonlyMap<string, Buffer> {
  let left = maxBytes;
  let entries = 0;
  const unpacked = new Map<string, Buffer>();
  try {
    for (const entry of readEntries(archive)) {
      entries += 1;
      if (entries > MAX_ENTRIES) throw tooLarge(maxBytes);
      if (!only.test(entry.name)) continue;
      const content = unpack(archive, entry, left);
      left -= content.length;
      if (left < 0) throw tooLarge(maxBytes);
      unpacked.set(entry.name, content);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new AppError('invalid_request', 'The file is damaged, or it is no ZIP archive.', {
      param: 'content',
      cause: error,
    });
  }
  return unpacked;
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly packedBytes: number;
  readonly offset: number;
}

function* readEntries(archive: Buffer): Generator<Entry> {
  const end = archive.lastIndexOf(END_SIGNATURE);
  if (end === -1 || end + END_BYTES > archive.length) throw new RangeError('no end of the central directory');
  const directoryBytes = archive.readUInt32LE(end + 12);
  let position = archive.readUInt32LE(end + 16);
  // Readers disagree on archives with something before or in between; none of ours is like that.
  if (position + directoryBytes !== end) throw new RangeError('the central directory is not where it should be');
  while (position < end) {
    if (archive.readUInt32LE(position) !== ENTRY_SIGNATURE) throw new RangeError('no entry where one should be');
    if (archive.readUInt16LE(position + 8) & 1) throw new RangeError('an encrypted entry');
    const nameBytes = archive.readUInt16LE(position + 28);
    const start = position + ENTRY_BYTES;
    yield {
      name: archive.toString('utf8', start, start + nameBytes),
      method: archive.readUInt16LE(position + 10),
      packedBytes: archive.readUInt32LE(position + 20),
      offset: archive.readUInt32LE(position + 42),
    };
    position = start + nameBytes + archive.readUInt16LE(position + 30) + archive.readUInt16LE(position + 32);
  }
}

function unpack(archive: Buffer, { method, packedBytes, offset }: Entry, maxBytes: number): Buffer {
  const start = offset + LOCAL_BYTES + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28);
  const packed = archive.subarray(start, start + packedBytes);
  if (packed.length !== packedBytes) throw new RangeError('an entry is cut off');
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw new RangeError('an unknown way of packing');
  return inflateRawSync(packed, { maxOutputLength: Math.max(1, maxBytes) });
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('too_large', `The file holds more than ${Math.floor(maxBytes / 1_048_576)} MiB of text parts.`, {
    param: 'content',
  });
}
