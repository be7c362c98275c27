import { describe, expect, it } from 'vitest';
import type { StoredChunk, StoreScope } from '../../../shared/contracts/vector-store.ts';
import { chunkText } from '../../../shared/rag/chunk.ts';
import { widenChunks } from '../../../shared/rag/neighbors.ts';
import { makeChunk } from '../../contracts/vectors.ts';

const scope: StoreScope = { collection: 'default', tenant: null };
const text = Array.from({ length: 40 }, (_, number) => `Sentence number ${number} is here.`).join(' ');

const toChunks = (source: string, documentId = 'guide'): StoredChunk[] =>
  chunkText(source, { size: 120, overlap: 40 }).map(({ index, content, start, end }) => {
    const { embedding, ...chunk } = makeChunk(`${documentId}-${index}`, [1], {
      index,
      content,
      documentId,
      metadata: { start, end },
    });
    return { ...chunk, createdAt: new Date(0), updatedAt: new Date(0) };
  });

function createStore(chunks: readonly StoredChunk[], { ignoresIndexes = false } = {}) {
  const calls: { documentId: string; indexes: readonly number[] | undefined }[] = [];
  return {
    calls,
    async listDocument(documentId: string, { indexes }: StoreScope & { readonly indexes?: readonly number[] }) {
      calls.push({ documentId, indexes });
      return chunks
        .filter((chunk) => chunk.documentId === documentId)
        .filter(({ index }) => ignoresIndexes || indexes === undefined || indexes.includes(index))
        .map((chunk) => ({ ...chunk, embedding: Float32Array.of(1) }));
    },
  };
}

describe('the text around a hit', () => {
  const chunks = toChunks(text);
  const at = (index: number): StoredChunk => chunks[index] as StoredChunk;

  it.each([
    ['in the middle', 4, 2, 6],
    ['at the beginning', 0, 0, 2],
    ['at the end', chunks.length - 1, chunks.length - 3, chunks.length - 1],
  ])('is a stretch of the document as it stands there, %s', async (_title, index, first, last) => {
    const vectorStore = createStore(chunks);
    const [wide] = (await widenChunks([at(index)], { vectorStore, scope, count: 2 })).chunks;
    const { start } = at(first).metadata;
    const { end } = at(last).metadata;
    expect(wide).toMatchObject({ id: at(index).id, index, metadata: { start, end } });
    expect(wide?.content).toBe(text.slice(start as number, end as number));
  });

  it('is asked for by index, once per document, and without the hits’ own chunks', async () => {
    const other = toChunks(text, 'other');
    const vectorStore = createStore([...chunks, ...other]);
    const { read } = await widenChunks([at(3), other[1] as StoredChunk], { vectorStore, scope, count: 1 });
    expect(vectorStore.calls).toEqual([
      { documentId: 'guide', indexes: [2, 4] },
      { documentId: 'other', indexes: [0, 2] },
    ]);
    expect(read).toBe(4);
  });

  it('is the same from a store that gives the whole document', async () => {
    const few = await widenChunks([at(5)], { vectorStore: createStore(chunks), scope, count: 1 });
    const whole = await widenChunks([at(5)], {
      vectorStore: createStore(chunks, { ignoresIndexes: true }),
      scope,
      count: 1,
    });
    expect(whole.chunks).toEqual(few.chunks);
  });

  it('asks for at most 30 indexes at a time', async () => {
    const vectorStore = createStore(chunks);
    await widenChunks(
      Array.from({ length: 40 }, (_, index) => ({ ...at(0), id: `c${index}`, index: index * 3 })),
      { vectorStore, scope, count: 1 },
    );
    expect(vectorStore.calls.map(({ indexes }) => indexes?.length)).toEqual([30, 30, 19]);
  });

  it('stops where a chunk is missing', async () => {
    const vectorStore = createStore(chunks.filter(({ index }) => index !== 3));
    const [wide] = (await widenChunks([at(4)], { vectorStore, scope, count: 2 })).chunks;
    expect(wide?.metadata).toMatchObject({ start: at(4).metadata.start, end: at(6).metadata.end });
  });

  it('is set apart by an empty line where offsets are missing or not those of the content', async () => {
    const plain = chunks.map((chunk) => ({ ...chunk, content: `<${chunk.index}>` }));
    const vectorStore = createStore(plain);
    const [wide] = (await widenChunks([plain[1] as StoredChunk], { vectorStore, scope, count: 1 })).chunks;
    expect(wide?.content).toBe('<0>\n\n<1>\n\n<2>');
    expect(wide?.metadata).toEqual(plain[1]?.metadata);
  });
});
