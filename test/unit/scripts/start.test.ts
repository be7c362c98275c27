import { describe, expect, it } from 'vitest';
import { readPort } from '../../../scripts/start.ts';

describe('the port that npm start listens on', () => {
  it('is the one of PORT, 8080 without one', () => {
    expect([readPort('0'), readPort('65535'), readPort('8090'), readPort(''), readPort()]).toEqual([
      0, 65_535, 8090, 8080, 8080,
    ]);
  });

  it.each(['abc', '65536', '-1', '80.5', ' 80', '1e3', '0x50'])('is refused in words when it is "%s"', (text) => {
    expect(() => readPort(text)).toThrow('PORT is a number from 0 to 65535.');
  });
});
