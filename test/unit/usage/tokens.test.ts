import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateTokens, weighTokens } from '../../../shared/usage/tokens.ts';

describe('estimateTokens', () => {
  // Counts by OpenAI's cl100k tokenizer.
  test.each([
    ['Documents are split into pieces, and each piece is embedded.', 12],
    ['该服务接收文档，将其分割成片段，并为每个片段计算向量。', 27],
    ['Сервис принимает документы и разбивает их на части.', 23],
    ['{"id": 12345, "name": "chunk", "values": [0.25, 17]}', 24],
  ])('is within a third of the true count for %s', (text, tokens) => {
    expect(estimateTokens(text) / tokens).toBeGreaterThan(0.67);
    expect(estimateTokens(text) / tokens).toBeLessThan(1.34);
  });

  test('is 0 for nothing and a whole number for anything else', () => {
    expect(estimateTokens('')).toBe(0);
    expect(estimateTokens('a')).toBe(1);
    expect(Number.isInteger(estimateTokens('a b, c 12345 é'))).toBe(true);
  });

  test('is never more than the characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(estimateTokens(text)).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  test('never weighs the parts of a text less than the whole', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.nat(), (text, cut) => {
        const at = text.length === 0 ? 0 : cut % text.length;
        fc.pre(!/\s/.test(text.charAt(at)) || !/\s/.test(text.charAt(at - 1)));
        const parts = weighTokens(text, 0, at) + weighTokens(text, at, text.length);
        expect(parts).toBeGreaterThanOrEqual(weighTokens(text, 0, text.length) - 1e-9);
      }),
    );
  });
});
