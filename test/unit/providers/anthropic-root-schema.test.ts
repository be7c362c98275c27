import { expect, test } from 'vitest';
import { toInputSchema } from '../../../shared/providers/anthropic-root-schema.ts';

const convert = (schema?: Record<string, unknown>) => toInputSchema(schema, 'here');
const a = { type: 'string' };
const b = { type: 'number' };

test.each([
  [undefined, { type: 'object', properties: {} }],
  [{}, { type: 'object' }],
  [{ properties: { a } }, { type: 'object', properties: { a } }],
  [
    { type: ['object', 'null'], properties: { a } },
    { type: 'object', properties: { a } },
  ],
  [
    { type: 'object', properties: { a: { anyOf: [a, b] } } },
    { type: 'object', properties: { a: { anyOf: [a, b] } } },
  ],
])('%j is an object at its root', (schema, expected) => {
  expect(convert(schema)).toEqual(expected);
});

test('alternatives become one object with the properties of all, and are told', () => {
  const anyOf = [
    { type: 'object', properties: { kind: { const: 'x' }, a }, required: ['kind', 'a'] },
    { type: 'object', properties: { kind: { const: 'y' }, b }, required: ['kind'] },
    { type: 'null' },
  ];
  expect(convert({ description: 'One or the other.', anyOf })).toEqual({
    type: 'object',
    description: `One or the other.\n\n{anyOf: ${JSON.stringify(anyOf)}}`,
    properties: { kind: { anyOf: [{ const: 'x' }, { const: 'y' }] }, a, b },
    required: ['kind'],
  });
});

test('what the root says itself stays, and what only part of it demands is not demanded', () => {
  const oneOf = [{ required: ['a'] }, { required: ['b'] }];
  const schema = { type: 'object', properties: { a, b }, required: ['b'], additionalProperties: false, oneOf };
  expect(convert(schema)).toEqual({
    type: 'object',
    properties: { a, b },
    required: ['b'],
    additionalProperties: false,
    description: `{oneOf: ${JSON.stringify(oneOf)}}`,
  });
});

test('parts that hold together and references are followed', () => {
  const $defs = { named: { properties: { a }, required: ['a'] }, 'of/b': { properties: { a: { minLength: 1 }, b } } };
  const allOf = [{ $ref: '#/$defs/named' }, { $ref: '#/$defs/of~1b' }];
  expect(convert({ allOf, $defs })).toEqual({
    type: 'object',
    $defs,
    properties: { a: { allOf: [a, { minLength: 1 }] }, b },
    required: ['a'],
    description: `{allOf: ${JSON.stringify(allOf)}}`,
  });
});

test.each([
  { type: 'array', items: a },
  { type: 'string' },
  { anyOf: [a, { type: 'null' }] },
  { oneOf: [] },
  { allOf: [{ type: 'object' }, a] },
  { anyOf: [{ $ref: '#' }] },
  { anyOf: [{ $ref: 'https://elsewhere.example/schema' }, { $ref: '#/$defs/%' }] },
])('%j allows no object that can be asked for', (schema) => {
  expect(() => convert(schema)).toThrow(expect.objectContaining({ code: 'unsupported', param: 'here' }));
});
