import { expect, test } from 'vitest';
import { analyze, locateWords, toWords } from '../../../shared/text/text-analysis.ts';

test('inflections of a word are one term, counted', () => {
  expect(analyze('Connecting the connected connections: Cats!')).toEqual([
    { stem: 'connect', count: 3 },
    { stem: 'cat', count: 1 },
  ]);
});

test('stop words count only where there is nothing else', () => {
  expect(analyze('the cat is on a mat').map((term) => term.stem)).toEqual(['cat', 'mat']);
  expect(analyze('To be or not to be').map((term) => term.stem)).toEqual(['to', 'be', 'or', 'not']);
});

test('compatible and composed forms are the same word', () => {
  expect(toWords('Ａｂｃ cafe\u0301')).toEqual(toWords('abc CAFÉ'));
});

test('scripts without spaces are cut into pairs of characters', () => {
  expect(toWords('文書検索 test')).toEqual(['文書', '書検', '検索', 'test']);
  expect(toWords('字')).toEqual(['字']);
});

test('scripts with spaces keep their words, accents and marks', () => {
  expect(toWords('Найти документы, नमस्ते')).toEqual(['найти', 'документы', 'नमस्ते']);
});

test('a text without a word gives its characters, and only white space gives nothing', () => {
  expect(toWords('?! 🚀')).toEqual(['?', '!', '🚀']);
  expect(analyze(' \n\u00a0')).toEqual([]);
});

test('a word of any length costs no more than a long one', () => {
  expect(toWords('x'.repeat(1_000_000))).toEqual(['x'.repeat(64)]);
});

test('words are located where they stand in the text as it was given', () => {
  const text = 'Ｌift, the cafe\u0301 🙂 文書検索!';
  const located = locateWords(text);
  expect(located.map(({ word }) => word)).toEqual(toWords(text));
  expect(located.map(({ start, end }) => text.slice(start, end))).toEqual([
    'Ｌift',
    'the',
    'cafe\u0301',
    '文書',
    '書検',
    '検索',
  ]);
});

test('a word that may be broken at the end of a line is one word', () => {
  const text = 'the wind\u00adshield';
  expect(toWords(text)).toEqual(['the', 'windshield']);
  expect(locateWords(text)[1]).toEqual({ word: 'windshield', start: 4, end: text.length });
  expect(toWords('\u00ad')).toEqual([]);
});

test('a single character of an unspaced script is located as well', () => {
  expect(locateWords('a 字')).toEqual([
    { word: 'a', start: 0, end: 1 },
    { word: '字', start: 2, end: 3 },
  ]);
});
