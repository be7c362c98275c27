import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { toChatResult } from '../../../shared/providers/openai-completion.ts';
import { createChunkNormalizer } from '../../../shared/providers/openai-stream.ts';

const OPTIONS = { provider: 'vendor', model: 'asked-for' };

function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/providers/openai/${name}`, import.meta.url), 'utf8');
}

function body(message: object, more: object = {}): string {
  return JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop', ...more }],
  });
}

describe('completion', () => {
  it('keeps the text of an answer that is right, without the null OpenAI has no room for', () => {
    const text = fixture('text.json');
    const { completion, json } = toChatResult(text, OPTIONS);
    expect(json).toBe(text.replace(',\n  "system_fingerprint": null', ''));
    expect(JSON.parse(JSON.stringify(completion))).toEqual(JSON.parse(json ?? ''));
  });

  it("keeps OpenAI's verdicts and sound as they are", () => {
    const text = fixture('moderated.json');
    const sent = JSON.parse(text);
    const { completion } = toChatResult(text, OPTIONS);
    expect(completion).toMatchObject({ moderation: sent.moderation });
    expect(completion.choices[0]?.message.audio).toEqual(sent.choices[0].message.audio);
  });

  it('reads tool calls and completes arguments that are empty', () => {
    const { completion, json } = toChatResult(fixture('tools.json'), OPTIONS);
    expect(json).toBeUndefined();
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [
          { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
          { id: 'call_b', type: 'function', function: { name: 'now', arguments: '{}' } },
        ],
      },
    });
  });

  it('fills in what OpenAI promises and a vendor left out', () => {
    const text = JSON.stringify({ choices: [{ message: { content: 'a' } }] });
    const { completion } = toChatResult(text, OPTIONS);
    expect(completion).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'asked-for',
      choices: [
        {
          index: 0,
          finish_reason: 'stop',
          logprobs: null,
          message: { role: 'assistant', content: 'a', refusal: null },
        },
      ],
    });
  });

  it('leaves out nulls and tiers that the schema has no room for', () => {
    const text = JSON.stringify({
      ...JSON.parse(body({ content: 'a' })),
      service_tier: 'on_demand',
      usage: null,
      x: null,
    });
    const { completion } = toChatResult(text, OPTIONS);
    expect(Object.keys(completion).sort()).toEqual(['choices', 'created', 'id', 'model', 'object']);
  });

  it('gives calls without an id, or with the id of another, one of their own', () => {
    const call = { type: 'function', function: { name: 'f', arguments: '{}' } };
    const message = { tool_calls: [{ ...call, id: 'a' }, { ...call, id: 'a' }, call] };
    const { completion } = toChatResult(body(message), OPTIONS);
    const ids = completion.choices[0]?.message.tool_calls?.map(({ id }) => id) ?? [];
    expect(new Set(ids).size).toBe(3);
    expect(completion.choices[0]?.finish_reason).toBe('tool_calls');
  });

  it.each([
    ['reasoning', { reasoning: 'hm', content: 'a' }],
    ['reasoning_content', { reasoning_content: 'hm', content: 'a' }],
    [
      'a part of the content',
      {
        content: [
          { type: 'thinking', thinking: 'hm' },
          { type: 'text', text: 'a' },
        ],
      },
    ],
  ])('reads thinking from %s', (_, message) => {
    expect(toChatResult(body(message), OPTIONS).completion.choices[0]?.message).toMatchObject({
      content: 'a',
      reasoning_content: 'hm',
    });
  });

  it.each([
    ['text, as text completions have it', { text: 'a' }],
    ['a delta', { delta: { content: 'a' } }],
  ])('reads a choice that has no message but %s', (_, choice) => {
    const { completion } = toChatResult(JSON.stringify({ choices: [{ ...choice, finish_reason: 'stop' }] }), OPTIONS);
    expect(completion.choices[0]).toMatchObject({ message: { content: 'a' }, finish_reason: 'stop' });
  });

  it('keeps citations and the like', () => {
    const text = JSON.stringify({ ...JSON.parse(body({ content: 'a' })), citations: ['https://example.com'] });
    expect(toChatResult(text, OPTIONS).completion).toMatchObject({ citations: ['https://example.com'] });
  });

  it('keeps citations with a URL as annotations, complete, and no others', () => {
    const whole = {
      type: 'url_citation',
      url_citation: { url: 'https://a.example', title: 'A', start_index: 1, end_index: 2 },
    };
    const bare = { type: 'url_citation', url_citation: { url: 'https://b.example', title: null } };
    const annotations = [whole, bare, { type: 'file', file: { hash: 'x' } }, null];
    const { completion } = toChatResult(body({ role: 'assistant', content: 'a', refusal: null, annotations }), OPTIONS);
    expect(completion.choices[0]?.message.annotations).toEqual([
      whole,
      {
        type: 'url_citation',
        url_citation: { url: 'https://b.example', title: 'https://b.example', start_index: 0, end_index: 0 },
      },
    ]);
  });

  it.each([
    [{ version: 7 }, undefined],
    [{ topic: 'x' }, { topic: 'x' }],
  ])('has metadata %j as %j', (metadata, expected) => {
    const text = JSON.stringify({ ...JSON.parse(body({ role: 'assistant', content: 'a', refusal: null })), metadata });
    expect(toChatResult(text, OPTIONS).completion).toHaveProperty('choices');
    expect((toChatResult(text, OPTIONS).completion as { metadata?: unknown }).metadata).toEqual(expected);
  });

  it.each([
    ['no choices', '{"choices":[]}', 'server_error'],
    ['nothing', '', 'server_error'],
    ['HTML', '<html>busy</html>', 'server_error'],
    ['a list', '[]', 'server_error'],
    ['an error object', '{"error":{"message":"no","code":"rate_limit_exceeded"}}', 'rate_limit'],
    ['an error with a status', '{"error":{"message":"no","code":"503"}}', 'server_error'],
    ['an error beside choices', '{"error":{"code":402},"choices":[{}]}', 'quota_exceeded'],
    ['an error of a choice', '{"choices":[{"error":{"code":504},"message":{"content":"a"}}]}', 'timeout'],
    ['an error of vLLM', '{"object":"error","type":"NotFoundError","code":404}', 'model_not_found'],
    ['a call without a name', body({ tool_calls: [{ id: 'a', function: { arguments: '{}' } }] }), 'server_error'],
    ['a finish called error', body({ content: 'a' }, { finish_reason: 'error' }), 'server_error'],
  ])('is an error for %s', (_, text, code) => {
    expect(() => toChatResult(text, OPTIONS)).toThrow(expect.objectContaining({ name: 'AppError', code }));
  });

  it('never shows what the upstream wrote', () => {
    const secret = 'the prompt said sk-SECRET123';
    const texts = [
      JSON.stringify({ error: { message: secret } }),
      secret,
      JSON.stringify({ choices: [], note: secret }),
    ];
    for (const text of texts) {
      expect(() => toChatResult(text, OPTIONS)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('SECRET') }),
      );
    }
  });
});

describe('garbage', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 4 }, fc.constantFrom(null, '', 'x', 0, -1, 1.5, true), tie('list'), tie('object')),
    list: fc.array(tie('any'), { maxLength: 3 }),
    object: fc.dictionary(
      fc.constantFrom(
        ...['choices', 'message', 'delta', 'content', 'tool_calls', 'function', 'name', 'arguments', 'index', 'id'],
        ...['finish_reason', 'usage', 'prompt_tokens', 'completion_tokens_details', 'error', 'code', 'type', 'model'],
        ...['reasoning', 'logprobs', 'created', 'object', 'x_groq', 'thinking', 'text', '__proto__', 'toString'],
      ),
      tie('any'),
    ),
  })).any;
  const text = fc.oneof(
    value.map((body) => JSON.stringify(body)),
    fc.string(),
    fc.json(),
  );
  const answer = fc.record({
    choices: fc.array(fc.record({ message: value, delta: value, finish_reason: value }), { maxLength: 2 }),
  });

  const expectAppError = (run: () => unknown): void => {
    try {
      run();
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
    }
  };

  it('is an AppError or an answer, and nothing else, in one piece', () => {
    const inputs = fc.oneof(
      text,
      answer.map((body) => JSON.stringify(body)),
    );
    fc.assert(
      fc.property(inputs, (input) => expectAppError(() => toChatResult(input, OPTIONS))),
      { numRuns: 2000 },
    );
  });

  it('is an AppError or a stream, and nothing else, in events', () => {
    const inputs = fc.array(
      fc.oneof(
        text,
        answer.map((body) => JSON.stringify(body)),
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(inputs, (input) =>
        expectAppError(() => {
          const normalizer = createChunkNormalizer(OPTIONS);
          for (const event of input) normalizer.push(event);
          normalizer.end();
        }),
      ),
      { numRuns: 2000 },
    );
  });
});
