import { AppError, toAppError } from '../contracts/app-error.ts';
import type { EmbeddingProvider, EmbeddingPurpose } from '../contracts/embedding-provider.ts';
import { commonStems } from './common-words.ts';
import { analyze } from './text-analysis.ts';

export interface LocalEmbeddingsOptions {
  /** There is one; named so that a configuration may write it out. */
  readonly model?: string;
  /** Length of the vectors, 64 to 4,096. More dimensions, fewer collisions. Default 768. */
  readonly dimensions?: number;
}

/** Changes whenever the vectors do: stored vectors of another version are another vector space. */
const MODEL = 'feature-hash-v1';

/**
 * Embeddings without a key, a model or a network: words and their character n-grams are hashed into a fixed number of
 * dimensions. It is lexical: it finds texts that share words with the query (and their inflections, and near
 * misspellings), not texts that share a meaning. The same text gives the same vector on every run and machine.
 *
 * Documents and queries are embedded differently, so a document compared with itself as a query scores below 1.
 */
export function createLocalEmbeddings({
  model = MODEL,
  dimensions = 768,
}: LocalEmbeddingsOptions = {}): EmbeddingProvider {
  if (model !== MODEL) {
    throw new AppError('configuration', `Local embeddings have one model, ${MODEL}; leave the model out.`, {
      param: 'model',
    });
  }
  if (!Number.isInteger(dimensions) || dimensions < 64 || dimensions > 4096) {
    throw new AppError(
      'configuration',
      'Local embeddings have 64 to 4,096 dimensions; set a whole number in that range.',
      {
        param: 'dimensions',
      },
    );
  }
  let common: ReadonlySet<string> | undefined;

  return {
    id: 'local',
    model,
    dimensions,
    maxBatchSize: 256,
    maxBatchTokens: 1_000_000,
    maxInputTokens: 1_000_000,

    async embed(texts, { purpose, signal }) {
      common ??= commonStems();
      const vectors: Float32Array[] = [];
      for (const [index, text] of texts.entries()) {
        // A text costs about half a millisecond: other requests get their turn in between.
        if (index > 0 && index % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
        if (signal.aborted) throw toAppError(signal.reason, signal);
        if (text.trim() === '') {
          throw new AppError('invalid_request', `The text at index ${index} is blank.`, { param: `input[${index}]` });
        }
        vectors.push(toVector(text, { dimensions, purpose, common }));
      }
      return { vectors };
    },
  };
}

/** What all the n-grams of a word count together, compared with the word. They forgive misspellings. */
const GRAM_WEIGHT = 0.5;
const COMMON_WEIGHT = 0.5;

/**
 * A constant length added to every document in a dimension of its own, where queries are 0. It dampens short documents,
 * which would otherwise win by a single shared word.
 */
const DOCUMENT_LENGTH = 5;

const WORD_SEED = fnv1a('word:');
const GRAM_SEED = fnv1a('gram:');

interface VectorOptions {
  readonly dimensions: number;
  readonly purpose: EmbeddingPurpose;
  readonly common: ReadonlySet<string>;
}

function toVector(text: string, { dimensions, purpose, common }: VectorOptions): Float32Array {
  const sums = new Float64Array(dimensions);
  const hashed = dimensions - 1;
  for (const term of analyze(text)) {
    const weight = (1 + Math.log(term.count)) * (common.has(term.stem) ? COMMON_WEIGHT : 1);
    addFeature(sums, hashed, fnv1a(term.stem, 0, term.stem.length, WORD_SEED), weight);
    addGrams(sums, hashed, `^${term.stem}$`, weight * GRAM_WEIGHT);
  }
  let squares = sums.reduce((total, value) => total + value * value, 0);
  if (squares === 0) {
    // Every feature cancelled another one: astronomically rare, but a zero vector has no direction.
    sums[fnv1a(text) % hashed] = 1;
    squares = 1;
  }
  if (purpose === 'document') {
    sums[hashed] = DOCUMENT_LENGTH;
    squares += DOCUMENT_LENGTH * DOCUMENT_LENGTH;
  }
  const norm = Math.sqrt(squares);
  return Float32Array.from(sums, (value) => value / norm);
}

function addGrams(sums: Float64Array, hashed: number, word: string, weight: number): void {
  let count = 0;
  for (let length = 3; length <= 5; length += 1) count += Math.max(0, word.length - length + 1);
  for (let length = 3; length <= 5; length += 1) {
    for (let start = 0; start + length <= word.length; start += 1) {
      addFeature(sums, hashed, fnv1a(word, start, start + length, GRAM_SEED), weight / count);
    }
  }
}

/** Two places per feature, each with a sign of its own, so that a collision of one is outvoted by the other. */
function addFeature(sums: Float64Array, hashed: number, hash: number, weight: number): void {
  for (const salt of SALTS) {
    const mixed = finalize(hash + salt);
    const place = (mixed >>> 1) % hashed;
    sums[place] = (sums[place] ?? 0) + (mixed & 1 ? weight : -weight);
  }
}

const SALTS: readonly number[] = [0, 0x9e3779b9];

/** FNV-1a over UTF-16 units; a short text's bits are far from even, so `finalize` follows. */
function fnv1a(text: string, start = 0, end = text.length, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let index = start; index < end; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** The finaliser of MurmurHash3. */
function finalize(hash: number): number {
  let mixed = hash | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
