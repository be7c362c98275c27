import { describe, expect, test } from 'vitest';
import { toMessagesRequest } from '../../../shared/providers/anthropic-request.ts';
import { MODEL, OLD_MODEL, toBody, translate, user, weather, weatherTool } from './anthropic-fixtures.ts';

const schema = {
  type: 'object',
  properties: { name: { $ref: '#/$defs/name' } },
  required: ['name'],
  additionalProperties: false,
  $defs: { name: { type: 'string' } },
};
const response_format = { type: 'json_schema', json_schema: { name: 'city', schema, strict: true } } as const;
const description = 'Gives the final answer to the user in its required form.';

test('a schema becomes a tool that must be called', () => {
  expect(toMessagesRequest({ model: 'agent', messages: [user], response_format }, OLD_MODEL)).toEqual({
    body: {
      model: OLD_MODEL,
      max_tokens: 4096,
      messages: [{ role: 'user', content: 'Hello' }],
      tools: [{ name: 'city', description, input_schema: schema }],
      tool_choice: { type: 'tool', name: 'city', disable_parallel_tool_use: true },
    },
    responseTool: 'city',
    dropped: [],
  });
  const body = toBody({ response_format });
  expect(body.tools).toEqual([{ name: 'city', description, input_schema: schema, strict: true }]);
  expect(body.tool_choice).toEqual({ type: 'tool', name: 'city', disable_parallel_tool_use: true });
});

test('beside tools it is the native format, or a choice between them on a model without one', () => {
  const native = toMessagesRequest({ model: 'agent', messages: [user], response_format, tools: [weather] }, MODEL);
  expect(native.responseTool).toBeUndefined();
  expect(native.body.tools).toEqual([weatherTool]);
  expect(native.body.output_config).toEqual({ format: { type: 'json_schema', schema } });
  const named = { type: 'function', function: { name: 'city' } } as const;
  const old = toMessagesRequest({ model: 'agent', messages: [user], response_format, tools: [named] }, OLD_MODEL);
  expect(old.responseTool).toBe('city_answer');
  expect(old.body.tools?.map((tool) => 'name' in tool && tool.name)).toEqual(['city', 'city_answer']);
  expect(old.body.tool_choice).toEqual({ type: 'any' });
  expect(old.body.output_config).toBeUndefined();
});

test('beside thinking, and on a model that cannot be made to call, it is the native format', () => {
  expect(toBody({ response_format, reasoning_effort: 'low' })).toMatchObject({
    output_config: { format: { type: 'json_schema' } },
    thinking: { type: 'enabled' },
  });
  expect(toBody({ response_format }, 'claude-sonnet-5-5')).toMatchObject({
    output_config: { format: { type: 'json_schema' } },
  });
});

test('a model that thinks by default is told not to when it must answer through the tool', () => {
  expect(toBody({ response_format }, 'claude-sonnet-5')).toMatchObject({
    thinking: { type: 'disabled' },
    tool_choice: { type: 'tool' },
  });
});

test('a JSON object is asked for in words, after the system messages', () => {
  const messages = [{ role: 'system', content: 'Be brief.' } as const, user];
  expect(toBody({ messages, response_format: { type: 'json_object' } }).system).toMatch(/^Be brief\.\n\n.*JSON object/);
});

test.each([{}, undefined])('a schema of %j is JSON of any form, asked for in words', (empty) => {
  const json_schema = { name: 'any', ...(empty ? { schema: empty } : {}) };
  const body = toBody({ response_format: { type: 'json_schema', json_schema } });
  expect(body.system).toContain('JSON object');
  expect(body).not.toHaveProperty('tools');
});

test.each([{ type: 'array' }, { anyOf: [{ type: 'string' }, { type: 'null' }] }])(
  'a schema whose root is no object (%j) is left to vendors that take it',
  (root) => {
    const json_schema = { name: 'list', schema: root };
    expect(() => toBody({ response_format: { type: 'json_schema', json_schema } })).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'response_format.json_schema.schema' }),
    );
  },
);

describe('a schema with a map', () => {
  const map = {
    type: 'object',
    properties: { scores: { type: 'object', additionalProperties: { type: 'number' } } },
    required: ['scores'],
  };
  const ofMap = { type: 'json_schema', json_schema: { name: 'scores', schema: map, strict: true } } as const;
  const tool = { name: 'scores', description, input_schema: map };

  test('is a tool that takes it as it is, alone, beside tools and beside thinking', () => {
    const alone = translate({ response_format: ofMap });
    expect(alone).toMatchObject({ responseTool: 'scores', body: { tool_choice: { type: 'tool', name: 'scores' } } });
    expect(alone.body.tools).toEqual([tool]);
    const beside = translate({ response_format: ofMap, tools: [weather] });
    expect(beside).toMatchObject({ responseTool: 'scores', body: { tool_choice: { type: 'any' } } });
    expect(beside.body.tools).toEqual([weatherTool, tool]);
    expect(beside.body).not.toHaveProperty('output_config');
    const thinking = translate({ response_format: ofMap, reasoning_effort: 'low' });
    expect(thinking).toMatchObject({ responseTool: 'scores', dropped: ['reasoning_effort'] });
    expect(thinking.body.tools).toEqual([tool]);
    expect(thinking.body).not.toHaveProperty('thinking');
  });

  test('is left to others where the model cannot be made to call', () => {
    expect(() => toBody({ response_format: ofMap }, 'claude-sonnet-5-5')).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'response_format' }),
    );
  });

  test('leaves a demanded call of the caller alone', () => {
    const body = toBody({ response_format: ofMap, tools: [weather], tool_choice: 'required' });
    expect(body.tools).toEqual([weatherTool]);
    expect(body.tool_choice).toEqual({ type: 'any' });
  });

  test('of a strict tool makes the tool an ordinary one', () => {
    const strict = { type: 'function', function: { name: 'f', parameters: map, strict: true } } as const;
    expect(toBody({ tools: [strict] }).tools).toEqual([{ name: 'f', input_schema: map }]);
  });
});
