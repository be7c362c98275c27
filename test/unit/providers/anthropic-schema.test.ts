import { expect, test } from 'vitest';
import { hasOpenObjects, toStrictSchema } from '../../../shared/providers/anthropic-schema.ts';

test('a schema of the known keywords stays as it is', () => {
  const schema = {
    type: 'object',
    properties: {
      kind: { enum: ['a', 'b'] },
      tags: { type: 'array', items: { $ref: '#/$defs/tag' }, minItems: 1 },
      at: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
    },
    required: ['kind'],
    additionalProperties: false,
    $defs: { tag: { type: 'object', properties: {}, additionalProperties: false } },
  };
  expect(toStrictSchema(schema)).toEqual(schema);
});

test('limits the vendor cannot enforce are told in the description and open objects are closed', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      age: { type: 'integer', minimum: 0, maximum: 150, description: 'In years.' },
      // A property may be called like a keyword.
      pattern: { type: 'string', pattern: '^x' },
      shape: {
        oneOf: [
          { type: ['object', 'null'], properties: {} },
          { type: 'string', format: 'color' },
        ],
      },
    },
    additionalProperties: true,
  };
  const before = structuredClone(schema);
  expect(toStrictSchema(schema)).toEqual({
    type: 'object',
    properties: {
      age: { type: 'integer', description: 'In years.\n\n{minimum: 0, maximum: 150}' },
      pattern: { type: 'string', description: '{pattern: "^x"}' },
      shape: {
        anyOf: [
          { type: ['object', 'null'], properties: {}, additionalProperties: false },
          { type: 'string', description: '{format: "color"}' },
        ],
      },
    },
    additionalProperties: false,
  });
  expect(schema).toEqual(before);
});

test.each([
  { type: 'object', additionalProperties: true },
  { type: 'object', properties: { a: { type: 'object', additionalProperties: { type: 'number' } } } },
  { type: 'object', properties: { a: { type: 'object', additionalProperties: {} } } },
  { type: 'object', properties: { a: { type: ['object', 'null'] } } },
  { type: 'object', properties: { a: { patternProperties: { '^x': {} } } } },
  { type: 'array', items: { anyOf: [{ type: 'null' }, { type: 'object' }] } },
  { $ref: '#/$defs/a', $defs: { a: { type: 'object', additionalProperties: true } } },
])("%j has objects with keys of the model's own", (schema) => {
  expect(hasOpenObjects(schema)).toBe(true);
});

test.each([
  {},
  { type: 'string', enum: ['object'] },
  { type: 'object', properties: {} },
  { type: 'object', additionalProperties: false },
  // A property, and a default, may look like a keyword.
  { type: 'object', properties: { additionalProperties: { type: 'string' } }, default: { additionalProperties: true } },
  { type: 'object', $ref: '#/$defs/a', $defs: { a: { type: 'object', properties: { b: { type: 'integer' } } } } },
])('%j has none', (schema) => {
  expect(hasOpenObjects(schema)).toBe(false);
});
