import { describe, expect, it } from 'vitest';
import { toTokenCount } from '../../../../shared/http/dialects/messages-count.ts';
import { countTokensSchema } from '../../../../shared/http/schemas/messages-schema.ts';
import { parseRequest } from '../../../../shared/http/validation.ts';

const TEXT = 'The quick brown fox jumps over the lazy dog.';

const count = (fields: object) =>
  toTokenCount(parseRequest(countTokensSchema, { model: 'm', messages: [{ role: 'user', content: TEXT }], ...fields }));
const ofBlocks = (...content: object[]) => count({ messages: [{ role: 'user', content }] }).input_tokens;

describe('toTokenCount', () => {
  it('says that it is an estimate, near what a tokenizer says', () => {
    const { input_tokens, sluice } = count({});
    expect(sluice).toEqual({ estimated: true });
    expect(input_tokens).toBeGreaterThanOrEqual(10);
    expect(input_tokens).toBeLessThanOrEqual(20);
  });

  it('counts every part of the input', () => {
    const base = count({}).input_tokens;
    const schema = { type: 'object', properties: { city: { type: 'string' } } };
    const more = [
      { system: TEXT },
      { system: [{ type: 'text', text: TEXT }] },
      { tools: [{ name: 'f', input_schema: schema }] },
      { output_config: { format: { type: 'json_schema', schema } } },
    ];
    for (const fields of more) expect(count(fields).input_tokens).toBeGreaterThan(base + 5);
  });

  it('counts blocks by what they are', () => {
    const text = ofBlocks({ type: 'text', text: TEXT });
    expect(text).toBe(count({}).input_tokens);
    expect(ofBlocks({ type: 'tool_result', tool_use_id: 'c', content: TEXT })).toBeGreaterThan(text);
    const url = { type: 'url', url: 'https://a.example/' };
    expect(ofBlocks({ type: 'image', source: url })).toBeGreaterThan(1000);
    expect(ofBlocks({ type: 'document', source: url })).toBeGreaterThan(2000);
    const pdf = (length: number) =>
      ofBlocks({
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: 'A'.repeat(length) },
      });
    expect(pdf(500_000)).toBeGreaterThan(pdf(100_000) * 4);
    const source = { type: 'text', media_type: 'text/plain', data: TEXT };
    expect(ofBlocks({ type: 'document', source })).toBe(text);
    expect(ofBlocks({ type: 'document', source: { type: 'content', content: TEXT } })).toBe(text);
  });

  it('counts the calls of the vendor and what they found', () => {
    const of = (...content: object[]) => count({ messages: [{ role: 'assistant', content }] }).input_tokens;
    const found = {
      type: 'web_search_tool_result',
      tool_use_id: 's',
      content: [{ encrypted_content: TEXT.repeat(9) }],
    };
    expect(of({ type: 'text', text: 'x' }, found)).toBeGreaterThan(of({ type: 'text', text: 'x' }) + 50);
  });

  it('leaves out the thinking of earlier turns', () => {
    const of = (thinking: string) =>
      count({
        messages: [
          { role: 'assistant', content: [{ type: 'thinking', thinking, signature: 's' }] },
          { role: 'user', content: TEXT },
        ],
      }).input_tokens;
    expect(of(TEXT.repeat(100))).toBe(of(''));
  });
});
