/** Part of a text, trimmed: it starts and ends with something other than white space. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What `String.prototype.trim` takes for white space. */
export function isSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  if (code < 0xa0) return false;
  return (
    code === 0xa0 ||
    code === 0xfeff ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000 ||
    code === 0x1680
  );
}

/** The span without white space at its ends, or undefined when there is nothing else in it. */
export function trimSpan(text: string, start: number, end: number): Span | undefined {
  let first = start;
  let last = end;
  while (first < last && isSpace(text.charCodeAt(first))) first += 1;
  while (last > first && isSpace(text.charCodeAt(last - 1))) last -= 1;
  return first < last ? { start: first, end: last } : undefined;
}

/** Every run of characters without white space. */
export function wordRanges(text: string, start = 0, end = text.length): Span[] {
  const words: Span[] = [];
  let first = -1;
  for (let position = start; position <= end; position += 1) {
    const inWord = position < end && !isSpace(text.charCodeAt(position));
    if (inWord && first < 0) first = position;
    if (!inWord && first >= 0) {
      words.push({ start: first, end: position });
      first = -1;
    }
  }
  return words;
}

/** Every line that is not blank, trimmed. */
export function lineRanges(text: string, start: number, end: number): Span[] {
  const lines: Span[] = [];
  for (let position = start; position < end; ) {
    const newline = text.indexOf('\n', position);
    const next = newline < 0 || newline >= end ? end : newline + 1;
    const line = trimSpan(text, position, next);
    if (line !== undefined) lines.push(line);
    position = next;
  }
  return lines;
}

/**
 * Sentences, and the lines of lists and tables, which rarely end in a full stop. A sentence ends after `.`, `!`, `?` or
 * `…` with any closing quotes and brackets, before white space; after a full-width mark anywhere.
 */
export function sentenceRanges(text: string, start: number, end: number): Span[] {
  const sentences: Span[] = [];
  let first = start;
  const cut = (at: number): void => {
    const sentence = trimSpan(text, first, at);
    if (sentence !== undefined) sentences.push(sentence);
    first = at;
  };
  for (let position = start; position < end; position += 1) {
    const code = text.charCodeAt(position);
    if (code === NEWLINE) {
      if (startsItem(text, position + 1, end)) cut(position + 1);
    } else if (isStop(code)) {
      while (position + 1 < end && isCloser(text.charCodeAt(position + 1))) position += 1;
      if (position + 1 < end && isSpace(text.charCodeAt(position + 1))) cut(position + 1);
    } else if (isFullWidthStop(code)) {
      while (position + 1 < end && isCloser(text.charCodeAt(position + 1))) position += 1;
      cut(position + 1);
    }
  }
  cut(end);
  return sentences;
}

/** `position`, or one less where it would cut a surrogate pair in two. */
export function toSafeEnd(text: string, position: number): number {
  return isInsidePair(text, position) ? position - 1 : position;
}

/** `position`, or one more where it would cut a surrogate pair in two. */
export function toSafeStart(text: string, position: number): number {
  return isInsidePair(text, position) ? position + 1 : position;
}

function isInsidePair(text: string, position: number): boolean {
  const code = text.charCodeAt(position);
  if (!(code >= 0xdc00 && code <= 0xdfff)) return false;
  const before = text.charCodeAt(position - 1);
  return before >= 0xd800 && before <= 0xdbff;
}

const NEWLINE = 0x0a;

function isStop(code: number): boolean {
  return code === 0x2e || code === 0x21 || code === 0x3f || code === 0x2026;
}

/** 。 ！ ？ ｡ and the Devanagari danda. */
function isFullWidthStop(code: number): boolean {
  return code === 0x3002 || code === 0xff01 || code === 0xff1f || code === 0xff61 || code === 0x0964;
}

/** Further stops, quotes and brackets that belong to the sentence they close. */
function isCloser(code: number): boolean {
  if (code > 0x7f) return isFullWidthStop(code) || code === 0x2026 || CLOSERS.includes(String.fromCharCode(code));
  return code < 0x41
    ? code === 0x22 || code === 0x27 || code === 0x29 || code === 0x2a || isStop(code)
    : CLOSERS.includes(String.fromCharCode(code));
}

const CLOSERS = '"\')]}*_`’”»」』）】';

/** Whether the line at `position` begins a list item (`-`, `*`, `+`, `•`, a number), a table row or a quotation. */
function startsItem(text: string, position: number, end: number): boolean {
  let at = position;
  while (at < end && (text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09)) at += 1;
  if (at >= end) return false;
  const code = text.charCodeAt(at);
  if (code >= 0x30 && code <= 0x39) return /^\d{1,3}[.)]\s/.test(text.slice(at, Math.min(at + 6, end)));
  return code === 0x2d || code === 0x2a || code === 0x2b || code === 0x7c || code === 0x3e || code === 0x2022;
}
