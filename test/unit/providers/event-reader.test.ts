import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventReader, type ServerSentEvent } from '../../../shared/providers/event-reader.ts';

function readPieces(pieces: readonly Uint8Array[]): ServerSentEvent[] {
  const reader = createEventReader();
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
}

function read(text: string): ServerSentEvent[] {
  return readPieces([Buffer.from(text)]);
}

function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const ends = [...positions.map((position) => position % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

describe('event reader', () => {
  it.each([
    ['LF', 'data: a\n\ndata: b\n\n'],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n'],
    ['CR', 'data: a\r\rdata: b\r\r'],
    ['a mixture of them', 'data: a\r\n\ndata: b\r\r\n'],
  ])('reads lines that end in %s', (_, text) => {
    expect(read(text)).toEqual([
      { event: '', data: 'a' },
      { event: '', data: 'b' },
    ]);
  });

  it('takes one space after the colon away, and only one', () => {
    expect(read('data:a\n\ndata: a\n\ndata:  a\n\n').map(({ data }) => data)).toEqual(['a', 'a', ' a']);
  });

  it('joins the data of several lines with a line feed', () => {
    expect(read('data: {"a":\ndata: 1}\n\n')).toEqual([{ event: '', data: '{"a":\n1}' }]);
  });

  it('passes over comments, ids, retry times and unknown fields', () => {
    expect(read(': ping\n\nid: 1\nretry: 3000\nfoo: bar\ndata: a\n\n: end\n\n')).toEqual([{ event: '', data: 'a' }]);
  });

  it('names the event and forgets the name with the next one', () => {
    expect(read('event: message_stop\ndata: {}\n\ndata: x\n\n')).toEqual([
      { event: 'message_stop', data: '{}' },
      { event: '', data: 'x' },
    ]);
  });

  it('delivers nothing for an event without data', () => {
    expect(read('event: ping\n\n')).toEqual([]);
  });

  it('delivers an empty string for a data field without a value', () => {
    expect(read('data\n\ndata:\n\n').map(({ data }) => data)).toEqual(['', '']);
  });

  it('delivers the last event when no blank line follows it', () => {
    expect(read('data: a\n\ndata: [DONE]').map(({ data }) => data)).toEqual(['a', '[DONE]']);
  });

  it('passes over a byte order mark at the start', () => {
    expect(read('\uFEFFdata: a\n\n')).toEqual([{ event: '', data: 'a' }]);
  });

  it('keeps line separators of Unicode inside the data', () => {
    expect(read('data: a\u2028b\u2029c\u0085d\n\n').map(({ data }) => data)).toEqual(['a\u2028b\u2029c\u0085d']);
  });

  it.each([
    ['an object', '{"a": {"b": 1}}', ['{"a": {"b": 1}}']],
    ['an object over several lines, after blank ones', '\n\n{\n "a": 1\n}\n', ['{\n "a": 1\n}']],
    ['a list', '\uFEFF[{"a":1}\n,\r\n{"a":2}]', ['{"a":1}', '{"a":2}']],
    ['an object that is cut off', '{"a":', ['{"a":']],
  ])('reads a body that is JSON instead as one event per object: %s', (_, text, data) => {
    const events = data.map((json) => ({ event: '', data: json }));
    expect(read(text)).toEqual(events);
    expect(readPieces([...Buffer.from(text)].map((byte) => Uint8Array.of(byte)))).toEqual(events);
  });

  it('passes over blank lines before the first event', () => {
    expect(read('\r\n\n  \ndata: {"a":1}\n\n')).toEqual([{ event: '', data: '{"a":1}' }]);
  });

  it('delivers an event as soon as its blank line has arrived', () => {
    const reader = createEventReader();
    expect(reader.push(Buffer.from('data: a\n'))).toEqual([]);
    expect(reader.push(Buffer.from('\n'))).toEqual([{ event: '', data: 'a' }]);
  });

  it('reads the same events however the bytes are cut', () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme' }).map((text) => `data: ${text}`),
      fc.constantFrom('', '', 'event: e', 'data', 'data:x', ': note', 'id: 1', 'data: 日本🎉é\u2028'),
    );
    const stream = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')));
    fc.assert(
      fc.property(stream, fc.array(fc.nat()), (lines, positions) => {
        const bytes = Buffer.from(lines.map(([text, end]) => text + end).join(''));
        expect(readPieces(cut(bytes, positions))).toEqual(readPieces([bytes]));
        expect(readPieces([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(readPieces([bytes]));
      }),
    );
  });

  it('never throws on bytes that are no text', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (pieces) => {
        expect(Array.isArray(readPieces(pieces))).toBe(true);
      }),
    );
  });

  it.each([
    ['a line that does not end', ['x'.repeat(1024 * 1024)]],
    ['an event of many lines that does not end', [`data: ${'x'.repeat(1024 * 1024)}\n`]],
  ])('refuses %s', (_, [piece = '']) => {
    const reader = createEventReader();
    const bytes = Buffer.from(piece);
    expect(() => {
      for (let count = 0; count < 12; count += 1) reader.push(bytes);
    }).toThrow(expect.objectContaining({ name: 'AppError', code: 'server_error' }));
  });
});
