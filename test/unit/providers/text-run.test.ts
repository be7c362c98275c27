import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { type ChatBatch, type ChatChunk, eventsOf, isTextRun } from '../../../shared/contracts/chat-provider.ts';
import { readAnswerStream } from '../../../shared/providers/answer-stream.ts';
import { createMessageStreamReader } from '../../../shared/providers/anthropic-stream.ts';
import { createEventReader } from '../../../shared/providers/event-reader.ts';
import { readOpenAIStream } from '../../../shared/providers/openai-read-stream.ts';
import { createTextRunReader } from '../../../shared/providers/text-run.ts';
import { translateEvents } from '../../../shared/providers/translate-events.ts';

interface Shape {
  readonly usage?: null;
  readonly obfuscation?: string;
}

interface Vendor {
  readonly name: string;
  readonly read: (body: { chunks(): AsyncIterable<Uint8Array> }) => AsyncIterable<ChatBatch>;
  readonly begin: readonly string[];
  readonly text: (content: string, padding: string) => string;
  readonly end: readonly string[];
}

const toChunk = (delta: object, shape: Shape = {}, finish_reason: string | null = null): string =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_760_000_000,
    model: 'gpt-4o-mini',
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...shape,
  });

function openai(name: string, shape: Shape, end = '\n'): Vendor {
  const event = (json: string): string => `data: ${json}${end}${end}`;
  return {
    name,
    read: (body) => readOpenAIStream(body, { provider: 'openai', model: 'asked' }),
    begin: [event(toChunk({ role: 'assistant', content: '' }, shape))],
    text: (content, padding) =>
      event(toChunk({ content }, shape.obfuscation === undefined ? shape : { ...shape, obfuscation: padding })),
    end: [event(toChunk({}, shape, 'stop')), event('[DONE]')],
  };
}

function anthropic(name: string, end = '\n'): Vendor {
  const event = (type: string, fields: object): string =>
    `event: ${type}${end}data: ${JSON.stringify({ type, ...fields })}${end}${end}`;
  const usage = { input_tokens: 1, output_tokens: 2 };
  return {
    name,
    read: (body) =>
      readAnswerStream(body, translateEvents(createEventReader(), createMessageStreamReader({ model: 'asked' }))),
    begin: [
      event('message_start', { message: { id: 'msg_1', model: 'claude', usage } }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ],
    text: (text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    end: [
      event('content_block_stop', { index: 0 }),
      event('message_delta', { delta: { stop_reason: 'end_turn' }, usage }),
      event('message_stop', {}),
    ],
  };
}

const VENDORS: readonly Vendor[] = [
  openai('plain', {}),
  openai('a null to cut', { usage: null }),
  openai('padding', { obfuscation: 'aB3' }),
  openai('both', { usage: null, obfuscation: '' }),
  openai('CRLF', { usage: null }, '\r\n'),
  anthropic('Anthropic'),
  anthropic('Anthropic, CRLF', '\r\n'),
];

const PLAIN = VENDORS[0] as Vendor;

async function* cut(bytes: Buffer, positions: readonly number[]): AsyncGenerator<Uint8Array> {
  const ends = [...positions.map((position) => position % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const to of ends) {
    if (to > from) yield bytes.subarray(from, to);
    from = to;
  }
}

async function readAll({ read }: Vendor, stream: string | Buffer, positions: readonly number[] = []) {
  const batches: ChatBatch[] = [];
  let error: unknown;
  try {
    for await (const batch of read({ chunks: () => cut(Buffer.from(stream as string), positions) }))
      batches.push(batch);
  } catch (thrown) {
    error = thrown;
  }
  const items = batches.flat();
  const chunks: ChatChunk[] = eventsOf(items).map(({ chunk }) => chunk);
  return {
    chunks,
    error,
    runs: items.filter(isTextRun),
    texts: chunks.flatMap(({ choices }) => choices[0]?.delta.content || []),
  };
}

const write = ({ begin, text, end }: Vendor, contents: readonly string[], padding = 'pad'): string =>
  [...begin, ...contents.map((content) => text(content, padding)), ...end].join('');

const content = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.isWellFormed()),
    fc.constantFrom('"', '\\', '\\"', '"},"logprobs":null', '\n\n', '\u2028', '","obfuscation":"', '\u0000', 'é', '🎉'),
  )
  .filter((text) => text !== '');

describe.each(VENDORS)('text that comes as $name', (vendor) => {
  it('is the same in runs, whatever it says and wherever its bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(content, { minLength: 3, maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.string(),
        async (contents, positions, padding) => {
          const { chunks, texts, runs, error } = await readAll(vendor, write(vendor, contents, padding), positions);
          expect(error).toBeUndefined();
          expect(texts).toEqual(contents);
          expect(new Set(chunks.map(({ id, model, created }) => `${id} ${model} ${created}`)).size).toBe(1);
          const inRuns = runs.flatMap(({ events }) => events.map(({ chunk }) => chunk.choices[0]?.delta.content ?? ''));
          expect(runs.reduce((sum, { textLength }) => sum + textLength, 0)).toBe(inRuns.join('').length);
        },
      ),
    );
  });

  it('passes without being read once one event has shown how it looks', async () => {
    const contents = Array.from({ length: 64 }, (_, index) => `word${index} `);
    const { runs } = await readAll(vendor, write(vendor, contents));
    expect(runs).toHaveLength(1);
    expect(runs[0]?.events.length).toBeGreaterThanOrEqual(62);
    const sent = Buffer.from(runs[0]?.bytes ?? []).toString('utf8');
    expect(sent).toMatch(/^data: \{.*\}\n\n$/s);
    expect(sent).not.toContain('"usage"');
    expect(sent).not.toContain('\r');
    for (const { json, chunk } of runs[0]?.events ?? []) expect(JSON.parse(json ?? '')).toEqual(chunk);
  });

  it('is held back until its event is whole, and no longer', async () => {
    const stream = write(vendor, ['one', 'two', 'three']);
    const at = stream.indexOf('three') + 2;
    const texts: string[] = [];
    const held: number[] = [];
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(stream.slice(0, at));
      held.push(texts.length);
      yield Buffer.from(stream.slice(at, stream.indexOf('three') + 150));
      held.push(texts.length);
      yield Buffer.from(stream.slice(stream.indexOf('three') + 150));
    }
    for await (const batch of vendor.read({ chunks: body })) {
      texts.push(...eventsOf(batch).flatMap(({ chunk }) => chunk.choices[0]?.delta.content || []));
    }
    expect(held[0]).toBe(2);
    expect(texts).toEqual(['one', 'two', 'three']);
  });

  it('is read, or refused, as if it were read event by event when anything about it is another', async () => {
    const { begin, text, end } = vendor;
    const event = text('three', 'p');
    // A comment means nothing, and events with one before their blank line are never runs.
    const apart = (events: readonly string[]): string =>
      events.map((each) => each.replace(/(\r?\n)\r?\n$/, '$1: apart$1$1')).join('');
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: event.length - 1 }),
        fc.integer({ min: 0, max: 3 }),
        fc.oneof(
          fc.string({ maxLength: 4 }),
          fc.constantFrom('"', '\\', '{', '}', ',', '\u0001', '\n', '\\u12', '\\x'),
        ),
        fc.array(fc.nat(), { maxLength: 3 }),
        async (at, removed, added, positions) => {
          const mutated = event.slice(0, at) + added + event.slice(at + removed);
          const events = [...begin, text('one', 'p'), text('two', 'p'), mutated, text('four', 'p'), ...end];
          const seen = await readAll(vendor, events.join(''), positions);
          const expected = await readAll(vendor, apart(events));
          expect(expected.runs).toEqual([]);
          // Whether an event passes depends on how its neighbours were cut.
          if (positions.length === 0) expect(seen.runs).not.toEqual([]);
          expect(seen.error).toEqual(expected.error);
          expect(seen.texts).toEqual(expected.texts);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('text that is no text', () => {
  it.each([
    ['bytes that are no UTF-8', Buffer.from([0x61, 0xff, 0x62])],
    ['a character that was cut', Buffer.from('é').subarray(0, 1)],
  ])('is left to the reader of lines: %s', async (_, bad) => {
    const [before, after] = PLAIN.text('§', '').split('§') as [string, string];
    const stream = Buffer.concat([
      Buffer.from([...PLAIN.begin, PLAIN.text('one', ''), before].join('')),
      bad,
      Buffer.from([after, ...PLAIN.end].join('')),
    ]);
    const { texts, runs } = await readAll(PLAIN, stream);
    expect(runs).toEqual([]);
    expect(texts.join('')).toContain('\ufffd');
  });

  it('is an error when a control character stands in it', async () => {
    const event = PLAIN.text('ab', '').replace('ab', 'a\u0001b');
    const { error } = await readAll(PLAIN, [...PLAIN.begin, PLAIN.text('one', ''), event, ...PLAIN.end].join(''));
    expect(error).toMatchObject({ name: 'AppError', code: 'server_error' });
  });

  it('passes no run after a tool call, an end or an error has to be told', async () => {
    const call = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
    const called = `data: ${toChunk({ tool_calls: [call] })}\n\n`;
    const text = (word: string): string => PLAIN.text(word, '');
    const stream = [...PLAIN.begin, text('one'), text('two'), called, text('three'), ...PLAIN.end, text('late')].join(
      '',
    );
    const { texts, chunks, error } = await readAll(PLAIN, stream);
    expect(error).toBeUndefined();
    expect(texts).toEqual(['one', 'two', 'three']);
    expect(chunks.some(({ choices }) => choices[0]?.delta.tool_calls?.[0]?.id === 'a')).toBe(true);
    const failing = [...PLAIN.begin, text('one'), text('two'), 'data: {"error":{"message":"slow"}}\n\n', text('late')];
    const failed = await readAll(PLAIN, failing.join(''));
    expect(failed.texts).toEqual(['one', 'two']);
    expect(failed.error).toBeInstanceOf(AppError);
  });

  it('is kept for its end only so far', async () => {
    const long = 'x'.repeat(20_000);
    const { texts } = await readAll(PLAIN, write(PLAIN, ['one', 'two', long, 'four']), [9_000, 12_000, 15_000]);
    expect(texts).toEqual(['one', 'two', long, 'four']);
  });
});

describe('a reader of runs', () => {
  const pattern = { comes: ['{"content":"', '"}'], goes: ['{"content":"', '"}'] };

  it.each([
    'data: {"content":"x"}\n\n',
    'data:{"content":"x"}\n\n',
    'event: delta\ndata: {"content":"x"}\n\n',
    'event: delta\r\ndata: {"content":"x"}\r\n\r\n',
  ])('takes events written as %j', (raw) => {
    const found = createTextRunReader(pattern, Buffer.from(raw))?.read(Buffer.from(raw + raw), 0);
    expect(typeof found === 'object' && Buffer.from(found.run.bytes).toString()).toBe(
      'data: {"content":"x"}\n\ndata: {"content":"x"}\n\n',
    );
  });

  it.each(['id: 1\ndata: {"content":"x"}\n\n', ': note\ndata: {"content":"x"}\n\n', 'data: {"content":"x"}\n'])(
    'is not made of one written as %j',
    (raw) => {
      expect(createTextRunReader(pattern, Buffer.from(raw))).toBeUndefined();
    },
  );
});
