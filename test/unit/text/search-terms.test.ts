import { expect, test } from 'vitest';
import { countTerms, createTermReader } from '../../../shared/text/search-terms.ts';

test('terms are stems in their order, repeats included, without the little words', () => {
  const read = createTermReader();
  expect(read('The Connections of a connected CAT')).toEqual(['connect', 'connect', 'cat']);
  expect(read('to be or not to be')).toEqual([]);
  expect(read('文書検索')).toEqual(['文書', '書検', '検索']);
});

test('words that only embeddings pass over are searched for', () => {
  expect(createTermReader()('above all, what was before?')).toEqual(['abov', 'all', 'what', 'befor']);
});

test('more words than a reader remembers change nothing', () => {
  const read = createTermReader();
  const words = Array.from({ length: 60_000 }, (_, number) => `w${number}`).join(' ');
  expect(read(words)).toHaveLength(60_000);
  expect(read('connections')).toEqual(['connect']);
});

test('terms are counted in the order they first occur', () => {
  expect([...countTerms(['a', 'b', 'a'])]).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
});
