import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNameMap } from '../../../shared/providers/anthropic-names.ts';

test('no two names become one, whatever they hold and however long they are', () => {
  const name = fc.oneof(
    fc.string({ minLength: 1, maxLength: 6 }),
    fc.stringMatching(/^[ab._:-]{1,6}$/),
    fc.constantFrom('a_b', 'a_b_2', 'a.b', 'a:b', 'a b'),
  );
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 30 }), fc.integer({ min: 4, max: 8 }), (names, maxLength) => {
      const { toVendor, changed } = createNameMap(names, maxLength);
      const sent = names.map(toVendor);
      expect(new Set(sent).size).toBe(names.length);
      for (const [position, each] of sent.entries()) {
        expect(each).toMatch(/^[a-zA-Z0-9_-]+$/);
        expect(each.length).toBeLessThanOrEqual(maxLength);
        expect(changed.get(each) ?? each).toBe(names[position]);
      }
    }),
  );
});

test('names that are alike by the thousand take no longer than others', () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `id${String.fromCodePoint(0x4e00 + index)}`);
  const { changed } = createNameMap(names);
  expect(changed.size).toBe(20_000);
  expect(changed.get('id__20000')).toBe(names.at(-1));
});
