import type { StoredChunk } from '../../contracts/vector-store.ts';
import { createBm25Index } from '../../text/bm25.ts';
import type { TermReader } from '../../text/search-terms.ts';
import { compareText } from '../../text/text-order.ts';
import { createTopK } from './top-k.ts';

/** Texts analysed before other work gets its turn: a few milliseconds. */
const SLICE = 32;

export interface WordSearch {
  readonly text: string;
  readonly topK: number;
  readonly accepts: ((id: string) => boolean) | undefined;
}

/** The words of the chunks of one block. */
export interface BlockWords {
  put(chunk: Pick<StoredChunk, 'id' | 'content'>): void;
  remove(id: string): void;
  /**
   * Analyses what was put since the last time. Writing only notes a chunk, so that those who never search by words do
   * not pay for it; resolves when nothing is left.
   */
  prepare(): Promise<void>;
  /** Among the chunks that are analysed. Best first, ties by id. */
  search(search: WordSearch): { id: string; score: number }[];
}

export interface BlockWordsOptions {
  readonly chunks: Iterable<Pick<StoredChunk, 'id' | 'content'>>;
  readonly readTerms: TermReader;
}

export function createBlockWords({ chunks, readTerms }: BlockWordsOptions): BlockWords {
  const waiting = new Map<string, string>();
  const slotById = new Map<string, number>();
  const idBySlot: string[] = [];
  const place = (id: string, slot: number): void => {
    idBySlot[slot] = id;
    slotById.set(id, slot);
  };
  const index = createBm25Index({ readTerms, renumber: (from, to) => place(idBySlot[from] as string, to) });
  const isAfter = (left: number, right: number): boolean =>
    compareText(idBySlot[left] as string, idBySlot[right] as string) > 0;
  for (const { id, content } of chunks) waiting.set(id, content);

  const forget = (id: string): void => {
    waiting.delete(id);
    const slot = slotById.get(id);
    if (slot === undefined) return;
    slotById.delete(id);
    index.remove(slot);
  };

  return {
    put({ id, content }) {
      forget(id);
      waiting.set(id, content);
    },
    remove: forget,
    async prepare() {
      let analysed = 0;
      // Others may put, remove and prepare during the pauses. An entry is taken off the list and analysed without a pause
      // in between, and the pause comes before the next entry is looked at.
      for (const [id, content] of waiting) {
        waiting.delete(id);
        place(id, index.add(content));
        analysed += 1;
        if (analysed % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    search({ text, topK, accepts }) {
      const best = createTopK({ limit: topK, isAfter });
      index.search(text, (slot, score) => {
        if (accepts === undefined || accepts(idBySlot[slot] as string)) best.offer(slot, score);
      });
      return best.drain().map(({ row, score }) => ({ id: idBySlot[row] as string, score }));
    },
  };
}
