import { isUtf8 } from 'node:buffer';
import type { ChatChunk, ChatEvent, TextRun } from '../contracts/chat-provider.ts';
import type { TextTemplate } from './text-template.ts';

/** How a vendor's event that holds some text and nothing else comes, and the chunk it goes out as: JSON, with equal gaps. */
export interface TextPattern {
  readonly comes: TextTemplate;
  readonly goes: TextTemplate;
}

export interface TextRunReader {
  /**
   * The events of text that stand at `from`, one after the other, as far as they are whole. `partial` when there is only
   * the beginning of one, which the next bytes may complete; undefined when something else stands there.
   */
  read(bytes: Buffer, from: number): { readonly run: TextRun; readonly end: number } | 'partial' | undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const FIRST_PRINTABLE = 0x20;
/** First bytes of characters of so many bytes. */
const TWO_BYTES = 0xc0;
const THREE_BYTES = 0xe0;
const FOUR_BYTES = 0xf0;
/** What may stand after a backslash, but for the `u` of a code unit. */
const ESCAPED: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
const CODE_UNIT = /^[0-9a-fA-F]{4}$/;
/** What comes before the JSON of an event whose lines are its data and, perhaps, its name. */
const BEFORE_DATA = /^(?:event: ?[^\r\n]*\r?\n)?data: ?$/;

const MISMATCH = -1;
const PARTIAL = -2;

/**
 * Reads events that differ in their text alone by comparing bytes: nothing is decoded, parsed or serialised.
 *
 * @param raw an event that the pattern fits, its blank line included.
 * @returns undefined when the event has other lines than its data and its name.
 */
export function createTextRunReader({ comes, goes }: TextPattern, raw: Buffer): TextRunReader | undefined {
  const frame = findFrame(raw.toString('utf8'), comes);
  if (frame === undefined || comes.length !== goes.length) return undefined;
  const expected = toParts(comes, frame);
  const written = toParts(goes, { before: 'data: ', after: '\n\n' });
  const isSame = expected.every((part, index) => part.equals(written[index] as Buffer));

  return {
    read(bytes, from) {
      const spans: number[] = [];
      let end = from;
      let next = readEvent(bytes, end, expected, spans);
      while (next >= 0) {
        end = next;
        next = readEvent(bytes, end, expected, spans);
      }
      if (end === from) return next === PARTIAL ? 'partial' : undefined;
      const taken = bytes.subarray(from, end);
      if (!isUtf8(taken)) return undefined;
      const run = new ByteRun(
        isSame ? taken : fill(bytes, spans, written),
        countTextUnits(bytes, spans, comes.length - 1),
      );
      return { run, end };
    },
  };
}

/** Text events of a stream that arrived together, in the form of Chat Completions. */
class ByteRun implements TextRun {
  readonly bytes: Uint8Array;
  readonly textLength: number;

  constructor(bytes: Uint8Array, textLength: number) {
    this.bytes = bytes;
    this.textLength = textLength;
  }

  get events(): readonly ChatEvent[] {
    const text = Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength).toString('utf8');
    return text
      .split('\n\n')
      .slice(0, -1)
      .map((event) => toEvent(event.slice('data: '.length)));
  }
}

function toEvent(json: string): ChatEvent {
  return { json, chunk: JSON.parse(json) as ChatChunk };
}

interface Frame {
  readonly before: string;
  readonly after: string;
}

function findFrame(raw: string, template: TextTemplate): Frame | undefined {
  const first = template[0] as string;
  const last = template[template.length - 1] as string;
  const before = raw.slice(0, raw.indexOf(first));
  const after = raw.slice(raw.lastIndexOf(last) + last.length);
  const isPlain = BEFORE_DATA.test(before) && (after === '\n\n' || after === '\r\n\r\n');
  return isPlain ? { before, after } : undefined;
}

function toParts(template: TextTemplate, { before, after }: Frame): Buffer[] {
  const last = template.length - 1;
  return template.map((part, index) =>
    Buffer.from(`${index === 0 ? before : ''}${part}${index === last ? after : ''}`, 'utf8'),
  );
}

/**
 * @param spans gets where the content of each gap begins and ends, gap after gap.
 * @returns where the event at `from` ends, PARTIAL or MISMATCH.
 */
function readEvent(bytes: Buffer, from: number, expected: readonly Buffer[], spans: number[]): number {
  const known = spans.length;
  let at = skipPart(bytes, from, expected[0] as Buffer);
  for (let gap = 1; gap < expected.length && at >= 0; gap += 1) {
    const start = at;
    at = findContentEnd(bytes, start);
    // A text that is empty may be the vendor's way to say something else.
    if (at === start && gap === 1) at = MISMATCH;
    if (at >= 0) {
      spans.push(start, at);
      at = skipPart(bytes, at, expected[gap] as Buffer);
    }
  }
  if (at < 0) spans.length = known;
  return at;
}

function skipPart(bytes: Buffer, at: number, part: Buffer): number {
  const available = Math.min(part.length, bytes.length - at);
  if (bytes.compare(part, 0, available, at, at + available) !== 0) return MISMATCH;
  return available === part.length ? at + available : PARTIAL;
}

/** Where the string that `at` is inside of ends: its closing quote. MISMATCH for what a JSON string cannot hold. */
function findContentEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at;
    if (byte < FIRST_PRINTABLE) return MISMATCH;
    if (byte !== BACKSLASH) at += 1;
    else if (at + 1 === bytes.length) return PARTIAL;
    else if (ESCAPED.has(bytes[at + 1] as number)) at += 2;
    else if (bytes[at + 1] !== LETTER_U) return MISMATCH;
    else if (bytes.length < at + 6) return PARTIAL;
    else if (CODE_UNIT.test(bytes.toString('latin1', at + 2, at + 6))) at += 6;
    else return MISMATCH;
  }
  return PARTIAL;
}

/** UTF-16 units of the texts, which stand in the first of each event's gaps. */
function countTextUnits(bytes: Buffer, spans: readonly number[], gaps: number): number {
  let units = 0;
  for (let span = 0; span < spans.length; span += 2 * gaps) {
    const end = spans[span + 1] as number;
    let at = spans[span] as number;
    while (at < end) {
      const byte = bytes[at] as number;
      units += byte >= FOUR_BYTES ? 2 : 1;
      if (byte === BACKSLASH) at += bytes[at + 1] === LETTER_U ? 6 : 2;
      else at += byte >= FOUR_BYTES ? 4 : byte >= THREE_BYTES ? 3 : byte >= TWO_BYTES ? 2 : 1;
    }
  }
  return units;
}

function fill(bytes: Buffer, spans: readonly number[], parts: readonly Buffer[]): Buffer {
  const gaps = parts.length - 1;
  const events = spans.length / (2 * gaps);
  let size = events * parts.reduce((sum, part) => sum + part.length, 0);
  for (let span = 0; span < spans.length; span += 2) size += (spans[span + 1] as number) - (spans[span] as number);
  const filled = Buffer.allocUnsafe(size);
  let at = 0;
  for (let span = 0; span < spans.length; ) {
    at += (parts[0] as Buffer).copy(filled, at);
    for (let gap = 1; gap <= gaps; gap += 1) {
      at += bytes.copy(filled, at, spans[span], spans[span + 1]);
      at += (parts[gap] as Buffer).copy(filled, at);
      span += 2;
    }
  }
  return filled;
}
