import { expect, test } from 'vitest';
import { toAnnotations } from '../../../shared/providers/gemini-citations.ts';

const groundingChunks = [{ web: { uri: 'https://a.example', title: 'A' } }];

function ranges(segment: object, parts: readonly string[]) {
  const annotations = toAnnotations(
    { groundingChunks, groundingSupports: [{ segment, groundingChunkIndices: [0] }] },
    parts,
  );
  return annotations.map(({ url_citation: { start_index: start, end_index: end } }) =>
    parts.join('').slice(start, end),
  );
}

test('offsets in bytes become offsets in characters', () => {
  expect(ranges({ startIndex: 0, endIndex: 6 }, ['Köln! Bonn'])).toEqual(['Köln!']);
  expect(ranges({ startIndex: 5, endIndex: 9 }, ['🌧 Köln'])).toEqual(['Köl']);
});

test('a passage that is not where it is said to be is looked for', () => {
  expect(ranges({ startIndex: 90, endIndex: 94, text: 'Bonn' }, ['Köln, ', 'Bonn'])).toEqual(['Bonn']);
});

test('a passage that is nowhere in the text leaves the source standing for all of it', () => {
  expect(ranges({ startIndex: 90, endIndex: 94, text: 'Rome' }, ['Köln'])).toEqual(['Köln']);
});

test('sources without passages stand for the whole text', () => {
  expect(toAnnotations({ groundingChunks }, ['Köln'])).toEqual([
    { type: 'url_citation', url_citation: { start_index: 0, end_index: 4, title: 'A', url: 'https://a.example' } },
  ]);
});

test('an answer without sources that have an address has no annotations', () => {
  expect(toAnnotations({ groundingChunks: [{ retrievedContext: {} }], groundingSupports: [] }, ['x'])).toEqual([]);
  expect(toAnnotations(undefined, ['x'])).toEqual([]);
});

test('a source that is null does not shift the ones after it', () => {
  const sources = [null, ...groundingChunks] as unknown as typeof groundingChunks;
  const support = { segment: { startIndex: 0, endIndex: 4 }, groundingChunkIndices: [1] };
  const annotations = toAnnotations({ groundingChunks: sources, groundingSupports: [support] }, ['Köln']);
  expect(annotations.map(({ url_citation: { url } }) => url)).toEqual(['https://a.example']);
});
