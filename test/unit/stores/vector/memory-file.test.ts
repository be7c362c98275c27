import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMemoryVectorStore } from '../../../../shared/stores/vector/memory.ts';
import { createRandom, makeChunk, randomVector } from '../../../contracts/vectors.ts';

const SCOPE = { collection: 'default', tenant: null };
const DIMENSIONS = 7;
let folder = '';
let file = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'memory-file-'));
  file = join(folder, 'inside', 'vectors.bin');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const open = (options: { dimensions?: number; ttlMs?: number; now?: () => number } = {}) =>
  openMemoryVectorStore({ dimensions: DIMENSIONS, file, ...options });

const refusal = (words: string) => ({
  code: 'configuration',
  param: 'vectorstore.memory.file',
  message: expect.stringContaining(words),
});

describe('a memory store with a file', () => {
  it('has everything again after a restart: chunks, vectors, tenants, times and words', async () => {
    const random = createRandom(9);
    const first = await open();
    const chunks = Array.from({ length: 300 }, (_, index) =>
      makeChunk(`c${index}`, randomVector(random, DIMENSIONS), {
        index,
        content: `Stück ${index}\nzwei 🙂`,
        metadata: { tags: ['a', 'b'], page: index, none: null },
      }),
    );
    await first.upsert(chunks, SCOPE);
    await first.upsert([makeChunk('own', randomVector(random, DIMENSIONS), { tenant: 't1' })], { collection: 'other' });
    await first.delete({ ids: ['c7'] }, SCOPE);
    const query = { vector: randomVector(random, DIMENSIONS), topK: 20, withEmbeddings: true, ...SCOPE };
    const before = await first.query(query);
    const listed = await first.listDocument('document', SCOPE);

    const second = await open();
    expect(await second.query(query)).toEqual(before);
    expect(await second.listDocument('document', SCOPE)).toEqual(listed);
    expect(await second.count(SCOPE)).toBe(299);
    expect(await second.count({ collection: 'other', tenant: 't1' })).toBe(1);
    expect((await second.searchText?.({ text: 'stück', topK: 3, ...SCOPE }))?.length).toBe(3);
  });

  it('leaves nothing but the file behind, whatever is written at once, and the file holds all of it', async () => {
    const store = await open();
    const write = (id: string) => store.upsert([makeChunk(id, [1, 2, 3, 4, 5, 6, 7])], SCOPE);
    await Promise.all(Array.from({ length: 20 }, (_, number) => write(`c${number}`)));
    expect(await readdir(join(folder, 'inside'))).toEqual(['vectors.bin']);
    expect(await (await open()).count(SCOPE)).toBe(20);
  });

  it('is not damaged by two stores that write to it at once', async () => {
    const stores = [await open(), await open()];
    const chunks = (count: number) =>
      Array.from({ length: count }, (_, number) => makeChunk(`c${number}`, [1, 2, 3, 4, 5, 6, 7]));
    const sizes = [2_000, 3_000];
    await Promise.allSettled(stores.map((store, place) => store.upsert(chunks(sizes[place] ?? 0), SCOPE)));
    expect(sizes).toContain(await (await open()).count(SCOPE));
    expect(await readdir(join(folder, 'inside'))).toEqual(['vectors.bin']);
  });

  it('is read without what a killed process had begun to write, which is removed', async () => {
    await (await open()).upsert([makeChunk('a', [1, 2, 3, 4, 5, 6, 7])], SCOPE);
    const remains = ['vectors.bin.4711.tmp', `vectors.bin.${randomUUID()}.tmp`];
    const strangers = ['other.bin.4711.tmp', 'vectors.bin.mine.tmp'];
    for (const name of [...remains, ...strangers]) await writeFile(join(folder, 'inside', name), 'half');
    expect(await (await open()).count(SCOPE)).toBe(1);
    expect((await readdir(join(folder, 'inside'))).sort()).toEqual([...strangers, 'vectors.bin'].sort());
  });

  it('is empty again when all was deleted, and stays so', async () => {
    const store = await open();
    await store.upsert([makeChunk('a', [1, 2, 3, 4, 5, 6, 7])], SCOPE);
    await store.delete({ documentId: 'document' }, SCOPE);
    expect(await (await open()).count(SCOPE)).toBe(0);
  });

  it('does not bring back what expired in the meantime, and goes on with the rest', async () => {
    let nowMs = 1_000;
    const options = { ttlMs: 500, now: () => nowMs };
    const store = await open(options);
    await store.upsert([makeChunk('old', [1, 2, 3, 4, 5, 6, 7])], SCOPE);
    nowMs += 300;
    await store.upsert([makeChunk('new', [1, 2, 3, 4, 5, 6, 7])], SCOPE);
    nowMs += 200;
    const found = await (await open(options)).listDocument('document', SCOPE);
    expect(found.map(({ id, updatedAt }) => [id, updatedAt.getTime()])).toEqual([['new', 1_300]]);
  });

  it.each([
    ['one byte is another', (bytes: Buffer) => bytes.fill((bytes[90] as number) ^ 1, 90, 91)],
    ['its end is missing', (bytes: Buffer) => bytes.subarray(0, bytes.length - 9)],
    ['something was added', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')])],
    ['it is empty', () => Buffer.alloc(0)],
    ['it is something else', () => Buffer.from('{"hello": "world"}\n'.repeat(9))],
  ])('is refused, and not touched, when %s', async (_title, change) => {
    await (await open()).upsert([makeChunk('a', [1, 2, 3, 4, 5, 6, 7])], SCOPE);
    const changed = change(await readFile(file));
    await writeFile(file, changed);
    await expect(open()).rejects.toMatchObject(refusal('is damaged'));
    expect(await readFile(file)).toEqual(changed);
  });

  it('is refused for another number of dimensions', async () => {
    await (await open()).upsert([makeChunk('a', [1, 2, 3, 4, 5, 6, 7])], SCOPE);
    await expect(open({ dimensions: 8 })).rejects.toMatchObject(refusal('7 dimensions, but 8'));
  });

  it('is not overwritten when another process has written to it', async () => {
    const one = await open();
    const other = await open();
    await other.upsert([makeChunk('theirs', [1, 2, 3, 4, 5, 6, 7])], SCOPE);
    const write = one.upsert([makeChunk('ours', [1, 2, 3, 4, 5, 6, 7])], SCOPE);
    await expect(write).rejects.toMatchObject(refusal('another process'));
    const found = await (await open()).listDocument('document', SCOPE);
    expect(found.map(({ id }) => id)).toEqual(['theirs']);
    expect(await readdir(join(folder, 'inside'))).toEqual(['vectors.bin']);
  });
});
