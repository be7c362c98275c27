import { describe, expect, test } from 'vitest';
import { toChatResult } from '../../../shared/providers/gemini-answer.ts';
import { loadFixture } from './gemini-fake.ts';

const options = { provider: 'gemini', model: 'gemini-3-flash-preview' };

function read(answer: object) {
  return toChatResult(JSON.stringify(answer), options).completion;
}

function readCandidate(candidate: object) {
  return read({ candidates: [candidate] }).choices[0];
}

test('an answer becomes a completion with text, thinking, calls, citations, images and usage', () => {
  const { completion } = toChatResult(loadFixture('answer.json').toString(), options);
  expect(completion).toEqual({
    id: 'chatcmpl-answer1',
    object: 'chat.completion',
    created: 1_771_302_498,
    model: 'gemini-3-flash-preview',
    choices: [
      {
        index: 0,
        logprobs: null,
        finish_reason: 'tool_calls',
        message: {
          role: 'assistant',
          content: 'In Köln 🌧 it rains. Says the service.',
          refusal: null,
          reasoning_content: 'Look it up in Köln.',
          tool_calls: [
            {
              id: 'vendor1',
              type: 'function',
              function: { name: 'get_weather', arguments: '{"city":"Köln"}' },
              extra_content: { google: { thought_signature: 'c2lnLWNhbGw=' } },
            },
            {
              id: expect.stringMatching(/^call_/),
              type: 'function',
              function: { name: 'get_weather', arguments: '{"city":"Bonn"}' },
            },
            { id: expect.stringMatching(/^call_/), type: 'function', function: { name: 'get_time', arguments: '{}' } },
          ],
          images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=' } }],
          annotations: [
            citation(3, 10, 'Weather', 'https://weather.example/koeln'),
            citation(3, 10, 'https://sky.example', 'https://sky.example'),
            citation(21, 25, 'https://sky.example', 'https://sky.example'),
          ],
          extra_content: { google: { thought_signature: 'c2lnLXRleHQ=' } },
        },
      },
    ],
    usage: {
      prompt_tokens: 60,
      completion_tokens: 11,
      total_tokens: 71,
      prompt_tokens_details: { cached_tokens: 20 },
      completion_tokens_details: { reasoning_tokens: 4 },
    },
  });
  const calls = completion.choices[0]?.message.tool_calls ?? [];
  expect(new Set(calls.map((call) => call.id)).size).toBe(3);
});

function citation(start: number, end: number, title: string, url: string) {
  return { type: 'url_citation', url_citation: { start_index: start, end_index: end, title, url } };
}

describe('the finish', () => {
  const text = { content: { parts: [{ text: 'x' }] } };
  const call = { content: { parts: [{ functionCall: { name: 'f', args: {} } }] } };

  test.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content_filter'],
    ['RECITATION', 'content_filter'],
    ['BLOCKLIST', 'content_filter'],
    ['PROHIBITED_CONTENT', 'content_filter'],
    ['SPII', 'content_filter'],
    ['IMAGE_SAFETY', 'content_filter'],
    ['MODEL_ARMOR', 'content_filter'],
    ['MALFORMED_FUNCTION_CALL', 'stop'],
    ['SOMETHING_NEW', 'stop'],
    [undefined, 'stop'],
  ])('%s is %s', (finishReason, expected) => {
    expect(readCandidate({ ...text, finishReason })?.finish_reason).toBe(expected);
  });

  test.each([
    ['STOP', 'tool_calls'],
    ['MAX_TOKENS', 'length'],
    ['UNEXPECTED_TOOL_CALL', 'stop'],
  ])('%s with a call is %s', (finishReason, expected) => {
    const choice = readCandidate({ ...call, finishReason });
    expect(choice?.finish_reason).toBe(expected);
    expect(choice?.message.content).toBeNull();
  });

  test('a filtered candidate without content is an answer', () => {
    expect(readCandidate({ content: {}, finishReason: 'SAFETY' })).toMatchObject({
      finish_reason: 'content_filter',
      message: { content: '' },
    });
  });

  test.each(['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'TOO_MANY_TOOL_CALLS', 'NO_IMAGE'])(
    '%s without an answer is a failure that is worth another attempt',
    (finishReason) => {
      const thought = { content: { parts: [{ text: 'Hm.', thought: true }] }, finishReason };
      for (const candidate of [{ finishReason }, { content: { parts: [] }, finishReason }, thought]) {
        expect(() => readCandidate(candidate)).toThrow(
          expect.objectContaining({
            code: 'server_error',
            retryable: true,
            message: expect.stringContaining(finishReason),
          }),
        );
      }
    },
  );

  test('one candidate that went wrong does not take the others away', () => {
    const { choices } = read({
      candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }, { ...text, finishReason: 'STOP' }],
    });
    expect(choices.map(({ message, finish_reason }) => [message.content, finish_reason])).toEqual([
      ['', 'stop'],
      ['x', 'stop'],
    ]);
  });

  test('an empty answer that ended well is an empty answer', () => {
    expect(readCandidate({ content: {}, finishReason: 'STOP' })?.message.content).toBe('');
  });

  test('a blocked prompt is a filtered answer without content', () => {
    const { choices, usage } = read({
      promptFeedback: { blockReason: 'SAFETY' },
      usageMetadata: { promptTokenCount: 8, totalTokenCount: 8 },
    });
    expect(choices).toEqual([
      {
        index: 0,
        message: { role: 'assistant', content: null, refusal: null },
        finish_reason: 'content_filter',
        logprobs: null,
      },
    ]);
    expect(usage?.total_tokens).toBe(8);
  });
});

describe('what is no answer', () => {
  test.each([
    ['{"candidates": []}', 'server_error'],
    ['{}', 'server_error'],
    ['{"candidates": [{"content": {}, "index": 0}]}', 'server_error'],
    [
      '{"candidates": [{"content": {"parts": [{"functionCall": {"args": {}}}]}, "finishReason": "STOP"}]}',
      'server_error',
    ],
    ['<html>', 'server_error'],
    ['"text"', 'server_error'],
    ['[]', 'server_error'],
    ['{"error": {"code": 400, "status": "INVALID_ARGUMENT"}}', 'invalid_request'],
    ['[{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}]', 'rate_limit'],
    ['{"error": {"status": "PERMISSION_DENIED"}}', 'permission'],
  ])('%s is an error', (json, code) => {
    expect(() => toChatResult(json, options)).toThrow(expect.objectContaining({ name: 'AppError', code }));
  });
});

test('an answer without usage, id or model says so or names its own', () => {
  const completion = read({ candidates: [{ content: { parts: [{ text: 'x' }] }, finishReason: 'STOP' }] });
  expect(completion).not.toHaveProperty('usage');
  expect(completion.model).toBe('gemini-3-flash-preview');
  expect(completion.id).toMatch(/^chatcmpl-.{8}/);
});

test('several candidates are several choices', () => {
  const { choices } = read({
    candidates: ['a', 'b'].map((text) => ({ content: { parts: [{ text }] }, finishReason: 'STOP' })),
  });
  expect(choices.map(({ index, message }) => [index, message.content])).toEqual([
    [0, 'a'],
    [1, 'b'],
  ]);
});

test('log probabilities are translated token by token', () => {
  const choice = readCandidate({
    content: { parts: [{ text: 'ü' }] },
    finishReason: 'STOP',
    logprobsResult: {
      chosenCandidates: [{ token: 'ü', logProbability: -0.5 }],
      topCandidates: [{ candidates: [{ token: 'u', logProbability: -2 }] }],
    },
  });
  expect(choice?.logprobs).toEqual({
    content: [
      { token: 'ü', logprob: -0.5, bytes: [195, 188], top_logprobs: [{ token: 'u', logprob: -2, bytes: [117] }] },
    ],
    refusal: null,
  });
});

test.each([
  [{ chosenCandidates: [null] }, []],
  [{ chosenCandidates: '' }, undefined],
  [{ chosenCandidates: [{ token: 1, logProbability: 'x' }], topCandidates: [{ candidates: '' }] }, [token('')]],
  [{ chosenCandidates: [null, { token: 'a' }], topCandidates: [null, { candidates: [null] }] }, [token('a')]],
  [{ chosenCandidates: [{ token: 'a' }], topCandidates: {} }, [token('a')]],
])('log probabilities of %j do not cost the answer', (logprobsResult, content) => {
  const choice = readCandidate({ content: { parts: [{ text: 'x' }] }, finishReason: 'STOP', logprobsResult });
  expect(choice?.message.content).toBe('x');
  expect(choice?.logprobs?.content).toEqual(content);
});

function token(text: string) {
  return { token: text, logprob: 0, bytes: [...Buffer.from(text)], top_logprobs: [] };
}

test('an image keeps the signature it came with', () => {
  const part = { inlineData: { mimeType: 'image/png', data: 'iVBORw0=' }, thoughtSignature: 'c2ln' };
  const { message } = readCandidate({ content: { parts: [part] }, finishReason: 'STOP' }) ?? {};
  expect(message).toMatchObject({
    images: [
      {
        type: 'image_url',
        image_url: { url: 'data:image/png;base64,iVBORw0=' },
        extra_content: { google: { thought_signature: 'c2ln' } },
      },
    ],
  });
});

test('an id that the vendor repeats is replaced', () => {
  const part = { functionCall: { id: 'same', name: 'f' } };
  const calls = readCandidate({ content: { parts: [part, part] }, finishReason: 'STOP' })?.message.tool_calls;
  expect(calls?.[0]?.id).toBe('same');
  expect(calls?.[1]?.id).toMatch(/^call_/);
});

test("an answer in OpenAI's form, as Google's compatible surface gives it, is read as one", () => {
  const { choices } = read({
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hi' } }],
  });
  expect(choices[0]?.message.content).toBe('Hi');
});
