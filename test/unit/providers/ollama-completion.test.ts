import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { toChatResult } from '../../../shared/providers/ollama-completion.ts';
import { findSchemaProblem } from '../../support/replay-schema.ts';

const fixture = readFileSync(new URL('../../fixtures/providers/ollama/answer.json', import.meta.url), 'utf8');
const answer = JSON.parse(fixture);

function toCompletion(changes: Record<string, unknown>, logprobs = false) {
  const { completion } = toChatResult(JSON.stringify({ ...answer, ...changes }), { model: 'asked', logprobs });
  expect(findSchemaProblem([JSON.parse(JSON.stringify(completion))])).toBeUndefined();
  return completion;
}

function failure(json: string, logprobs = false): unknown {
  try {
    return toChatResult(json, { model: 'asked', logprobs });
  } catch (error) {
    return error;
  }
}

test("an answer in OpenAI's form, from a proxy before the server, is read as such", () => {
  const json = readFileSync(new URL('../../fixtures/providers/openai/text.json', import.meta.url), 'utf8');
  expect(toChatResult(json, { model: 'asked' }).completion.choices[0]?.message.content).toBe('Hello, “world”.');
});

test('text, time, model and usage become a completion', () => {
  expect(toCompletion({})).toEqual({
    id: expect.stringMatching(/^chatcmpl-.{36}$/),
    object: 'chat.completion',
    created: Date.UTC(2026, 2, 1, 12) / 1000,
    model: 'llama3.1:8b',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Grüße, 世界 🌍', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 12, completion_tokens: 30, total_tokens: 42 },
  });
});

test('counts that are left out are zero, cached ones a detail', () => {
  expect(toCompletion({ prompt_eval_count: undefined }).usage).toEqual({
    prompt_tokens: 0,
    completion_tokens: 30,
    total_tokens: 30,
  });
  expect(toCompletion({ prompt_eval_cached_count: 8 }).usage?.prompt_tokens_details).toEqual({ cached_tokens: 8 });
});

test.each([
  ['stop', 'stop'],
  ['length', 'length'],
  ['load', 'stop'],
  ['unload', 'stop'],
  [undefined, 'stop'],
])('the reason %s is the finish %s', (reason, finish) => {
  expect(toCompletion({ done_reason: reason }).choices[0]?.finish_reason).toBe(finish);
});

test('a missing model or time is filled in', () => {
  const completion = toCompletion({ model: undefined, created_at: '0001-01-01T00:00:00Z' });
  expect(completion.model).toBe('asked');
  expect(completion.created).toBeGreaterThan(1_700_000_000);
});

describe('tool calls', () => {
  const call = (input: unknown, id?: string) => ({ id, function: { name: 'get_weather', arguments: input } });
  const message = (...calls: unknown[]) => ({ message: { role: 'assistant', content: '', tool_calls: calls } });

  test('get distinct ids, arguments as text and a finish of their own', () => {
    const repeated = message(call({ city: 'Zürich' }, 'call_1'), call({ city: 'Oslo' }, 'call_1'), call(undefined));
    const [choice] = toCompletion(repeated).choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    expect(choice?.message.content).toBeNull();
    const calls = choice?.message.tool_calls ?? [];
    expect(calls[0]).toEqual({
      id: 'call_1',
      type: 'function',
      function: { name: 'get_weather', arguments: '{"city":"Zürich"}' },
    });
    expect(calls.map((one) => one.type === 'function' && one.function.arguments)).toEqual([
      '{"city":"Zürich"}',
      '{"city":"Oslo"}',
      '{}',
    ]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(3);
  });

  test('cut off by the limit are a length', () => {
    expect(toCompletion({ ...message(call({})), done_reason: 'length' }).choices[0]?.finish_reason).toBe('length');
  });

  test('with arguments as JSON text are taken, with other text refused by its length', () => {
    const [choice] = toCompletion(message(call('{"a":1}'))).choices;
    expect(choice?.message.tool_calls?.[0]).toMatchObject({ function: { arguments: '{"a":1}' } });
    const broken = JSON.stringify({ ...answer, ...message(call('{"secret":')) });
    expect(failure(broken)).toMatchObject({ code: 'server_error', message: expect.stringContaining('10 characters') });
    expect(failure(JSON.stringify({ ...answer, ...message({ function: {} }) }))).toMatchObject({
      code: 'server_error',
    });
  });
});

test('thinking is reasoning, beside the text', () => {
  const [choice] = toCompletion({ message: { role: 'assistant', content: 'Yes.', thinking: 'Hm.' } }).choices;
  expect(choice?.message).toMatchObject({ content: 'Yes.', reasoning_content: 'Hm.' });
});

describe('log probabilities', () => {
  const logprobs = [
    { token: 'ü', logprob: -0.5, bytes: [195, 188], top_logprobs: [{ token: 'u', logprob: -1.5 }] },
    { token: '!', logprob: -0.1 },
  ];

  test('take the form of OpenAI when asked for, and are left out otherwise', () => {
    expect(toCompletion({ logprobs }, true).choices[0]?.logprobs).toEqual({
      content: [
        { token: 'ü', logprob: -0.5, bytes: [195, 188], top_logprobs: [{ token: 'u', logprob: -1.5, bytes: [117] }] },
        { token: '!', logprob: -0.1, bytes: [33], top_logprobs: [] },
      ],
      refusal: null,
    });
    expect(toCompletion({ logprobs }).choices[0]?.logprobs).toBeNull();
  });

  test('that an older server ignores are said to be missing', () => {
    expect(failure(fixture, true)).toMatchObject({ code: 'unsupported', param: 'logprobs' });
  });
});

test.each([
  ['an error', '{"error":"llama runner died: open /root/.ollama/x"}', 'server_error'],
  ['an error with its status', '{"error":"busy","status":429}', 'rate_limit'],
  ['no JSON', '<html>', 'server_error'],
  ['a list', '[]', 'server_error'],
  ['null', 'null', 'server_error'],
  ['an object without a message', '{"done":true}', 'server_error'],
  ['half an answer', '{"message":{"content":"a"},"done":false}', 'server_error'],
])('%s instead of an answer is an error that quotes nothing', (_what, json, code) => {
  expect(failure(json)).toMatchObject({
    name: 'AppError',
    code,
    message: expect.not.stringMatching(/root|html|runner/),
  });
});
