import { describe, expect, it } from 'vitest';
import { toChatBody } from '../../../../shared/http/dialects/messages-request.ts';
import { chatSchema } from '../../../../shared/http/schemas/chat-schema.ts';
import { messagesSchema } from '../../../../shared/http/schemas/messages-schema.ts';
import { parseRequest } from '../../../../shared/http/validation.ts';

const MINIMAL = { model: 'claude', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] };
const EPHEMERAL = { type: 'ephemeral' } as const;

const read = (fields: object) => toChatBody(parseRequest(messagesSchema, { ...MINIMAL, ...fields }));

describe('toChatBody of a Messages request', () => {
  it('needs no more than model, messages and max_tokens', () => {
    expect(read({})).toEqual(MINIMAL);
  });

  it('gives a request that the chat route would accept, with nothing set that was not', () => {
    const body = read({
      system: 'Be brief.',
      stream: true,
      temperature: 0,
      top_p: 0.5,
      stop_sequences: ['END'],
      metadata: { user_id: 'u1' },
      service_tier: 'standard_only',
      sluice: { tenant: 't1' },
    });
    expect(parseRequest(chatSchema, body)).toEqual({
      model: 'claude',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
      max_tokens: 100,
      stream: true,
      temperature: 0,
      top_p: 0.5,
      stop: ['END'],
      user: 'u1',
      service_tier: 'default',
      sluice: { tenant: 't1' },
    });
  });

  it('leaves out what asks for nothing', () => {
    const body = read({ stop_sequences: [], tools: [], system: '', metadata: {}, service_tier: 'auto' });
    expect(body).toEqual(MINIMAL);
  });

  it('describes tools as functions and keeps their cache markers', () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } } };
    const tool = { name: 'weather', description: 'Looks out.', input_schema: schema };
    const body = read({
      tools: [tool, { type: 'custom', name: 'b', input_schema: schema, strict: true, cache_control: EPHEMERAL }],
    });
    expect(body.tools).toEqual([
      { type: 'function', function: { name: 'weather', description: 'Looks out.', parameters: schema } },
      { type: 'function', function: { name: 'b', parameters: schema, strict: true }, cache_control: EPHEMERAL },
    ]);
    expect(parseRequest(chatSchema, body).tools).toEqual(body.tools);
  });

  it.each([
    [{ type: 'auto' }, { tool_choice: 'auto' }],
    [{ type: 'any' }, { tool_choice: 'required' }],
    [{ type: 'none' }, { tool_choice: 'none' }],
    [{ type: 'tool', name: 'f' }, { tool_choice: { type: 'function', function: { name: 'f' } } }],
    [
      { type: 'any', disable_parallel_tool_use: true },
      { tool_choice: 'required', parallel_tool_calls: false },
    ],
    [{ type: 'auto', disable_parallel_tool_use: false }, { tool_choice: 'auto' }],
  ])('reads the tool choice %j', (tool_choice, expected) => {
    expect(read({ tool_choice })).toEqual({ ...MINIMAL, ...expected });
  });

  it.each(['output_config', 'output_format'])('reads the JSON schema of %s', (field) => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
    const format = { type: 'json_schema', schema };
    const body = read({ [field]: field === 'output_config' ? { format } : format });
    expect(body.response_format).toEqual({ type: 'json_schema', json_schema: { name: 'response', schema } });
  });

  it('asks for strictness where the schema is closed throughout', () => {
    const inner = { type: 'object', properties: { b: {} }, required: ['b'], additionalProperties: false };
    const schema = (within: object) => ({
      type: 'object',
      properties: { a: { type: 'array', items: { $ref: '#/$defs/inner' } } },
      required: ['a'],
      additionalProperties: false,
      $defs: { inner: within },
    });
    const strictness = (within: object) => {
      const format = read({
        output_config: { format: { type: 'json_schema', schema: schema(within) } },
      }).response_format;
      return format?.type === 'json_schema' ? format.json_schema.strict : 'none';
    };
    expect(strictness(inner)).toBe(true);
    expect(strictness({ ...inner, required: [] })).toBeUndefined();
    expect(strictness({ ...inner, additionalProperties: true })).toBeUndefined();
  });

  it('says a thinking budget as an effort and as it is', () => {
    expect(read({ thinking: { type: 'enabled', budget_tokens: 4000 } })).toMatchObject({
      reasoning_effort: 'medium',
      thinking_budget_tokens: 4000,
    });
    expect(read({ thinking: { type: 'adaptive' } })).not.toHaveProperty('thinking_budget_tokens');
  });

  it('puts the marker of the whole request on its last block', () => {
    const last = (messages: object[]) => read({ messages, cache_control: EPHEMERAL }).messages.at(-1);
    expect(last([{ role: 'user', content: 'Hello' }])).toEqual({
      role: 'user',
      content: [{ type: 'text', text: 'Hello', cache_control: EPHEMERAL }],
    });
    const own = { type: 'ephemeral', ttl: '1h' };
    const blocks = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ];
    expect(last([{ role: 'user', content: blocks }])?.content).toEqual([
      blocks[0],
      { ...blocks[1], cache_control: EPHEMERAL },
    ]);
    expect(last([{ role: 'user', content: [{ type: 'text', text: 'a', cache_control: own }] }])?.content).toEqual([
      { type: 'text', text: 'a', cache_control: own },
    ]);
    expect(last([{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: 'x' }] }])).toEqual({
      role: 'tool',
      tool_call_id: 'c',
      content: 'x',
      cache_control: EPHEMERAL,
    });
  });

  it.each([
    ['top_k', { top_k: 40 }, 'top_k'],
    ['a tool the vendor runs', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, 'tools[0].type'],
    ['a tool the vendor defines', { tools: [{ type: 'bash_20250124', name: 'bash' }] }, 'tools[0].type'],
  ])('refuses %s by name', (_what, fields, param) => {
    expect(() => read(fields)).toThrow(expect.objectContaining({ code: 'unsupported', param }));
  });

  it('names the tool it refuses', () => {
    const tools = [{ type: 'web_search_20250305', name: 'web_search', max_uses: 5 }];
    expect(() => read({ tools })).toThrow(/web_search_20250305/);
  });

  it('never changes the request', () => {
    const body = parseRequest(messagesSchema, {
      ...MINIMAL,
      system: [{ type: 'text', text: 's', cache_control: EPHEMERAL }],
      cache_control: EPHEMERAL,
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'a' }] },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'f', input: { a: 1 } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: 'x', is_error: true }] },
      ],
    });
    const before = structuredClone(body);
    toChatBody(body);
    expect(body).toEqual(before);
  });
});

describe('the schema of a Messages request', () => {
  it.each([
    ['no max_tokens', { max_tokens: undefined }, 'max_tokens'],
    ['a temperature above 1', { temperature: 1.5 }, 'temperature'],
    ['an unknown field', { container: 'x' }, 'container'],
    ['no messages', { messages: [] }, 'messages'],
    ['another role', { messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].role'],
    [
      'a block only answers have',
      { messages: [{ role: 'user', content: [{ type: 'thinking', thinking: 'x', signature: 's' }] }] },
      'messages[0].content[0].type',
    ],
    [
      'a file id',
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file', file_id: 'f' } }] }] },
      'messages[0].content[0].source.type',
    ],
    ['a tool without a schema', { tools: [{ name: 'f' }] }, 'tools[0].input_schema'],
    ['a budget below the least', { thinking: { type: 'enabled', budget_tokens: 100 } }, 'thinking.budget_tokens'],
  ])('refuses %s and says where', (_what, fields, param) => {
    expect(() => parseRequest(messagesSchema, { ...MINIMAL, ...fields })).toThrow(
      expect.objectContaining({ code: 'invalid_request', param }),
    );
  });
});
