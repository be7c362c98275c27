import { describe, expect, it } from 'vitest';
import { completeStructured } from '../../../../shared/app/chat/structured-output.ts';
import type { ChatCall, ChatProvider, ChatRequest } from '../../../../shared/contracts/chat-provider.ts';

const SCHEMA = {
  type: 'object',
  properties: { city: { $ref: '#/$defs/name' }, code: { type: 'string', pattern: '^(a+)+$' } },
  required: ['city'],
  additionalProperties: false,
  $defs: { name: { type: 'string' } },
};

const strict: ChatRequest['response_format'] = {
  type: 'json_schema',
  json_schema: { name: 'place', strict: true, schema: SCHEMA },
};

/** Answers with each text in turn; remembers what it was asked. */
function run(
  texts: readonly string[],
  format: ChatRequest['response_format'],
  message: Record<string, unknown> = {},
  finish = 'stop',
) {
  const asked: ChatRequest[] = [];
  const chat = {
    complete: async ({ request }: ChatCall) => {
      asked.push(request);
      return {
        completion: {
          id: 'c',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [
            {
              index: 0,
              message: { role: 'assistant', content: texts[asked.length - 1] ?? '', refusal: null, ...message },
              logprobs: null,
              finish_reason: finish,
            },
          ],
          usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
        },
      };
    },
  } as unknown as ChatProvider;
  const request = {
    model: 'm',
    messages: [{ role: 'user', content: 'Where?' }],
    ...(format === undefined ? {} : { response_format: format }),
  } as ChatRequest;
  const call = { request, model: 'm', signal: new AbortController().signal } as ChatCall;
  return { asked, result: completeStructured(chat, call), request };
}

describe('structured output', () => {
  it('leaves an answer alone that was not asked for as JSON', async () => {
    const { asked, result } = run(['plain'], undefined);
    expect((await result).completion.choices[0]?.message.content).toBe('plain');
    expect(asked).toHaveLength(1);
  });

  it('passes an answer that matches the schema at the first attempt', async () => {
    const { asked, result } = run(['{"city":"Paris"}'], strict);
    expect((await result).completion.usage?.total_tokens).toBe(15);
    expect(asked).toHaveLength(1);
  });

  it('says what was wrong, asks again, and counts both attempts', async () => {
    const { asked, result, request } = run(['Sure! {"city":', '{"town":"Paris"}', '{"city":"Paris"}'], strict);
    const { completion } = await result;
    expect(completion.choices[0]?.message.content).toBe('{"city":"Paris"}');
    expect(completion.usage).toEqual({ prompt_tokens: 30, completion_tokens: 15, total_tokens: 45 });
    expect(asked[1]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(asked[1]?.messages[2]?.content).toContain('the text is not JSON');
    expect(asked[2]?.messages[4]?.content).toContain('city');
    expect(request.messages).toHaveLength(1);
  });

  it('gives up after three attempts without repeating the answer', async () => {
    const { asked, result } = run(['secret one', 'secret two', 'secret three'], { type: 'json_object' });
    await expect(result).rejects.toMatchObject({
      code: 'invalid_output',
      message: expect.not.stringContaining('secret'),
    });
    expect(asked).toHaveLength(3);
  });

  it('does not take a number for a JSON object', async () => {
    await expect(run(['1', '2', '3'], { type: 'json_object' }).result).rejects.toMatchObject({
      code: 'invalid_output',
    });
  });

  it.each([
    ['a refusal', { refusal: 'No.' }, 'stop'],
    ['a tool call', { tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] }, 'stop'],
    ['an answer that was cut off', {}, 'length'],
  ] as const)('passes %s as it is', async (_, message, finish) => {
    const { asked, result } = run(['{"ci'], strict, message, finish);
    await result;
    expect(asked).toHaveLength(1);
  });

  it('does not run a caller’s regular expression on the answer', async () => {
    const { result } = run([`{"city":"Paris","code":"${'a'.repeat(40)}!"}`], strict);
    await expect(result).resolves.toBeDefined();
  });

  it.each([
    { type: 'nonsense' },
    { $ref: 'https://example.com/schema.json' },
    { type: 'object', properties: { city: { anyOf: [{ type: 'string' }], nullable: true } } },
    { type: 'object', properties: { pair: { items: [{ type: 'number' }] }, n: { exclusiveMinimum: true } } },
    { $schema: 'http://json-schema.org/draft-04/schema#', type: 'object', required: ['city'] },
    { $schema: 'https://json-schema.org/draft/2019-09/schema', type: 'object' },
  ])('leaves %j to the vendor and checks what can be checked', async (schema) => {
    const { asked, result } = run(['not JSON', '{"city":"Paris"}'], {
      type: 'json_schema',
      json_schema: { name: 'x', schema },
    });
    await expect(result).resolves.toBeDefined();
    expect(asked).toHaveLength(2);
  });

  it('takes a code fence off instead of asking again', async () => {
    const { asked, result } = run(['```json\n{"city":"Paris","code":"aa"}\n```'], strict);
    expect((await result).completion.choices[0]?.message.content).toBe('{"city":"Paris","code":"aa"}');
    expect(asked).toHaveLength(1);
  });
});
