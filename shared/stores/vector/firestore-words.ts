import type { Chunk } from '../../contracts/vector-store.ts';
import { createTextHasher } from '../../text/feature-hash.ts';
import { createWordScorer } from '../../text/word-score.ts';
import { refuseAborted } from '../abort.ts';
import type { FirestoreChunk } from './firestore-chunk.ts';
import { LEXICAL_DIMENSIONS } from './firestore-index.ts';

/** Texts hashed before other work gets its turn: each takes about half a millisecond. */
const SLICE = 16;

/**
 * Search by words in a database without full-text search. The words of a chunk are hashed into a second vector beside
 * its embedding, and a nearest-neighbour query finds the chunks whose words are most like the query's. Each is then
 * also scored word by word, which costs no further read and gives 0 to chunks that only share hashes. The score is the
 * product of both: the word score by itself would put chunks first that repeat words common in the collection, and more
 * of them the more candidates there are; the likeness of the hashed vectors does not depend on how many were asked for.
 */
export interface FirestoreWords {
  index(chunks: readonly Chunk[], signal: AbortSignal | undefined): Promise<FirestoreChunk[]>;
  /** Undefined for a text without words to look for. */
  read(text: string): WordQuery | undefined;
}

export interface WordQuery {
  readonly vector: Float32Array;
  /**
   * 0 for a content that shares no word with the query. `likeness`: the cosine of its hashed words with the query's.
   */
  readonly scoreOf: (content: string, likeness: number) => number;
}

export function createFirestoreWords(): FirestoreWords {
  const hash = createTextHasher(LEXICAL_DIMENSIONS);
  const scorerFor = createWordScorer();
  return {
    async index(chunks, signal) {
      const indexed: FirestoreChunk[] = [];
      for (const chunk of chunks) {
        indexed.push({ ...chunk, lexical: hash(chunk.content, 'document') });
        if (indexed.length % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
        refuseAborted(signal);
      }
      return indexed;
    },
    read(text) {
      const scoreOf = scorerFor(text);
      return (
        scoreOf && {
          vector: hash(text, 'query'),
          scoreOf: (content, likeness) => scoreOf(content) * likeness * likeness,
        }
      );
    },
  };
}
