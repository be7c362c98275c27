import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../../shared/config/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['300s', 300_000],
    ['1s', 1_000],
    ['60s', 60_000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['1h', 3_600_000],
    ['1h2m3s4ms', 3_723_004],
    ['5m', 300_000],
    ['1m500ms', 60_500],
    ['1.5s', 1_500],
    ['0s', 0],
  ])('reads %s as %d ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each([
    '',
    '5',
    '-1s',
    'abc',
    '1d',
    '1s1m',
    '1s 2ms',
    ' 1s',
    '1s\n',
    '1S',
    '.5s',
    '1.5ms',
    '1mm',
    's',
    '1e3s',
    '+1s',
    `${'9'.repeat(30)}h`,
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('reads back every sum of hours, minutes, seconds and milliseconds', () => {
    const part = fc.option(fc.nat(10_000), { nil: undefined });
    fc.assert(
      fc.property(part, part, part, part, (hours, minutes, seconds, milliseconds) => {
        const parts = [
          [hours, 'h', 3_600_000],
          [minutes, 'm', 60_000],
          [seconds, 's', 1_000],
          [milliseconds, 'ms', 1],
        ] as const;
        const text = parts.map(([count, unit]) => (count === undefined ? '' : `${count}${unit}`)).join('');
        const total = parts.reduce((sum, [count, , factor]) => sum + (count ?? 0) * factor, 0);
        expect(parseDuration(text)).toBe(text === '' ? undefined : total);
      }),
    );
  });
});
