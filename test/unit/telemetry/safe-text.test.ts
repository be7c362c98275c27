import { describe, expect, it } from 'vitest';
import { safeText } from '../../../shared/telemetry/safe-text.ts';

describe('a text that came from outside', () => {
  it.each(['gpt-4o-mini', 'meta-llama/Llama-3.1-8B', 'Müller & Søn', '模型', '👩‍🚀'.slice(0, 2)])(
    'stays %j',
    (text) => {
      expect(safeText(text)).toBe(text);
    },
  );

  it.each([
    ['a\n{"severity":"EMERGENCY"}', 'a\ufffd{"severity":"EMERGENCY"}'],
    ['red \u001b[31m', 'red \ufffd[31m'],
    ['next\u0085line \u2028 \u2029', 'next\ufffdline \ufffd \ufffd'],
    ['\u202egnp.exe', '\ufffdgnp.exe'],
    ['\u0000', '\ufffd'],
    ['half \ud83d', 'half \ufffd'],
  ])('loses what could forge or hide: %j', (text, expected) => {
    expect(safeText(text)).toBe(expected);
  });

  it('is cut at its limit, and never through a character', () => {
    expect(safeText('x'.repeat(10_000))).toHaveLength(256);
    expect(safeText('abcdef', 4)).toBe('abc…');
    expect(safeText('abc😀def', 5).isWellFormed()).toBe(true);
  });
});
