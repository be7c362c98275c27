import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../contracts/app-error.ts';
import type { StoredChunk } from '../../contracts/vector-store.ts';
import type { MemoryBlocks } from './memory-blocks.ts';

const FORMAT = 'sluice-vectors-1';
const DIGEST_BYTES = 32;
/** Node reads no larger file at once. */
const MAX_BYTES = 2 ** 31 - 1;
const NEWLINE = 0x0a;
/** Endings of the names of copies being written: a random id, or a process id as older versions used. */
const COPY = /^\.(?:\d+|[0-9a-f-]{36})\.tmp$/;

/** The chunks of a memory store in a file, so that they survive a restart. */
export interface MemoryFile {
  /**
   * Puts what the file holds into the store; a file that is not there yet holds nothing.
   * @throws AppError `configuration`.
   */
  load(): Promise<void>;
  /**
   * Resolves when what the store holds now is on disk. The file is replaced as a whole, so that it is never half
   * written; calls that come while one is writing share the next one.
   * @throws AppError `configuration` when somebody else has written to it, `quota_exceeded`, `server_error`.
   */
  save(): Promise<void>;
}

export interface MemoryFileOptions {
  readonly file: string;
  readonly dimensions: number;
  readonly blocks: MemoryBlocks;
}

interface Header {
  readonly format: string;
  readonly dimensions: number;
  readonly chunks: number;
  /** Of the chunks' lines; their vectors follow. */
  readonly bytes: number;
}

type Line = Omit<StoredChunk, 'createdAt' | 'updatedAt'> & {
  readonly collection: string;
  readonly createdAt: number;
  readonly updatedAt: number;
};

export function createMemoryFile({ file, dimensions, blocks }: MemoryFileOptions): MemoryFile {
  /** What the file looked like when we read or wrote it last. */
  let known: string | undefined;
  let writing: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const write = async (): Promise<void> => {
    const parts = encode(blocks, dimensions);
    // Of its own: other stores may be writing to the same file, in this process or in another container.
    const temporary = `${file}.${randomUUID()}.tmp`;
    try {
      await mkdir(dirname(file), { recursive: true });
      const handle = await open(temporary, 'w', 0o600);
      try {
        for (const part of parts) await handle.writeFile(part);
        await handle.datasync();
      } finally {
        await handle.close();
      }
      if ((await look(file)) !== known) {
        throw failure('was changed by another process, which would be lost. Give every process a file of its own');
      }
      await rename(temporary, file);
      known = await look(file);
    } catch (cause) {
      await rm(temporary, { force: true });
      if (cause instanceof AppError) throw cause;
      throw new AppError('server_error', 'The chunks could not be saved to the file of vectorstore.memory.file.', {
        cause,
      });
    }
  };

  const begin = (): Promise<void> => {
    writing = write().finally(() => {
      writing = undefined;
    });
    return writing;
  };

  return {
    async load() {
      await removeCopies(file);
      known = await look(file);
      if (known === undefined) return;
      let bytes: Buffer;
      try {
        bytes = await readFile(file);
      } catch (cause) {
        throw failure('cannot be read', cause);
      }
      for (const { collection, chunk, embedding } of decode(bytes, dimensions))
        blocks.put(collection, chunk, embedding);
    },
    save() {
      if (writing === undefined) return begin();
      // What is being written may be from before the caller's change; what comes next is not.
      next ??= writing
        .catch(() => undefined)
        .then(() => {
          next = undefined;
          return begin();
        });
      return next;
    },
  };
}

function encode(blocks: MemoryBlocks, dimensions: number): Uint8Array[] {
  const lines: string[] = [];
  const vectors: Float32Array[] = [];
  for (const { collection, vectors: block } of blocks.all()) {
    for (const chunk of block.chunks()) {
      const times = { createdAt: chunk.createdAt.getTime(), updatedAt: chunk.updatedAt.getTime() };
      lines.push(`${JSON.stringify({ ...chunk, ...times, collection } satisfies Line)}\n`);
      vectors.push(block.embeddingOf(chunk.id));
    }
  }
  const text = Buffer.from(lines.join(''));
  const header: Header = { format: FORMAT, dimensions, chunks: lines.length, bytes: text.length };
  const parts: Uint8Array[] = [Buffer.from(`${JSON.stringify(header)}\n`), text];
  for (const vector of vectors) parts.push(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  parts.push(digest.digest());
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  if (total > MAX_BYTES) {
    throw new AppError(
      'quota_exceeded',
      'The file of vectorstore.memory.file would be larger than 2 GiB. Use another vector store.',
      { retryable: false },
    );
  }
  return parts;
}

function decode(
  bytes: Buffer,
  dimensions: number,
): { collection: string; chunk: StoredChunk; embedding: Float32Array }[] {
  const end = bytes.length - DIGEST_BYTES;
  const content = bytes.subarray(0, Math.max(0, end));
  const isWhole = end > 0 && createHash('sha256').update(content).digest().equals(bytes.subarray(end));
  const headerEnd = content.indexOf(NEWLINE);
  if (!isWhole || headerEnd === -1) throw damaged();
  try {
    const header = JSON.parse(content.toString('utf8', 0, headerEnd)) as Header;
    if (header.format !== FORMAT) throw damaged();
    if (header.dimensions !== dimensions) {
      throw failure(
        `holds vectors of ${header.dimensions} dimensions, but ${dimensions} are configured. ` +
          'Configure the embedding model it was made with, or name another file and ingest the documents again',
      );
    }
    const textEnd = headerEnd + 1 + header.bytes;
    const lines = header.chunks === 0 ? [] : content.toString('utf8', headerEnd + 1, textEnd - 1).split('\n');
    // Copied: numbers of four bytes have to begin at a multiple of four.
    const vectors = new Float32Array(Uint8Array.from(content.subarray(textEnd)).buffer);
    return lines.map((line, place) => {
      const { collection, createdAt, updatedAt, ...chunk } = JSON.parse(line) as Line;
      return {
        collection,
        chunk: { ...chunk, createdAt: new Date(createdAt), updatedAt: new Date(updatedAt) },
        embedding: vectors.subarray(place * dimensions, (place + 1) * dimensions),
      };
    });
  } catch (cause) {
    throw cause instanceof AppError ? cause : damaged(cause);
  }
}

/** Copies that were not finished: their process was killed, or shares the file, which it may not. */
async function removeCopies(file: string): Promise<void> {
  const [folder, name] = [dirname(file), basename(file)];
  const neighbours = await readdir(folder).catch((): string[] => []);
  const copies = neighbours.filter(
    (neighbour) => neighbour.startsWith(name) && COPY.test(neighbour.slice(name.length)),
  );
  await Promise.all(copies.map((copy) => rm(join(folder, copy), { force: true }).catch(() => undefined)));
}

/** Enough of a file's state to see that it was written to; undefined when there is none. */
async function look(file: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeMs } = await stat(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure('cannot be read', cause);
  }
}

function damaged(cause?: unknown): AppError {
  return failure(
    'is damaged, or is no file of a vector store. It was left as it is: bring back a copy, or name another file and ' +
      'ingest the documents again',
    cause,
  );
}

function failure(what: string, cause?: unknown): AppError {
  return new AppError('configuration', `The file of vectorstore.memory.file ${what}.`, {
    param: 'vectorstore.memory.file',
    cause,
  });
}
