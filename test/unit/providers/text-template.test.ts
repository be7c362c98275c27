import { describe, expect, it } from 'vitest';
import { findTemplate, toProbe } from '../../../shared/providers/text-template.ts';

const OPENING = '"delta":{"content":"';
const PADDING = '"obfuscation":"';

describe('a text template', () => {
  it('has a gap where the one string is, and another for padding that comes later', () => {
    const template = findTemplate('{"delta":{"content":"a\\"b"},"obfuscation":"xy","z":1}', OPENING, PADDING);
    expect(template).toEqual(['{"delta":{"content":"', '"},"obfuscation":"', '","z":1}']);
    expect(toProbe(template ?? [])).toBe('{"delta":{"content":"x"},"obfuscation":"x","z":1}');
  });

  it.each([
    ['two such strings', '{"delta":{"content":"a"},"x":{"delta":{"content":"b"}}}'],
    ['none', '{"delta":{}}'],
    ['several lines', '{"delta":{"content":"a"}\n}'],
    ['a string without an end', '{"delta":{"content":"a'],
    ['padding before the text', '{"obfuscation":"x","delta":{"content":"a"}}'],
  ])('is not made of a text with %s', (_, json) => {
    expect(findTemplate(json, OPENING, PADDING)).toBeUndefined();
  });
});
