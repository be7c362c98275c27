import { AppError } from '../contracts/app-error.ts';
import { weighTokens } from '../usage/tokens.ts';
import { createPacker, type Limits, type PackedRange } from './chunk-packer.ts';
import { toBlocks } from './markdown-blocks.ts';
import { type Span, wordRanges } from './text-boundaries.ts';

export type ChunkMode = 'structural' | 'words';

export interface ChunkOptions {
  /**
   * `structural` (default) cuts at headings, paragraphs, sentences, words, in that order of preference, and counts in
   * characters. `words` takes a fixed number of words.
   */
  readonly mode?: ChunkMode;
  /** Longest chunk, in characters (default 1,000) or words (default 500). */
  readonly size?: number;
  /** How much of a chunk the next one repeats at most. Default 15 % of the size, for words 10 %. */
  readonly overlap?: number;
  /** Longest chunk in tokens as well, estimated. Default: no bound of its own. */
  readonly maxTokens?: number;
}

/** `text.slice(start, end) === content`; it starts and ends with something other than white space. */
export interface TextChunk {
  readonly index: number;
  readonly content: string;
  /** UTF-16 offsets into the text that was cut. */
  readonly start: number;
  readonly end: number;
  /** Titles of the Markdown headings the chunk's beginning stands under, outermost first, its own heading included. */
  readonly headings: readonly string[];
}

/**
 * Cuts a text into chunks. Everything but white space is in at least one of them, in order. Blank text gives none.
 *
 * @throws AppError `configuration` when the options do not fit together.
 */
export function chunkText(text: string, options: ChunkOptions = {}): TextChunk[] {
  const { mode, size, overlap, maxTokens } = checkChunkOptions(options);
  const limits: Limits = { size, overlap, maxTokens };
  const ranges = mode === 'words' ? packWords(text, limits) : packStructure(text, limits);
  return ranges.map(({ start, end, headings }, index) => ({
    index,
    content: text.slice(start, end),
    start,
    end,
    headings,
  }));
}

/** The options with their defaults filled in. @throws AppError `configuration`. */
export function checkChunkOptions(options: ChunkOptions): Required<ChunkOptions> {
  const mode = options.mode ?? 'structural';
  if (mode !== 'structural' && mode !== 'words') {
    throw new AppError('configuration', `Chunking knows the modes structural and words, not ${String(mode)}.`, {
      param: 'chunking.mode',
    });
  }
  const size = options.size ?? (mode === 'words' ? 500 : 1000);
  const overlap = options.overlap ?? Math.floor(size * (mode === 'words' ? 0.1 : 0.15));
  const maxTokens = options.maxTokens ?? Number.POSITIVE_INFINITY;
  checkWhole('size', size, 1);
  checkWhole('overlap', overlap, 0);
  if (options.maxTokens !== undefined) checkWhole('max_tokens', maxTokens, 1);
  if (overlap >= size) {
    throw new AppError(
      'configuration',
      `The chunk overlap (${overlap}) must be smaller than the chunk size (${size}).`,
      {
        param: 'chunking.overlap',
      },
    );
  }
  return { mode, size, overlap, maxTokens };
}

function checkWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new AppError('configuration', `The chunk ${name} must be a whole number of at least ${least}, not ${value}.`, {
    param: `chunking.${name}`,
  });
}

function packStructure(text: string, limits: Limits): PackedRange[] {
  const packer = createPacker(text, limits);
  for (const block of toBlocks(text)) packer.add(block);
  return packer.finish();
}

function packWords(text: string, limits: Limits): PackedRange[] {
  const words = wordRanges(text);
  const headingsAt = createHeadingLookup(text);
  const ranges: PackedRange[] = [];
  let covered = -1;
  for (let first = 0; covered < words.length - 1; ) {
    const last = windowEnd(text, words, first, limits);
    const start = words[first]?.start ?? 0;
    const end = words[last]?.end ?? start;
    // A bound on tokens can end a window before anything new: then it repeats one word less.
    if (last > covered) {
      covered = last;
      const range = { start, end, headings: headingsAt(start) };
      if (first === last) ranges.push(...boundTokens(text, range, limits));
      else ranges.push(range);
      first = Math.max(first + 1, last + 1 - limits.overlap);
    } else {
      first += 1;
    }
  }
  return ranges;
}

/** Index of the last word of the window; the window holds its first word whatever that weighs. */
function windowEnd(text: string, words: readonly Span[], first: number, { size, maxTokens }: Limits): number {
  const most = Math.min(first + size, words.length) - 1;
  if (!Number.isFinite(maxTokens)) return most;
  let last = first;
  let tokens = weighTokens(text, words[first]?.start ?? 0, words[first]?.end ?? 0);
  while (last < most) {
    tokens += weighTokens(text, words[last]?.end ?? 0, words[last + 1]?.end ?? 0);
    if (tokens > maxTokens) break;
    last += 1;
  }
  return last;
}

/** The headings above a position; positions must be asked for in ascending order. */
function createHeadingLookup(text: string): (position: number) => readonly string[] {
  const blocks = toBlocks(text);
  let block = 0;
  return (position) => {
    while ((blocks[block]?.end ?? Number.POSITIVE_INFINITY) <= position) block += 1;
    return blocks[block]?.headings ?? [];
  };
}

/** A single word in pieces of at most that many tokens. */
function boundTokens(text: string, range: PackedRange, { maxTokens }: Limits): PackedRange[] {
  const packer = createPacker(text, { size: range.end - range.start, overlap: 0, maxTokens });
  packer.add({ ...range, kind: 'paragraph' });
  return packer.finish();
}
