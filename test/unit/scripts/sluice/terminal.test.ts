import { describe, expect, it } from 'vitest';
import { createPaint, plain, toDollars, toJsonText, toTable } from '../../../../scripts/sluice/terminal.ts';

const terminal = { isTTY: true } as NodeJS.WriteStream;
const pipe = { isTTY: false } as NodeJS.WriteStream;
const none = createPaint(pipe, {});

describe('colours', () => {
  it.each([
    ['on a terminal', terminal, {}, true],
    ['not in a pipe', pipe, {}, false],
    ['not against NO_COLOR', terminal, { NO_COLOR: '1' }, false],
    ['with a NO_COLOR that is empty', terminal, { NO_COLOR: '' }, true],
    ['not on a dumb terminal', terminal, { TERM: 'dumb' }, false],
  ])('are there %s', (_, stream, environment, coloured) => {
    expect(createPaint(stream, environment)('red', 'x')).toBe(coloured ? '\u001b[31mx\u001b[39m' : 'x');
  });
});

it('keeps lines and tabs of foreign text, and nothing else that a terminal obeys', () => {
  expect(plain('a\tb\nc\r\u001b[2Jd\u0007\u009b1me\u0000 – ü 漢')).toBe('a\tb\nc[2Jd1me – ü 漢');
});

it('lets no foreign text turn the direction of what stands after it, and leaves the letters of every script', () => {
  const turned = ['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069', '\u2028'];
  expect(plain(`invoice-${turned.join('')}fdp.exe`)).toBe('invoice-fdp.exe');
  const kept = 'שלום\u200f! مرحبا نمی\u200cخواهم 👩\u200d💻';
  expect(plain(kept)).toBe(kept);
});

it('escapes in JSON what a terminal obeys, and changes no value', () => {
  const value = { text: 'a\u202eb\u009b1m\u001b[2J\u2028\n\t漢' };
  const text = toJsonText(value);
  expect(JSON.parse(text)).toEqual(value);
  expect(text).toBe('{\n  "text": "a\\u202eb\\u009b1m\\u001b[2J\\u2028\\n\\t漢"\n}');
});

it('lays out a table with numbers to the right', () => {
  const table = toTable(
    ['NAME', 'COUNT'],
    [
      ['a', '1,000'],
      ['longer', '–'],
    ],
    none,
  );
  expect(table.split('\n')).toEqual(['NAME    COUNT', 'a       1,000', 'longer      –']);
});

it.each([
  [null, 'unknown'],
  [0, '$0'],
  [0.000012, '$0.000012'],
  [12.345, '$12.35'],
])('writes %s dollars as %s', (usd, text) => {
  expect(toDollars(usd)).toBe(text);
});
