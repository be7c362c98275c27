import type { StoredChunk, StoreScope, VectorStore } from '../contracts/vector-store.ts';

/** Most indexes that one call of `listDocument` takes. */
const MAX_INDEXES = 30;

export interface NeighborOptions {
  readonly vectorStore: Pick<VectorStore, 'listDocument'>;
  readonly scope: StoreScope;
  /** Chunks on either side. */
  readonly count: number;
}

/**
 * Chunks with the text around them: each content is widened by up to `count` chunks of its document on either side,
 * what neighbours repeat of each other left out. `start` and `end` in the metadata are those of the wider text.
 */
export async function widenChunks<Found extends StoredChunk>(
  chunks: readonly Found[],
  { vectorStore, scope, count }: NeighborOptions,
): Promise<{ readonly chunks: Found[]; readonly read: number }> {
  const wanted = new Map<string, Set<number>>();
  for (const { documentId, index } of chunks) {
    const indexes = wanted.get(documentId) ?? new Set();
    for (let at = Math.max(0, index - count); at <= index + count; at += 1) if (at !== index) indexes.add(at);
    wanted.set(documentId, indexes);
  }
  const pages = [...wanted].flatMap(([documentId, indexes]) =>
    pagesOf([...indexes]).map((page) => vectorStore.listDocument(documentId, { ...scope, indexes: page })),
  );
  const listed = (await Promise.all(pages)).flat();
  const around = new Map(listed.map((chunk) => [keyOf(chunk), chunk]));
  const widen = (chunk: Found): Found => {
    const neighbor = (step: number): StoredChunk | undefined =>
      around.get(keyOf({ documentId: chunk.documentId, index: chunk.index + step }));
    let wide: Passage = passageOf(chunk);
    for (let step = 1, next = neighbor(1); step <= count && next; step += 1, next = neighbor(step)) {
      wide = join(wide, passageOf(next));
    }
    for (let step = 1, previous = neighbor(-1); step <= count && previous; step += 1, previous = neighbor(-step)) {
      wide = join(passageOf(previous), wide);
    }
    const { content, start, end } = wide;
    const offsets = start === undefined || end === undefined ? {} : { start, end };
    return { ...chunk, content, metadata: { ...chunk.metadata, ...offsets } };
  };
  return { chunks: chunks.map(widen), read: listed.length };
}

/** A text and where it stands in its document, when that is known. */
interface Passage {
  readonly content: string;
  readonly start: number | undefined;
  readonly end: number | undefined;
}

function passageOf({ content, metadata: { start, end } }: StoredChunk): Passage {
  const isExact = typeof start === 'number' && typeof end === 'number' && end - start === content.length;
  return isExact ? { content, start, end } : { content, start: undefined, end: undefined };
}

function join(before: Passage, after: Passage): Passage {
  if (before.end === undefined || after.start === undefined) {
    return { content: `${before.content}\n\n${after.content}`, start: undefined, end: undefined };
  }
  const repeated = before.end - after.start;
  // Between chunks that do not touch there was nothing but white space.
  const content =
    repeated >= 0
      ? before.content + after.content.slice(repeated)
      : `${before.content}${'\n'.repeat(Math.min(2, -repeated))}${after.content}`;
  return { content, start: before.start, end: after.end };
}

function keyOf({ documentId, index }: Pick<StoredChunk, 'documentId' | 'index'>): string {
  return `${index}:${documentId}`;
}

function pagesOf(indexes: readonly number[]): number[][] {
  const pages: number[][] = [];
  for (let start = 0; start < indexes.length; start += MAX_INDEXES) {
    pages.push(indexes.slice(start, start + MAX_INDEXES));
  }
  return pages;
}
