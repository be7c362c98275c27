import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNdjsonReader } from '../../../shared/providers/ndjson-reader.ts';

function read(pieces: readonly Uint8Array[]): string[] {
  const reader = createNdjsonReader();
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
}

describe('NDJSON reader', () => {
  it('delivers each line as soon as it ends', () => {
    const reader = createNdjsonReader();
    expect(reader.push(Buffer.from('{"a":1}\n{"b"'))).toEqual(['{"a":1}']);
    expect(reader.push(Buffer.from(':2}\r\n'))).toEqual(['{"b":2}']);
    expect(reader.end()).toEqual([]);
  });

  it('delivers a last line without its end', () => {
    expect(read([Buffer.from('{"a":1}\n{"done":true}')])).toEqual(['{"a":1}', '{"done":true}']);
  });

  it('passes over blank lines and a byte order mark', () => {
    expect(read([Buffer.from('\uFEFF{"a":1}\n\n \r\n{"b":2}\n\n')])).toEqual(['{"a":1}', '{"b":2}']);
  });

  it('reads the same lines however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.json()), (values) => {
        const bytes = Buffer.from(values.map((value) => `${value}é🎉\n`).join(''));
        const single = [...bytes].map((byte) => Uint8Array.of(byte));
        expect(read(single)).toEqual(read([bytes]));
        expect(read([bytes])).toHaveLength(values.length);
      }),
    );
  });

  it('refuses a line that does not end', () => {
    const reader = createNdjsonReader();
    const piece = Buffer.from('x'.repeat(1024 * 1024));
    expect(() => {
      for (let count = 0; count < 12; count += 1) reader.push(piece);
    }).toThrow(expect.objectContaining({ name: 'AppError', code: 'server_error' }));
  });
});
