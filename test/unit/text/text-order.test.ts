import { expect, it } from 'vitest';
import { compareText } from '../../../shared/text/text-order.ts';

it('orders text as its UTF-8 bytes do', () => {
  const texts = [
    '',
    'a',
    'ab',
    'b',
    'B',
    'é',
    '文',
    '\ue000',
    '\uffff',
    '🙂',
    '🙂a',
    '𐀀',
    '\u{10ffff}',
    'a🙂',
    'a\uffff',
  ];
  for (const left of texts) {
    for (const right of texts) {
      expect(Math.sign(compareText(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
    }
  }
});
