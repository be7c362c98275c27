import { expect, test } from 'vitest';
import { shortenMessage } from '../../../shared/rag/shorten-message.ts';
import { estimateTokens } from '../../../shared/usage/tokens.ts';

test('a message that fits stays as it is', () => {
  expect(shortenMessage('How many days of holiday?', 50)).toBe('How many days of holiday?');
});

test.each([
  ['prose', 'word '],
  ['ideographs', '假期'],
  ['pairs of surrogates', '😀'],
])('of a longer one, %s, as much of its beginning and its end is kept as fits', (_what, middle) => {
  const text = `What does this say? ${middle.repeat(20_000)} Answer in one sentence.`;
  const short = shortenMessage(text, 500);
  expect(short.startsWith('What does this say?')).toBe(true);
  expect(short.endsWith('Answer in one sentence.')).toBe(true);
  expect(short.isWellFormed()).toBe(true);
  expect(estimateTokens(short)).toBeLessThanOrEqual(500);
  expect(estimateTokens(short)).toBeGreaterThan(480);
});
