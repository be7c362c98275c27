import { expect, test } from 'vitest';
import { crc32c } from '../../../shared/secrets/crc32c.ts';

/** Test vectors of RFC 3720, appendix B.4, and the usual check value. */
test.each([
  ['', 0],
  ['123456789', 0xe3069283],
  ['\0'.repeat(32), 0x8a9136aa],
  [String.fromCharCode(...Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
  [Buffer.alloc(32, 0xff), 0x62a8ab43],
])('the CRC32C of %j is that of the standard', (text, expected) => {
  expect(crc32c(Buffer.from(text as string))).toBe(expected);
});
