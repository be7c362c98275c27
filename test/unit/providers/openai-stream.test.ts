import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../../shared/contracts/chat-provider.ts';
import { createChunkNormalizer } from '../../../shared/providers/openai-stream.ts';
import { readEvents } from '../../support/replay-answer.ts';

const HEAD = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };

function chunk(delta: object, finish: string | null = null, more: object = {}): string {
  return JSON.stringify({ ...HEAD, choices: [{ index: 0, delta, finish_reason: finish }], ...more });
}

function normalize(chunks: readonly string[], options = {}): ChatEvent[] {
  const normalizer = createChunkNormalizer({ provider: 'vendor', model: 'asked-for', ...options });
  return [...chunks.flatMap((text) => normalizer.push(text)), ...normalizer.end()];
}

/** What a client makes of the events; its `shape` lists broken promises. */
function assemble(chunks: readonly string[], options = {}) {
  const events = normalize(chunks, options);
  return readEvents(
    (async function* () {
      for (const event of events) yield [event];
    })(),
  );
}

describe('chunk normalizer', () => {
  it('passes a chunk that is right with the very text of the upstream', () => {
    const text = `{"choices":[{"index":0,"delta":{"content":"a \\u00e9"},"finish_reason":null}],"model":"m","created":1,
      "object":"chat.completion.chunk","id":"c"}`.replace(/\n\s*/, ' ');
    const events = normalize([chunk({ role: 'assistant', content: '' }), text, chunk({}, 'stop')]);
    expect(events.map(({ json }) => json)).toEqual([undefined, text, undefined]);
  });

  it('cuts the nulls that OpenAI sends on every chunk out of the text and changes nothing else', () => {
    const text = chunk({ content: '"usage":null,' }, null, { system_fingerprint: null, usage: null });
    const [, event] = normalize([chunk({ role: 'assistant' }), text, chunk({}, 'stop')]);
    expect(event?.json).toBe(chunk({ content: '"usage":null,' }));
    expect(JSON.parse(JSON.stringify(event?.chunk))).toEqual(JSON.parse(event?.json ?? ''));
  });

  it.each([
    ['a service tier of its own', { service_tier: 'on_demand' }],
    ['another id', { id: 'other' }],
    ['another time', { created: 2 }],
    ['another model', { model: 'other' }],
    ['another object', { object: 'x' }],
    ['usage before the end', { usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }],
  ])('does not forward the text of a chunk that has %s', async (_, more) => {
    const chunks = [chunk({ role: 'assistant' }), chunk({ content: 'a' }, null, more), chunk({}, 'stop')];
    expect(normalize(chunks)[1]?.json).toBeUndefined();
    expect(await assemble(chunks)).toMatchObject({ text: 'a', finish: 'stop', shape: [] });
  });

  it('does not forward text of several lines, which would end the event it is sent in', () => {
    const text = chunk({ content: 'a' }).replace(',"choices"', ',\n"choices"');
    expect(normalize([chunk({ role: 'assistant' }), text, chunk({}, 'stop')])[1]?.json).toBeUndefined();
  });

  it('starts each choice with its role, whatever the vendor does', async () => {
    expect(normalize([chunk({ content: 'a' }), chunk({}, 'stop')])[0]?.chunk.choices[0]?.delta).toEqual({
      role: 'assistant',
      content: 'a',
    });
    const twice = [chunk({ role: 'assistant', content: 'a' }), chunk({ role: 'assistant', content: 'b' }, 'stop')];
    expect(await assemble(twice)).toMatchObject({ text: 'ab', shape: [] });
  });

  it('gives a stream without an id, time or model one of each', () => {
    const bare = JSON.stringify({ choices: [{ delta: { content: 'a' }, finish_reason: 'stop' }] });
    const [event] = normalize([bare]);
    expect(event?.chunk.id).toMatch(/^chatcmpl-/);
    expect(Number.isInteger(event?.chunk.created)).toBe(true);
    expect(event?.chunk.model).toBe('asked-for');
    expect(event?.chunk.choices[0]?.index).toBe(0);
  });

  it('puts usage on one last event without choices, the last report counting', async () => {
    const usage = (completion: number) => ({
      usage: { prompt_tokens: 5, completion_tokens: completion, total_tokens: 5 + completion },
    });
    const chunks = [
      chunk({ content: 'a' }, null, usage(1)),
      chunk({ content: 'b' }, null, usage(2)),
      chunk({ content: 'c' }, 'stop', usage(3)),
    ];
    const events = normalize(chunks);
    expect(events.at(-1)?.chunk).toMatchObject({ choices: [], usage: { completion_tokens: 3, total_tokens: 8 } });
    expect(await assemble(chunks)).toMatchObject({ text: 'abc', finish: 'stop', shape: [] });
  });

  it.each([
    ['in a field of Groq', { x_groq: { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } } }, {}],
    ['on the choice, as Moonshot does', {}, { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }],
  ])('reads usage %s', async (_, top, onChoice) => {
    const last = { ...HEAD, ...top, choices: [{ index: 0, delta: {}, finish_reason: 'stop', ...onChoice }] };
    const answer = await assemble([chunk({ content: 'a' }), JSON.stringify(last)]);
    expect(answer.usage).toMatchObject({ prompt: 1, completion: 2, total: 3 });
    expect(answer.shape).toEqual([]);
  });

  it.each(['reasoning', 'reasoning_content'])('reads thinking from %s', async (field) => {
    const answer = await assemble([chunk({ [field]: 'hm' }), chunk({ [field]: 'm' }), chunk({ content: 'a' }, 'stop')]);
    expect(answer).toMatchObject({ reasoning: 'hmm', text: 'a', shape: [] });
  });

  it('says thinking once when the vendor sends it under both names', async () => {
    expect(await assemble([chunk({ reasoning: 'hm', reasoning_content: 'hm' }), chunk({}, 'stop')])).toMatchObject({
      reasoning: 'hm',
    });
  });

  it('reads content that comes as parts, thinking among them', async () => {
    const parts = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'text', text: 'a' },
    ];
    expect(await assemble([chunk({ content: parts }), chunk({}, 'stop')])).toMatchObject({
      text: 'a',
      reasoning: 'hm',
    });
  });

  it('leaves nulls out that OpenAI does not send', () => {
    const delta = { role: 'assistant', content: null, tool_calls: null, reasoning_content: null, audio: null };
    expect(normalize([chunk(delta), chunk({ content: 'a' }, 'stop')])[0]?.chunk.choices[0]?.delta).toEqual({
      role: 'assistant',
      content: null,
    });
  });

  it('keeps text and a tool call of one chunk', async () => {
    const call = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } };
    const answer = await assemble([chunk({ content: 'Let me see.', tool_calls: [call] }), chunk({}, 'tool_calls')]);
    expect(answer).toMatchObject({ text: 'Let me see.', finish: 'tool_calls', shape: [] });
    expect(answer.tool_calls).toEqual([{ id: 'a', name: 'f', args: { x: 1 } }]);
  });

  it('completes the arguments of a call without any before the finish', async () => {
    const call = { id: 'a', function: { name: 'now', arguments: '' } };
    const answer = await assemble([chunk({ tool_calls: [call] }), chunk({}, 'stop')]);
    expect(answer).toMatchObject({ finish: 'tool_calls', tool_calls: [{ id: 'a', name: 'now', args: {} }], shape: [] });
  });

  it('finishes each choice once, after all that came and with the last word for it', async () => {
    const call = { index: 0, id: 'a', function: { name: 'f', arguments: '{}' } };
    const chunks = [chunk({ content: 'a' }, 'stop'), chunk({ content: 'b' }, ''), chunk({}, 'length')];
    expect(await assemble(chunks)).toMatchObject({ text: 'ab', finish: 'length', shape: [] });
    const late = [chunk({ content: 'a' }, 'stop'), chunk({ tool_calls: [call] }, 'stop')];
    expect(await assemble(late)).toMatchObject({ finish: 'tool_calls', shape: [] });
    expect((await assemble(late)).tool_calls).toHaveLength(1);
  });

  it('takes the identity of the stream from its first choice, not from metadata before it', () => {
    const metadata = JSON.stringify({ id: '', created: 0, model: '', choices: [], prompt_filter_results: [] });
    const events = normalize([metadata, chunk({ role: 'assistant', content: '' }), chunk({ content: 'a' }, 'stop')]);
    expect(events.map(({ chunk: { id, created, model } }) => [id, created, model])).toEqual(
      events.map(() => ['c', 1, 'm']),
    );
  });

  it('passes the fragments of a call of the older function interface', () => {
    const chunks = [{ name: 'f', arguments: '' }, { arguments: '{}' }].map((call) => chunk({ function_call: call }));
    const events = normalize([...chunks, chunk({}, 'function_call')], { usesFunctions: true });
    expect(events.map(({ chunk: { choices } }) => choices[0]?.delta.function_call)).toEqual([
      { name: 'f', arguments: '' },
      { arguments: '{}' },
      undefined,
    ]);
    expect(events.at(-1)?.chunk.choices[0]?.finish_reason).toBe('function_call');
  });

  it('says the role once', () => {
    const events = normalize([
      chunk({ role: 'assistant', content: 'a' }),
      chunk({ role: 'assistant', content: 'b' }, 'stop'),
    ]);
    expect(events.map(({ chunk: { choices } }) => choices[0]?.delta.role)).toEqual(['assistant', undefined, undefined]);
  });

  it.each([
    ['the whole message', [{ message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }]],
    ['no delta beside it', [{ delta: null, message: { content: 'hello' }, finish_reason: 'stop' }]],
    ['the role first', [{ delta: { role: 'assistant' } }, { message: { content: 'hello' }, finish_reason: 'stop' }]],
    ['pieces of text', [{ text: 'hel' }, { text: 'lo' }, { text: '', finish_reason: 'stop' }]],
    ['text beside its deltas', [{ delta: { content: 'hello' }, text: 'hello', finish_reason: 'stop' }]],
    [
      'the whole message after its deltas',
      [
        { delta: { content: 'hel' } },
        { delta: { content: 'lo' } },
        { message: { content: 'hello' }, finish_reason: 'stop' },
      ],
    ],
    [
      'the whole message after deltas that pass as they are',
      [
        { delta: { role: 'assistant' }, index: 0, finish_reason: null },
        { delta: { content: 'hello' }, index: 0, finish_reason: null },
        { message: { content: 'hello' }, finish_reason: 'stop' },
      ],
    ],
    [
      'the whole message twice',
      [{ message: { content: 'hello' } }, { message: { content: 'hello' }, finish_reason: 'stop' }],
    ],
  ])('reads what a choice says once, from %s', async (_, choices) => {
    const chunks = choices.map((choice) => JSON.stringify({ ...HEAD, choices: [choice] }));
    expect(await assemble(chunks)).toMatchObject({ text: 'hello', finish: 'stop', shape: [] });
  });

  it('reads calls, thinking and usage of a whole message', async () => {
    const message = {
      content: null,
      reasoning: 'hm',
      tool_calls: ['a', 'b'].map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{"x":1}' } })),
    };
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    const whole = { ...HEAD, object: 'chat.completion', usage, choices: [{ message, finish_reason: 'tool_calls' }] };
    expect(await assemble([JSON.stringify(whole)])).toMatchObject({
      reasoning: 'hm',
      finish: 'tool_calls',
      tool_calls: [
        { id: 'a', name: 'f', args: { x: 1 } },
        { id: 'b', name: 'f', args: { x: 1 } },
      ],
      usage: { total: 3 },
      shape: [],
    });
  });

  it('is complete once every choice has its finish', () => {
    const normalizer = createChunkNormalizer({ provider: 'vendor', model: 'm' });
    const completeAfter = (text: string): boolean => {
      normalizer.push(text);
      return normalizer.complete;
    };
    expect(completeAfter(JSON.stringify({ choices: [] }))).toBe(false);
    expect(completeAfter(chunk({ content: 'a' }))).toBe(false);
    expect(completeAfter(chunk({}, 'stop'))).toBe(true);
  });

  it('keeps several choices apart', () => {
    const both = (contents: string[], finish: string | null) =>
      JSON.stringify({
        ...HEAD,
        choices: contents.map((content, index) => ({ index, delta: { content }, finish_reason: finish })),
      });
    const events = normalize([both(['a', 'b'], null), both(['', ''], 'stop')]);
    const seen = events.flatMap(({ chunk: { choices } }) =>
      choices.map((choice) => [choice.index, choice.finish_reason]),
    );
    expect(seen).toEqual([
      [0, null],
      [1, null],
      [0, 'stop'],
      [1, 'stop'],
    ]);
  });

  it('completes token probabilities to the two lists of the schema', () => {
    const logprobs = { content: [{ token: 'a', logprob: -1, bytes: null, top_logprobs: [] }] };
    const text = JSON.stringify({
      ...HEAD,
      choices: [{ index: 0, delta: { content: 'a' }, logprobs, finish_reason: 'stop' }],
    });
    expect(normalize([text])[0]?.chunk.choices[0]?.logprobs).toEqual({ ...logprobs, refusal: null });
    const bare = JSON.stringify({
      choices: [
        { index: 0, delta: { content: 'a' }, logprobs: { content: [{ token: 'a', logprob: -1 }, { text: 'b' }] } },
      ],
    });
    expect(createChunkNormalizer({ provider: 'vendor', model: 'm' }).push(bare)[0]?.chunk.choices[0]?.logprobs).toEqual(
      {
        ...logprobs,
        refusal: null,
      },
    );
  });

  it('is an error when the body ends before a finish', () => {
    expect(() => normalize([chunk({ content: 'a' })])).toThrow(
      expect.objectContaining({
        name: 'AppError',
        code: 'server_error',
        message: expect.stringContaining('interrupted'),
      }),
    );
    expect(() => normalize([])).toThrow(expect.objectContaining({ code: 'server_error' }));
  });

  it.each([
    ['an error object', { error: { message: 'no', type: 'server_error', code: null } }, 'server_error'],
    ['an error with a status', { error: { message: 'no', code: 429 } }, 'rate_limit'],
    ['an error in words', { error: 'overloaded', error_type: 'overloaded' }, 'rate_limit'],
    ['an error of vLLM', { object: 'error', message: 'no', type: 'BadRequestError', code: 400 }, 'invalid_request'],
    ['an error on the choice', { ...HEAD, choices: [{ index: 0, error: { code: 502 }, delta: {} }] }, 'server_error'],
    ['a finish called error', { ...HEAD, choices: [{ index: 0, delta: {}, finish_reason: 'error' }] }, 'server_error'],
  ])('is an error for %s', (_, body, code) => {
    expect(() => normalize([chunk({ content: 'a' }), JSON.stringify(body)])).toThrow(
      expect.objectContaining({ name: 'AppError', code }),
    );
  });

  it.each(['{', '[]', 'null', '"x"', 'Internal Server Error'])('is an error for an event that is %s', (text) => {
    expect(() => normalize([text])).toThrow(expect.objectContaining({ name: 'AppError', code: 'server_error' }));
  });
});
