import type { EmbeddingPurpose } from '../contracts/embedding-provider.ts';
import { COMMON_WORD_WEIGHT, commonStems } from './common-words.ts';
import { analyze } from './text-analysis.ts';

/** The vector of a text, of length 1. Texts without a word have one too. */
export type TextHasher = (text: string, purpose: EmbeddingPurpose) => Float32Array;

/**
 * Feature hashing: the words of a text and their character n-grams, in a fixed number of dimensions, so that texts that
 * share words (or nearly) have a high cosine. The same text gives the same vector on every run and machine. A change here
 * makes stored vectors another vector space: the local embedding model and Firestore's search by words both rest on it.
 */
export function createTextHasher(dimensions: number): TextHasher {
  let common: ReadonlySet<string> | undefined;
  return (text, purpose) => {
    common ??= commonStems();
    return toVector(text, { dimensions, purpose, common });
  };
}

/** What all the n-grams of a word count together, compared with the word. They forgive misspellings. */
const GRAM_WEIGHT = 0.5;

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
    const weight = (1 + Math.log(term.count)) * (common.has(term.stem) ? COMMON_WORD_WEIGHT : 1);
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

/** A text as a number from 0 to 2^32 - 1, the same on every run and machine. */
export function hashText(text: string): number {
  return finalize(fnv1a(text));
}

/** The finaliser of MurmurHash3. */
function finalize(hash: number): number {
  let mixed = hash | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
