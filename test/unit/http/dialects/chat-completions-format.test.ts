import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  type ChatChunk,
  type ChatCompletion,
  type ChatEvent,
  eventsOf,
} from '../../../../shared/contracts/chat-provider.ts';
import type { AnswerFacts } from '../../../../shared/http/dialects/answer-format.ts';
import { toAnswerJson, toEventPieces } from '../../../../shared/http/dialects/chat-completions-format.ts';

const facts: AnswerFacts = {
  provider: 'openai',
  model: 'gpt-4-turbo',
  attempts: [{ provider: 'openai', model: 'gpt-4-turbo', latency_ms: 12 }],
  cost_usd: 0.025,
  cached: false,
};

const completion: ChatCompletion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4-turbo',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'Hi', refusal: null }, finish_reason: 'stop', logprobs: null },
  ],
};

describe('a whole answer', () => {
  it('is the completion with what Sluice adds', () => {
    expect(JSON.parse(toAnswerJson({ completion }, facts))).toEqual({ ...completion, sluice: facts });
  });

  it('is the upstream’s own text, untouched but for the addition', () => {
    const json = '{ "id":"x", "created": 1.0, "unknown": {"a":[1,2]} }\n';
    const text = toAnswerJson({ completion, json }, facts);
    expect(text.startsWith('{ "id":"x", "created": 1.0, "unknown": {"a":[1,2]} ,"sluice":{')).toBe(true);
    expect(JSON.parse(text)).toEqual({ ...JSON.parse(json), sluice: facts });
  });

  it('says its own provider when the upstream is another Sluice', () => {
    const json = JSON.stringify({ ...completion, sluice: { provider: 'theirs' } });
    expect(JSON.parse(toAnswerJson({ completion, json }, facts)).sluice).toEqual(facts);
  });

  it('is valid JSON whatever the completion holds and however its text is spaced and ended', () => {
    const space = fc.stringMatching(/^[ \t\r\n]{0,4}$/);
    const extra = fc.dictionary(
      fc.string({ unit: 'binary' }).filter((key) => key !== '__proto__' && key !== 'id' && key !== 'sluice'),
      fc.jsonValue({ maxDepth: 3 }),
    );
    const content = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('}', '{"sluice":1}', '"}', '\\"}', '}\n}'));
    fc.assert(
      fc.property(
        extra,
        content,
        fc.constantFrom(undefined, 1, '\t'),
        space,
        space,
        (fields, text, indent, before, after) => {
          const value = { id: text, ...fields };
          const json = `${before}${JSON.stringify(value, null, indent)}${after}`;
          const answer = JSON.parse(toAnswerJson({ completion, json }, facts));
          expect(answer).toEqual({ ...JSON.parse(json), sluice: facts });
          expect(JSON.parse(toAnswerJson({ completion: value as never }, facts))).toEqual(answer);
        },
      ),
    );
  });
});

const base = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' } as const;
const chunk = (delta: Record<string, unknown>, finish: string | null = null, index = 0): ChatChunk =>
  ({ ...base, choices: [{ index, delta, finish_reason: finish, logprobs: null }] }) as ChatChunk;
const text = (content: string): ChatEvent => ({ chunk: chunk({ content }) });
const finish: ChatEvent = { chunk: chunk({}, 'stop') };
const usage: ChatEvent = {
  chunk: { ...base, choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } },
};

async function* streamOf(...batches: readonly (readonly ChatEvent[])[]): AsyncGenerator<readonly ChatEvent[]> {
  yield* batches;
}

async function write(batches: readonly (readonly ChatEvent[])[], { includeUsage = false } = {}) {
  const seen: ChatEvent[] = [];
  const settle = vi.fn(async () => facts);
  const pieces: string[] = [];
  const stream = toEventPieces(streamOf(...batches), {
    includeUsage,
    settle,
    onEvent: (item) => seen.push(...eventsOf([item])),
  });
  for await (const piece of stream)
    pieces.push(typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8'));
  return { pieces, seen, settle, data: readData(pieces.join('')) };
}

/** The data of each event, as a client reads it: lines by any line break, events by an empty line. */
function readData(stream: string): unknown[] {
  expect(stream.endsWith('\n\n')).toBe(true);
  return stream
    .slice(0, -2)
    .split('\n\n')
    .map((event) => {
      const lines = event.split(/\r\n|\r|\n/);
      expect(lines).toHaveLength(1);
      const data = (lines[0] as string).slice('data: '.length);
      return data === '[DONE]' ? data : JSON.parse(data);
    });
}

describe('a streamed answer', () => {
  it('has one piece per batch and [DONE] last', async () => {
    const { pieces, data } = await write([[text('a'), text('b')], [text('c')], [finish], [usage]]);
    expect(pieces).toHaveLength(3);
    expect(pieces[0]).toContain('"a"');
    expect(pieces[0]).toContain('"b"');
    expect(data.at(-1)).toBe('[DONE]');
    expect(data.filter((item) => item === '[DONE]')).toHaveLength(1);
  });

  it('leaves usage out when nobody asked for it, and ends with the finish reason and what Sluice adds', async () => {
    const { data, seen } = await write([[text('a')], [finish, usage]]);
    expect(data).toEqual([text('a').chunk, { ...finish.chunk, sluice: facts }, '[DONE]']);
    // The ledger is told of it all the same.
    expect(seen).toEqual([text('a'), finish, usage]);
  });

  it('ends with usage and what Sluice adds when it was asked for', async () => {
    for (const batches of [
      [[text('a'), finish, usage]],
      [[text('a')], [finish], [usage]],
      [[text('a')], [usage], [finish]],
    ]) {
      const { data } = await write(batches, { includeUsage: true });
      expect(data).toEqual([text('a').chunk, finish.chunk, { ...usage.chunk, sluice: facts }, '[DONE]']);
    }
  });

  it('ends with the finish reason when usage was asked for and there is none', async () => {
    const { data } = await write([[text('a')], [finish]], { includeUsage: true });
    expect(data).toEqual([text('a').chunk, { ...finish.chunk, sluice: facts }, '[DONE]']);
  });

  it('keeps a finish reason in its place when other choices go on', async () => {
    const first = { chunk: chunk({}, 'stop', 0) };
    const other = { chunk: chunk({ content: 'b' }, null, 1) };
    const second = { chunk: chunk({}, 'length', 1) };
    const { data } = await write([[text('a'), first], [other], [second]]);
    expect(data).toEqual([text('a').chunk, first.chunk, other.chunk, { ...second.chunk, sluice: facts }, '[DONE]']);
  });

  it('asks for what it adds once, after everything was seen', async () => {
    const order: string[] = [];
    const stream = toEventPieces(streamOf([text('a')], [finish], [usage]), {
      includeUsage: false,
      onEvent: () => order.push('event'),
      settle: async () => {
        order.push('settle');
        return facts;
      },
    });
    for await (const _ of stream);
    expect(order).toEqual(['event', 'event', 'event', 'settle']);
  });

  it('forwards the upstream’s text as it came', async () => {
    const json = '{"id":"c", "choices": [], "x":1.0}';
    const { pieces } = await write([[{ ...text('a'), json }], [finish]]);
    expect(pieces[0]).toBe(`data: ${json}\n\n`);
  });

  it.each(['\n', '\r', '\r\n', '\n\n'])('writes text that was broken by %j anew, in one line', async (lineBreak) => {
    const json = JSON.stringify(text('a').chunk).replace(',', `,${lineBreak}`);
    const { data } = await write([[{ ...text('a'), json }], [finish]]);
    expect(data[0]).toEqual(text('a').chunk);
  });

  it('has no error to hide: the upstream’s goes through and nothing ends the stream as if it were whole', async () => {
    async function* broken(): AsyncGenerator<readonly ChatEvent[]> {
      yield [text('a')];
      throw new Error('broke');
    }
    const settle = vi.fn(async () => facts);
    const stream = toEventPieces(broken(), { includeUsage: true, onEvent: () => {}, settle });
    expect((await stream.next()).value).toContain('"a"');
    await expect(stream.next()).rejects.toThrowError('broke');
    expect(settle).not.toHaveBeenCalled();
  });

  it('stops its source when the reader stops', async () => {
    let stopped = false;
    async function* endless(): AsyncGenerator<readonly ChatEvent[]> {
      try {
        for (;;) yield [text('a')];
      } finally {
        stopped = true;
      }
    }
    for await (const _ of toEventPieces(endless(), {
      includeUsage: false,
      onEvent: () => {},
      settle: async () => facts,
    }))
      break;
    expect(stopped).toBe(true);
  });

  it('delivers every event in order, however the upstream cuts and whatever the text is', async () => {
    const content = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed());
    const item = fc.tuple(content, fc.boolean()).map(([value, raw]): ChatEvent => {
      const event = text(value);
      return raw ? { ...event, json: JSON.stringify(event.chunk) } : event;
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(item, { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
        fc.boolean(),
        async (batches, includeUsage) => {
          const { data, seen } = await write([...batches, [finish], [usage]], { includeUsage });
          const texts = batches.flat().map((event) => event.chunk);
          expect(data.slice(0, texts.length)).toEqual(texts);
          expect(data.slice(texts.length)).toEqual(
            includeUsage
              ? [finish.chunk, { ...usage.chunk, sluice: facts }, '[DONE]']
              : [{ ...finish.chunk, sluice: facts }, '[DONE]'],
          );
          expect(seen).toHaveLength(texts.length + 2);
        },
      ),
    );
  });
});
