import { expect, test } from 'vitest';
import { resolveReference } from '../../../shared/providers/schema-reference.ts';

const city = { type: 'string' };
const root = { $defs: { city, 'a/b': city, 'c~d': city, 'e f': city, list: [city] }, definitions: { '%': city } };

test.each(['#/$defs/city', '#/$defs/a~1b', '#/$defs/c~0d', '#/$defs/e%20f', '#/$defs/list/0', '#/definitions/%'])(
  '%s names a schema',
  (reference) => {
    expect(resolveReference(root, reference)).toBe(city);
  },
);

test('the root names itself', () => {
  expect(resolveReference(root, '#')).toBe(root);
});

test.each(['#/$defs/none', '#/toString', '#city', 'https://elsewhere.example/#/$defs/city', ''])(
  '%j names nothing',
  (reference) => {
    expect(resolveReference(root, reference)).toBeUndefined();
  },
);
