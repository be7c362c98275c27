import { expect, test } from 'vitest';
import { toOpenApiSchema } from '../../../shared/providers/gemini-schema.ts';

test.each([
  [
    { type: 'string', description: 'd', additionalProperties: false },
    { type: 'STRING', description: 'd' },
  ],
  [{ type: ['string', 'null'] }, { type: 'STRING', nullable: true }],
  [
    { type: ['string', 'integer'], description: 'd' },
    { description: 'd', anyOf: [{ type: 'STRING' }, { type: 'INTEGER' }] },
  ],
  [{ anyOf: [{ type: 'number' }, { type: 'null' }] }, { type: 'NUMBER', nullable: true }],
  [{ oneOf: [{ type: 'number' }, { type: 'string' }] }, { anyOf: [{ type: 'NUMBER' }, { type: 'STRING' }] }],
  [{ const: 'x' }, { type: 'STRING', format: 'enum', enum: ['x'] }],
  [{ type: 'integer', enum: [1, 2] }, { type: 'INTEGER' }],
  [{ type: 'string', format: 'email' }, { type: 'STRING' }],
  [
    { type: 'string', format: 'date-time' },
    { type: 'STRING', format: 'date-time' },
  ],
  [
    { type: 'array', items: { type: 'string' }, minItems: 1 },
    { type: 'ARRAY', items: { type: 'STRING' }, minItems: 1 },
  ],
  [{ type: 'object', properties: {} }, { type: 'OBJECT' }],
  [
    {
      allOf: [
        { properties: { a: { type: 'string' } }, required: ['a'] },
        { properties: { b: { type: 'number' } }, required: ['b'] },
      ],
    },
    { type: 'OBJECT', properties: { a: { type: 'STRING' }, b: { type: 'NUMBER' } }, required: ['a', 'b'] },
  ],
])('%j loses only what the dialect lacks', (schema, converted) => {
  expect(toOpenApiSchema(schema)).toEqual(converted);
});

test('a reference becomes what it names, with its own description', () => {
  const schema = {
    type: 'object',
    properties: { home: { $ref: '#/$defs/address', description: 'where' } },
    $defs: { address: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
  };
  expect(toOpenApiSchema(schema)).toEqual({
    type: 'OBJECT',
    properties: {
      home: { type: 'OBJECT', description: 'where', properties: { city: { type: 'STRING' } }, required: ['city'] },
    },
  });
});

test('a reference that comes back to itself ends as any object', () => {
  const schema = {
    $ref: '#/$defs/node',
    $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' }, name: { type: 'string' } } } },
  };
  expect(toOpenApiSchema(schema)).toEqual({
    type: 'OBJECT',
    properties: { next: { type: 'OBJECT' }, name: { type: 'STRING' } },
  });
});
