import { describe, expect, it } from 'vitest';
import { chatSchema } from '../../../../shared/http/schemas/chat-schema.ts';
import { messagesSchema } from '../../../../shared/http/schemas/messages-schema.ts';
import { responsesSchema } from '../../../../shared/http/schemas/responses-schema.ts';
import { parseRequest } from '../../../../shared/http/validation.ts';

const MESSAGES = [{ role: 'user', content: 'a' }];
const SCHEMAS = { chat: chatSchema, messages: messagesSchema, responses: responsesSchema } as const;
const MINIMAL = {
  chat: { model: 'm', messages: MESSAGES },
  messages: { model: 'm', messages: MESSAGES, max_tokens: 10 },
  responses: { model: 'm', input: 'a' },
} as const;

/** What is left of the fields that a request has beside the least it needs. */
function read(api: keyof typeof SCHEMAS, fields: object): unknown {
  const parsed = parseRequest<(typeof SCHEMAS)[typeof api]>(SCHEMAS[api], { ...MINIMAL[api], ...fields });
  const left = Object.entries(JSON.parse(JSON.stringify(parsed))).filter(([field]) => !(field in MINIMAL[api]));
  return Object.fromEntries(left);
}

const loaded = (tool: object) => ({ tools: [tool] });
const deferred = (tool: object) => loaded({ ...tool, defer_loading: true });

describe('a hint to one vendor', () => {
  it.each([
    ['chat', { type: 'function', function: { name: 'f' } }],
    ['chat', { type: 'custom', custom: { name: 'f' } }],
    ['messages', { name: 'f', input_schema: { type: 'object' } }],
    ['responses', { type: 'function', name: 'f' }],
    ['responses', { type: 'custom', name: 'f' }],
  ] as const)('when to load a tool is taken and goes no further (%s, %j)', (api, tool) => {
    expect(read(api, deferred(tool))).toEqual(loaded(tool));
  });

  it('how widely a cached prompt is shared is taken and goes no further', () => {
    const block = { type: 'text', text: 'a', cache_control: { type: 'ephemeral' } };
    const shared = { ...block, cache_control: { ...block.cache_control, scope: 'global' } };
    expect(read('messages', { system: [shared] })).toEqual({ system: [block] });
  });

  it.each([
    ['responses', { client_metadata: { installation: 'x' } }],
    ['messages', { top_k: null }],
  ] as const)('is no field of the request inside (%s, %j)', (api, fields) => {
    expect(read(api, fields)).toEqual({});
  });

  it('may say that there is no container, and name none', () => {
    expect(read('messages', { container: null })).toEqual({ container: null });
    expect(() => read('messages', { container: 'c1' })).toThrow(expect.objectContaining({ param: 'container' }));
  });

  it.each([
    ['chat', { tools: [{ type: 'function', function: { name: 'f' }, defer: true }] }, 'tools[0].defer'],
    ['messages', { cache_control: { type: 'ephemeral', range: 'x' } }, 'cache_control.range'],
    ['responses', { clientMetadata: {} }, 'clientMetadata'],
  ] as const)('is known by its name alone (%s, %j)', (api, fields, param) => {
    expect(() => read(api, fields)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });
});
