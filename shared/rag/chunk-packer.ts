import { weighTokens } from '../usage/tokens.ts';
import type { Block } from './markdown-blocks.ts';
import {
  isSpace,
  lineRanges,
  type Span,
  sentenceRanges,
  toSafeEnd,
  toSafeStart,
  wordRanges,
} from './text-boundaries.ts';

export interface Limits {
  /** Characters. */
  readonly size: number;
  /** Characters. */
  readonly overlap: number;
  /** Estimated tokens; Infinity for no bound. */
  readonly maxTokens: number;
}

export interface PackedRange extends Span {
  readonly headings: readonly string[];
}

export interface Packer {
  add(block: Block): void;
  finish(): PackedRange[];
}

/** From coarse to fine. A piece that fits nowhere is cut into pieces of the next kind. */
type Grain = 'heading' | 'paragraph' | 'code' | 'sentence' | 'word' | 'part';

/**
 * Fills chunks with pieces of a text that come in order, each at most once, so that the whole costs time in proportion
 * to the text. What does not fit opens the next chunk when this one is half full, and is cut finer when it is not.
 */
export function createPacker(text: string, limits: Limits): Packer {
  const ranges: PackedRange[] = [];
  const bounded = Number.isFinite(limits.maxTokens);
  const weigh = (start: number, end: number): number => (bounded ? weighTokens(text, start, end) : 0);

  /** The chunk being filled; `start` is -1 while there is none. */
  let start = -1;
  let end = 0;
  let tokens = 0;
  let headings: readonly string[] = [];
  /** Where what is new in the chunk begins, after what it repeats. */
  let ownStart = 0;
  /** Where the headings at the chunk's end begin, or -1: they belong to what follows. */
  let trailing = -1;

  const open = (piece: Span, at: number, path: readonly string[]): void => {
    start = at;
    ownStart = piece.start;
    end = piece.end;
    tokens = weigh(at, piece.end);
    headings = path;
    trailing = -1;
  };

  const close = (): void => {
    ranges.push({ start, end, headings });
    start = -1;
  };

  const fitsIn = (from: number, piece: Span, used: number): boolean =>
    piece.end - from <= limits.size && (!bounded || used <= limits.maxTokens);

  const append = (piece: Span, grain: Grain): void => {
    tokens += weigh(end, piece.end);
    end = piece.end;
    if (grain !== 'heading') trailing = -1;
    else if (trailing < 0) trailing = piece.start;
  };

  /** Ends the chunk and opens the next one with the piece, which is known to fit an empty one. */
  const turn = (piece: Span, grain: Grain, path: readonly string[]): void => {
    const carried = trailing > ownStart ? trailing : -1;
    if (carried >= 0 && fitsIn(carried, piece, weigh(carried, piece.end))) {
      // The headings at the end move along: they are what the next chunk stands under.
      end = toTrimmedEnd(text, carried);
      close();
      open(piece, carried, path);
      ownStart = carried;
      if (grain === 'heading') trailing = carried;
      return;
    }
    const previous: Span = { start, end };
    close();
    const repeated = grain === 'heading' ? piece.start : overlapStart(text, previous, piece, limits.overlap);
    const from = fitsIn(repeated, piece, weigh(repeated, piece.end)) ? repeated : piece.start;
    open(piece, from, path);
    if (grain === 'heading') trailing = piece.start;
  };

  const place = (piece: Span, grain: Grain, path: readonly string[]): void => {
    if (start < 0) {
      if (fitsIn(piece.start, piece, weigh(piece.start, piece.end)) || grain === 'part') {
        open(piece, piece.start, path);
        if (grain === 'heading') trailing = piece.start;
      } else placeFiner(piece, grain, path);
      return;
    }
    const startsSection = grain === 'heading' && isHalfFull() && trailing < 0;
    if (!startsSection && fitsIn(start, piece, tokens + weigh(end, piece.end))) {
      append(piece, grain);
      return;
    }
    const alone = fitsIn(piece.start, piece, weigh(piece.start, piece.end));
    const coarse = grain === 'paragraph' || grain === 'code' || grain === 'heading';
    const keepTogether = grain === 'code' && trailing !== ownStart;
    if (alone && (!coarse || isHalfFull() || keepTogether)) turn(piece, grain, path);
    else if (grain === 'part') turn(piece, grain, path);
    else placeFiner(piece, grain, path);
  };

  const isHalfFull = (): boolean => end - start >= limits.size / 2 || (bounded && tokens >= limits.maxTokens / 2);

  const placeFiner = (piece: Span, grain: Grain, path: readonly string[]): void => {
    if (grain === 'word') {
      for (let at = piece.start; at < piece.end; ) {
        const part = { start: at, end: partEnd(text, at, piece.end, limits, bounded) };
        place(part, 'part', path);
        at = part.end;
      }
      return;
    }
    const [pieces, finer] = cut(text, piece, grain);
    for (const finerPiece of pieces) place(finerPiece, finer, path);
  };

  return {
    add(block) {
      place(block, block.kind, block.headings);
    },
    finish() {
      if (start >= 0) close();
      return ranges;
    },
  };
}

function cut(text: string, piece: Span, grain: Exclude<Grain, 'word'>): [readonly Span[], Grain] {
  if (grain === 'paragraph') return [sentenceRanges(text, piece.start, piece.end), 'sentence'];
  if (grain === 'code') return [lineRanges(text, piece.start, piece.end), 'sentence'];
  return [wordRanges(text, piece.start, piece.end), 'word'];
}

/**
 * The end of a part of a word: at least one character, never half of a pair. It leaves room for what a chunk repeats,
 * up to half of it.
 */
function partEnd(text: string, start: number, end: number, limits: Limits, bounded: boolean): number {
  let length = Math.min(Math.max(limits.size - limits.overlap, Math.ceil(limits.size / 2)), end - start);
  while (bounded && length > 1 && weighTokens(text, start, start + length) > limits.maxTokens)
    length = Math.ceil(length / 2);
  const at = toSafeEnd(text, start + length);
  return at > start ? at : Math.min(end, start + 2);
}

/** `position` without the white space before it. */
function toTrimmedEnd(text: string, position: number): number {
  let end = position;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return end;
}

/**
 * Where a chunk that follows `previous` begins so that it repeats at most `overlap` characters of it: after the first
 * sentence end in that stretch, else after the first white space, else anywhere.
 */
function overlapStart(text: string, previous: Span, piece: Span, overlap: number): number {
  const earliest = Math.max(previous.end - overlap, previous.start + 1);
  if (overlap === 0 || earliest >= previous.end) return piece.start;
  const stretch = wordRanges(text, earliest, previous.end);
  const cutsWord = stretch[0]?.start === earliest && !isSpace(text.charCodeAt(earliest - 1));
  const whole = cutsWord ? stretch.slice(1) : stretch;
  if (whole.length === 0) {
    const start = toSafeStart(text, earliest);
    return start < previous.end ? start : piece.start;
  }
  const sentence = whole.find((_, index) => {
    const before = whole[index - 1];
    return before !== undefined && /[.!?…]["')\]]*$/.test(text.slice(before.start, before.end));
  });
  return (sentence ?? whole[0])?.start ?? piece.start;
}
