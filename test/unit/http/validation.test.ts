import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { chatSchema } from '../../../shared/http/schemas/chat-schema.ts';
import { documentsSchema } from '../../../shared/http/schemas/documents-schema.ts';
import { searchSchema } from '../../../shared/http/schemas/search-schema.ts';
import { parseRequest } from '../../../shared/http/validation.ts';

const user = { role: 'user', content: 'Hello' };

function refusal(schema: z.ZodType, input: unknown): AppError {
  try {
    parseRequest(schema, input);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const chat = (fields: Record<string, unknown>): AppError =>
  refusal(chatSchema, { model: 'm', messages: [user], ...fields });

describe('a request that breaks a rule', () => {
  it.each([
    [{ messages: undefined }, 'messages'],
    [{ model: undefined }, 'model'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ content: 'x' }] }, 'messages[0].role'],
    [{ messages: [user, { role: 'user', content: [{ type: 'text' }] }] }, 'messages[1].content[0].text'],
    [{ tools: [{ type: 'function' }] }, 'tools[0].function'],
    [{ sluice: { retrieval: { filter: { type: 'eq', key: 'a' } } } }, 'sluice.retrieval.filter.value'],
  ])('is told which parameter is missing: %j', (fields, param) => {
    expect(chat(fields)).toMatchObject({
      code: 'invalid_request',
      param,
      message: `Missing required parameter: ${param}.`,
    });
  });

  it.each([
    [{ api_key: 'sk-1' }, 'api_key'],
    [{ base_url: 'http://169.254.169.254' }, 'base_url'],
    [{ ollama_url: 'http://localhost' }, 'ollama_url'],
    [{ headers: { authorization: 'x' } }, 'headers'],
    [{ endpoint: 'https://example.com' }, 'endpoint'],
    [{ extra_headers: {} }, 'extra_headers'],
    [{ messages: [{ ...user, foo: 1 }] }, 'messages[0].foo'],
    [{ messages: [{ role: 'user', content: [{ type: 'text', text: 'a', foo: 1 }] }] }, 'messages[0].content[0].foo'],
    [{ tools: [{ type: 'function', function: { name: 'f', foo: 1 } }] }, 'tools[0].function.foo'],
    [{ sluice: { provider: 'x' } }, 'sluice.provider'],
    [{ sluice: { retrieval: { url: 'x' } } }, 'sluice.retrieval.url'],
    [JSON.parse('{"__proto__":{"model":"x"}}'), '__proto__'],
  ])('is told which argument is not known: %j', (fields, param) => {
    // Spread leaves a `__proto__` of its own out, so the object is put together by hand.
    const input = Object.defineProperties({ model: 'm', messages: [user] }, Object.getOwnPropertyDescriptors(fields));
    expect(refusal(chatSchema, input)).toMatchObject({
      code: 'invalid_request',
      param,
      message: `Unrecognized request argument: ${param}.`,
    });
  });

  it.each([
    [{ messages: [{ ...user, role: 'wizard' }] }, 'messages[0].role', /'system'.*'user'.*'assistant'/],
    [{ messages: [] }, 'messages', /at least|>=1/],
    [{ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content', /expected string, or expected array/],
    [{ messages: [{ role: 'user', content: [{ type: 'video' }] }] }, 'messages[0].content[0].type', /'image_url'/],
    [{ temperature: 2.1 }, 'temperature', /<=2/],
    [{ temperature: 'hot' }, 'temperature', /expected number, received string/],
    [{ max_tokens: 0 }, 'max_tokens', />=1/],
    [{ max_tokens: 1.5 }, 'max_tokens', /expected int/],
    [{ stop: 3 }, 'stop', /expected string, or expected array/],
    [{ tool_choice: 'sometimes' }, 'tool_choice', /"none"\|"auto"\|"required", or expected object/],
    [{ tool_choice: { type: 'allowed_tools', allowed_tools: 3 } }, 'tool_choice.allowed_tools', /must be an object/],
    [{ tools: [{ type: 'function', function: { name: 'a b' } }] }, 'tools[0].function.name', /use 1 to 128 letters/],
    [{ tools: [{ type: 'banana' }] }, 'tools[0].type', /'function'/],
    [{ metadata: { a: 1 } }, 'metadata.a', /expected string/],
    [{ sluice: { retrieval: 'yes' } }, 'sluice.retrieval', /boolean, or expected object/],
    [{ sluice: { retrieval: { top_k: 0 } } }, 'sluice.retrieval.top_k', />=1/],
    [
      { sluice: { retrieval: { filter: { type: 'and', filters: [{ type: 'like' }] } } } },
      'sluice.retrieval.filter.filters[0].type',
      /'eq'.*'nin'.*'or'/,
    ],
  ])('is told the rule: %j', (fields, param, rule) => {
    const error = chat(fields);
    expect(error).toMatchObject({ code: 'invalid_request', param });
    expect(error.message).toMatch(rule);
    expect(error.message.startsWith(`Invalid ${param}: `)).toBe(true);
    expect(error.message).not.toMatch(/Invalid .*Invalid|\.\.$/);
  });

  it.each([[], null, undefined, 'text', 5])('must be an object, not %j', (input) => {
    const error = refusal(chatSchema, input);
    expect(error).toMatchObject({ code: 'invalid_request', param: undefined });
    expect(error.message).toMatch(/^Invalid request: expected object/);
  });

  it('is never answered with its own values', () => {
    const secret = 'sk-very-secret-prompt';
    const anything = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constant(secret),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.record(
          { type: tie('value'), role: tie('value'), content: tie('value'), text: tie('value'), function: tie('value') },
          { requiredKeys: [] },
        ),
      ),
    })).value;
    const field = fc.constantFrom(
      'model',
      'messages',
      'tools',
      'tool_choice',
      'stop',
      'response_format',
      'sluice',
      'seed',
    );
    fc.assert(
      fc.property(field, anything, (name, value) => {
        const result = chatSchema.safeParse({ model: 'm', messages: [user], [name]: value });
        if (result.success) return;
        const error = chat({ [name]: value });
        expect(error.message).not.toContain(secret);
        expect(error.param ?? '').not.toContain(secret);
        expect(error.param?.startsWith(name) ?? true).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('repeats no more of a long name than is needed to recognise it', () => {
    const error = chat({ ['x'.repeat(100_000)]: 1 });
    expect(error.message.length).toBeLessThan(300);
    expect(error.param?.length).toBeLessThan(300);
  });

  it('names the rule of the alternative that was meant', () => {
    const schema = z.strictObject({
      value: z.union([z.string(), z.strictObject({ deep: z.strictObject({ n: z.int() }) })]),
    });
    expect(refusal(schema, { value: { deep: { n: 'x' } } })).toMatchObject({ param: 'value.deep.n' });
    expect(refusal(documentsSchema, { documents: [{ text: 'a', metadata: { k: [[1]] } }] })).toMatchObject({
      param: 'documents[0].metadata.k[0]',
    });
    expect(refusal(searchSchema, { query: 'a', filter: { type: 'gt', key: 'a', value: true } })).toMatchObject({
      param: 'filter.value',
      message: 'Invalid filter.value: expected string, or expected number.',
    });
  });
});

describe('a request that keeps the rules', () => {
  it('comes back as it was', () => {
    const input = { model: 'm', messages: [user], temperature: 0, stream: null, sluice: { retrieval: true } };
    expect(parseRequest(chatSchema, input)).toEqual(input);
  });
});
