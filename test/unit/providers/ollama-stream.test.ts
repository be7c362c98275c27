import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChatBatch, type ChatEvent, eventsOf } from '../../../shared/contracts/chat-provider.ts';
import type { HttpResponse } from '../../../shared/contracts/http-fetch.ts';
import { readChatStream } from '../../../shared/providers/ollama-stream.ts';
import { readEvents } from '../../support/replay-answer.ts';
import { findSchemaProblem } from '../../support/replay-schema.ts';

function load(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/providers/ollama/${name}.ndjson`, import.meta.url));
}

function open(pieces: readonly Uint8Array[], logprobs = false): AsyncIterable<ChatBatch> {
  const response: HttpResponse = {
    status: 200,
    ok: true,
    headers: { get: () => null },
    async *chunks() {
      yield* pieces;
    },
    text: async () => Buffer.concat(pieces).toString(),
  };
  return readChatStream(response, { model: 'asked', logprobs });
}

async function collect(stream: AsyncIterable<ChatBatch>) {
  const batches: (readonly ChatEvent[])[] = [];
  for await (const batch of stream) batches.push(eventsOf(batch));
  return { batches, chunks: batches.flat().map(({ chunk }) => chunk) };
}

const text = (line: string) => Buffer.from(`${line}\n`);
const delta = (message: object, rest: object = {}) => text(JSON.stringify({ message, done: false, ...rest }));
const end = text('{"message":{"content":""},"done":true,"done_reason":"stop"}');

describe('a stream of text', () => {
  test('has the role first, real deltas, one finish, and usage in an event of its own', async () => {
    const { chunks } = await collect(open([load('text')]));
    const head = {
      id: expect.stringMatching(/^chatcmpl-.{36}$/),
      object: 'chat.completion.chunk',
      created: Date.UTC(2026, 2, 1, 12) / 1000,
      model: 'llama3.1:8b',
    };
    const choice = (content: object, finish: string | null = null) => ({
      ...head,
      choices: [{ index: 0, delta: content, logprobs: null, finish_reason: finish }],
    });
    expect(chunks).toEqual([
      choice({ role: 'assistant', content: 'Grüße' }),
      choice({ content: ', 世界' }),
      choice({ content: ' 🌍' }),
      choice({}, 'stop'),
      { ...head, choices: [], usage: { prompt_tokens: 12, completion_tokens: 30, total_tokens: 42 } },
    ]);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(findSchemaProblem(chunks)).toBeUndefined();
  });

  test('yields one batch per read, and none for a read without a whole line', async () => {
    const bytes = load('text');
    const { batches } = await collect(open([bytes.subarray(0, 20), bytes.subarray(20, 300), bytes.subarray(300)]));
    expect(batches.map((batch) => batch.length)).toEqual([2, 3]);
  });

  test('gives each line out before the next one has come', async () => {
    const [first, ...others] = load('text').toString().split('\n');
    let released = 0;
    const response: HttpResponse = {
      status: 200,
      ok: true,
      headers: { get: () => null },
      async *chunks() {
        for (const line of [first, ...others]) {
          released += 1;
          yield text(line as string);
        }
      },
      text: async () => '',
    };
    const iterator = readChatStream(response, { model: 'asked' })[Symbol.asyncIterator]();
    const { value } = await iterator.next();
    expect(value?.[0]?.chunk.choices[0]?.delta.content).toBe('Grüße');
    expect(released).toBe(1);
  });
});

test('thinking, text and calls in several lines make one message whose calls are counted over the stream', async () => {
  const answer = await readEvents(open([load('thinking-and-tools')]));
  expect(answer).toMatchObject({
    text: 'Looking it up.',
    reasoning: 'Two cities, so two calls.',
    tool_calls: [
      { name: 'get_weather', args: { city: 'Zürich' } },
      { name: 'get_weather', args: { city: 'Oslo', days: 2 } },
      { id: 'call_9z', name: 'get_time', args: {} },
    ],
    finish: 'tool_calls',
    usage: { prompt: 310, completion: 145, total: 455, cached: 256 },
    error: undefined,
    shape: [],
  });
  expect(findSchemaProblem(answer.bodies)).toBeUndefined();
});

test.each(['text', 'thinking-and-tools'])('%s reads the same wherever the bytes are cut', async (name) => {
  const bytes = load(name);
  const whole = await readEvents(open([bytes]));
  const plain = ({ tool_calls: calls, bodies: _bodies, ...rest }: typeof whole) => ({
    ...rest,
    calls: calls.map(({ name: called, args }) => ({ called, args })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 40 }), async (cuts) => {
      const at = [0, ...cuts.toSorted((one, other) => one - other), bytes.length];
      const pieces = at.slice(1).map((to, position) => bytes.subarray(at[position], to));
      const cut = await readEvents(open(pieces));
      expect(plain(cut)).toEqual(plain(whole));
    }),
    { numRuns: 150 },
  );
});

test('a stream that breaks off anywhere before its last line ends in an error, never in an ordinary end', async () => {
  const bytes = load('text');
  const lastLine = bytes.lastIndexOf('\n{');
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 3 }), async (length) => {
      const answer = await readEvents(open([bytes.subarray(0, length)]));
      expect(answer.error).toMatchObject({ code: 'server_error', message: expect.stringContaining('interrupted') });
      expect(answer.finish).toBeNull();
      expect(answer.shape).toEqual([]);
      if (length > lastLine) expect(answer.text).toBe('Grüße, 世界 🌍');
    }),
  );
});

describe('a stream', () => {
  test('may lack the end of its last line, and have CRLF and blank lines', async () => {
    const lines = load('text').toString().trimEnd().split('\n');
    const answer = await readEvents(open([Buffer.from(`\n${lines.join('\r\n\r\n')}`)]));
    expect(answer).toMatchObject({ text: 'Grüße, 世界 🌍', finish: 'stop', error: undefined, shape: [] });
  });

  test('is over with its end, whatever follows', async () => {
    const answer = await readEvents(open([load('text'), load('error-midstream')]));
    expect(answer).toMatchObject({ text: 'Grüße, 世界 🌍', error: undefined, shape: [] });
    expect((await readEvents(open([Buffer.concat([load('text'), Buffer.from('{"broken')])]))).error).toBeUndefined();
  });

  test('that fails delivers what came before in the same read, and nothing of the words of the server', async () => {
    const answer = await readEvents(open([load('error-midstream')]));
    expect(answer).toMatchObject({ text: 'Half an', finish: null });
    expect(answer.error).toMatchObject({ code: 'server_error', message: expect.not.stringMatching(/root|blobs|runn/) });
  });

  test('takes the status of an error line for its own', async () => {
    const { error } = await readEvents(open([text('{"error":"maximum pending requests exceeded","status":503}')]));
    expect(error).toMatchObject({ code: 'server_error', upstreamStatus: 503, retryable: true });
  });

  test.each(['not json', '[1]', '"text"'])('with a line that is %s is an error', async (line) => {
    const answer = await readEvents(open([delta({ content: 'a' }), text(line), end]));
    expect(answer).toMatchObject({ text: 'a', error: { code: 'server_error' } });
  });

  test('that holds nothing but its end still starts with the role', async () => {
    const { chunks } = await collect(open([end]));
    expect(chunks.map(({ choices }) => choices[0])).toEqual([
      { index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: 'stop' },
      undefined,
    ]);
    expect(chunks[0]?.model).toBe('asked');
  });

  test('whose last line holds text delivers it before the finish', async () => {
    const last = text('{"message":{"content":"all"},"done":true,"done_reason":"length"}');
    const answer = await readEvents(open([last]));
    expect(answer).toMatchObject({ text: 'all', finish: 'length', shape: [] });
  });

  test('gives calls that share an id two ids', async () => {
    const call = { id: 'call_1', function: { name: 'f', arguments: { a: 1 } } };
    const answer = await readEvents(open([delta({ tool_calls: [call] }), delta({ tool_calls: [call] }), end]));
    expect(answer.tool_calls).toHaveLength(2);
    expect(answer.shape).toEqual([]);
  });
});

describe("a stream of OpenAI's events, from a proxy before the server", () => {
  const events = readFileSync(new URL('../../fixtures/providers/openai/tools.sse', import.meta.url));

  test('is read as such, however it is cut and with or without its last word', async () => {
    for (const pieces of [
      [events],
      [...events].map((byte) => Buffer.from([byte])),
      [events.subarray(0, events.indexOf('data: [DONE]'))],
    ]) {
      const answer = await readEvents(open(pieces));
      expect(answer).toMatchObject({ finish: 'tool_calls', error: undefined, shape: [] });
      expect(answer.tool_calls.map(({ name, args }) => [name, args])).toEqual([
        ['weather', { city: 'Oslo' }],
        ['now', {}],
      ]);
    }
  });

  test('is an error when its finish never comes', async () => {
    const answer = await readEvents(open([events.subarray(0, events.indexOf('"tool_calls"}]'))]));
    expect(answer.error).toMatchObject({ code: 'server_error', message: expect.stringContaining('interrupted') });
  });
});

describe('log probabilities in a stream', () => {
  const logprobs = [{ token: 'a', logprob: -0.5, top_logprobs: [{ token: 'b', logprob: -1 }] }];

  test('travel with their text, or before it', async () => {
    const lines = [
      delta({ content: '' }, { logprobs }),
      delta({ content: 'a' }),
      delta({ content: 'a' }, { logprobs }),
    ];
    const { chunks } = await collect(open([...lines, end], true));
    const token = { token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'b', logprob: -1, bytes: [98] }] };
    const given = { content: [token], refusal: null };
    expect(chunks.slice(0, 3).map(({ choices }) => choices[0]?.logprobs)).toEqual([given, null, given]);
    expect(findSchemaProblem(chunks)).toBeUndefined();
  });

  test('that an older server ignores are said to be missing before any text is out', async () => {
    const answer = await readEvents(open([delta({ content: 'a' }), end], true));
    expect(answer).toMatchObject({ text: '', error: { code: 'unsupported', param: 'logprobs' } });
  });
});
