import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJsonObjectReader } from '../../../shared/providers/json-object-reader.ts';

function read(pieces: readonly string[]): string[] {
  const reader = createJsonObjectReader(1_000);
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
}

describe('JSON object reader', () => {
  it.each([
    ['one object', '{"a":1}', ['{"a":1}']],
    ['a list', '[{"a":1}\n,\r\n{"a":[{"b":{}}]}]', ['{"a":1}', '{"a":[{"b":{}}]}']],
    ['JSON lines', '{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']],
    ['braces and quotes inside text', '[{"a":"}{\\"}"},"}{",{}]', ['{"a":"}{\\"}"}', '{}']],
    ['an empty list', '[]', []],
    ['text without an object', '"}" ] ] nothing', []],
    ['an object that is cut off', '[{"a":1},{"b"', ['{"a":1}', '{"b"']],
  ])('finds the objects of %s', (_, text, objects) => {
    expect(read([text])).toEqual(objects);
  });

  it('delivers an object as soon as it is whole', () => {
    const reader = createJsonObjectReader(1_000);
    expect(reader.push('[{"a":')).toEqual([]);
    expect(reader.push('1}')).toEqual(['{"a":1}']);
    expect(reader.push(',{}]')).toEqual(['{}']);
  });

  it('finds the objects of any list however its text is cut', () => {
    const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }), { maxLength: 5 });
    fc.assert(
      fc.property(objects, fc.boolean(), fc.integer({ min: 1, max: 9 }), (list, isPretty, step) => {
        const text = JSON.stringify(list, null, isPretty ? 2 : 0);
        const pieces = Array.from({ length: Math.ceil(text.length / step) }, (_, index) =>
          text.slice(index * step, (index + 1) * step),
        );
        const reader = createJsonObjectReader(Number.MAX_SAFE_INTEGER);
        const found = [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
        expect(found.map((json) => JSON.stringify(JSON.parse(json)))).toEqual(list.map((one) => JSON.stringify(one)));
      }),
    );
  });

  it('refuses an object that does not end', () => {
    const reader = createJsonObjectReader(1_000);
    expect(() => {
      for (let count = 0; count < 12; count += 1) reader.push(`{"a":${' '.repeat(100)}`);
    }).toThrow(expect.objectContaining({ name: 'AppError', code: 'server_error' }));
  });
});
