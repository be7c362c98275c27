import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { createChunkNormalizer } from '../../../shared/providers/openai-stream.ts';
import { fillTemplate, findTemplate, matchTemplate } from '../../../shared/providers/text-template.ts';

const OPENING = '"delta":{"content":"';
const PADDING = '"obfuscation":"';

interface Shape {
  readonly usage?: null;
  readonly obfuscation?: string;
  readonly logprobs?: null;
}

function toChunk(delta: object, { usage, obfuscation, logprobs = null }: Shape = {}): Record<string, unknown> {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_760_000_000,
    model: 'gpt-4o-mini',
    choices: [{ index: 0, delta, logprobs, finish_reason: null }],
    ...(usage === undefined ? {} : { usage }),
    ...(obfuscation === undefined ? {} : { obfuscation }),
  };
}

/** A stream that has seen its role and one text, so that it knows what the next text will look like. */
function startStream(shape: Shape = {}) {
  const stream = createChunkNormalizer({ provider: 'openai', model: 'gpt-4o-mini' });
  stream.push(JSON.stringify(toChunk({ role: 'assistant', content: '' }, shape)));
  const [first] = stream.push(JSON.stringify(toChunk({ content: 'Hello' }, shape)));
  expect(first?.textLength).toBeUndefined();
  return stream;
}

const shapes: readonly Shape[] = [{}, { usage: null }, { obfuscation: 'aB3' }, { usage: null, obfuscation: '' }];

describe('events that differ in their text alone', () => {
  it.each(shapes)('are the same as if each had been parsed (%j)', (shape) => {
    const stream = startStream(shape);
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      fc.constantFrom('"', '\\', '\\"', '"},"logprobs":null', '\n\n', '\u2028', '","obfuscation":"', OPENING, '\u0000'),
    );
    fc.assert(
      fc.property(texts, fc.string(), (content, padding) => {
        const chunk = toChunk(
          { content },
          shape.obfuscation === undefined ? shape : { ...shape, obfuscation: padding },
        );
        const [event] = stream.push(JSON.stringify(chunk));
        const { usage: _null, ...expected } = chunk;
        const seen = event?.json === undefined ? event?.chunk : JSON.parse(event.json);
        expect(JSON.parse(JSON.stringify(seen))).toEqual(expected);
        expect(JSON.parse(JSON.stringify(event?.chunk))).toEqual(expected);
      }),
    );
  });

  it('are not parsed, and say how long they are', () => {
    for (const shape of shapes) {
      const [event] = startStream(shape).push(JSON.stringify(toChunk({ content: ' world' }, shape)));
      expect(event?.textLength).toBe(6);
      expect(event?.json).not.toContain('"usage"');
    }
  });

  it('are parsed when anything else differs, or when they are no JSON', () => {
    const text = JSON.stringify(toChunk({ content: ' world' }));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: text.length }),
        fc.integer({ min: 0, max: 3 }),
        fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('"', '\\', '{', '}', ',', '\u0001', '\n', '\ud800')),
        (at, removed, added) => {
          const mutated = text.slice(0, at) + added + text.slice(at + removed);
          const stream = startStream();
          let parsed: unknown;
          try {
            parsed = JSON.parse(mutated);
          } catch {
            expect(() => stream.push(mutated)).toThrow(AppError);
            return;
          }
          let events: ReturnType<typeof stream.push>;
          try {
            events = stream.push(mutated);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
            return;
          }
          for (const event of events) if (event.textLength !== undefined) expect(event.chunk).toEqual(parsed);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('are parsed when the upstream ends or calls a tool in between', () => {
    const stream = startStream();
    const call = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } };
    const [called] = stream.push(JSON.stringify(toChunk({ tool_calls: [call] })));
    expect(called?.chunk.choices[0]?.delta.tool_calls?.[0]?.id).toBe('a');
    const end = { ...toChunk({}), choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: 'tool_calls' }] };
    stream.push(JSON.stringify(end));
    expect(stream.complete).toBe(true);
  });
});

describe('a text template', () => {
  it('has a gap where the one string is, and another for padding that comes later', () => {
    const template = findTemplate('{"delta":{"content":"a\\"b"},"obfuscation":"xy","z":1}', OPENING, PADDING);
    expect(template).toEqual(['{"delta":{"content":"', '"},"obfuscation":"', '","z":1}']);
    expect(matchTemplate(template ?? [], '{"delta":{"content":"c"},"obfuscation":"","z":1}')).toEqual(['c', '']);
    expect(fillTemplate(template ?? [], ['c', 'd'])).toBe('{"delta":{"content":"c"},"obfuscation":"d","z":1}');
  });

  it.each([
    ['two such strings', '{"delta":{"content":"a"},"x":{"delta":{"content":"b"}}}'],
    ['none', '{"delta":{}}'],
    ['several lines', '{"delta":{"content":"a"}\n}'],
    ['a string without an end', '{"delta":{"content":"a'],
    ['padding before the text', '{"obfuscation":"x","delta":{"content":"a"}}'],
  ])('is not made of a text with %s', (_, json) => {
    expect(findTemplate(json, OPENING, PADDING)).toBeUndefined();
  });

  it.each(['a"b', 'a\\', 'a\\x', 'a\\u12', 'a\u0001'])('does not take %j for the content of a string', (content) => {
    const template = ['{"delta":{"content":"', '"}}'];
    expect(matchTemplate(template, `{"delta":{"content":"${content}"}}`)).toBeUndefined();
  });
});
