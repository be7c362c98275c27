import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatBatch } from '../../../shared/contracts/chat-provider.ts';
import type { HttpResponse } from '../../../shared/contracts/http-fetch.ts';
import { readOpenAIStream } from '../../../shared/providers/openai-read-stream.ts';
import { readEvents } from '../../support/replay-answer.ts';

const OPTIONS = { provider: 'vendor', model: 'asked-for' };

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/providers/openai/${name}`, import.meta.url));
}

/** A response whose body is these pieces, one per read. */
function respond(pieces: readonly Uint8Array[]): HttpResponse {
  return {
    status: 200,
    ok: true,
    headers: { get: () => null },
    text: () => Promise.reject(new Error('is streamed')),
    async *chunks() {
      yield* pieces;
    },
  };
}

function read(pieces: readonly Uint8Array[]): AsyncIterable<ChatBatch> {
  return readOpenAIStream(respond(pieces), OPTIONS);
}

function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const ends = [...positions.map((position) => position % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

describe('stream of a compatible vendor', () => {
  it('gives the events of one read as one batch', async () => {
    const sizes: number[] = [];
    for await (const batch of read([fixture('text.sse')])) sizes.push(batch.length);
    expect(sizes).toEqual([5]);
  });

  it.each(['text.sse', 'tools.sse'])('is the same however the bytes of %s are cut', async (name) => {
    const bytes = fixture(name);
    const whole = await readEvents(read([bytes]));
    expect(whole.error).toBeUndefined();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 20 }), async (positions) => {
        expect(await readEvents(read(cut(bytes, positions)))).toEqual(whole);
      }),
    );
  });

  it('is an error, never an end, when it is cut off anywhere before its finish', async () => {
    const bytes = fixture('text.sse');
    const finish = bytes.indexOf('"finish_reason":"stop"');
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: finish }), async (length) => {
        const answer = await readEvents(read([bytes.subarray(0, length)]));
        expect(answer.error).toMatchObject({ name: 'AppError', code: 'server_error' });
        expect('Hello 🎉'.startsWith(answer.text)).toBe(true);
      }),
    );
  });

  it('takes an event named error for one, whatever its data looks like', async () => {
    const text = fixture('text.sse');
    const start = text.subarray(0, text.indexOf('\n\n') + 2);
    for (const data of ['{"message":"no","code":429}', '{"error":{"type":"rate_limit_error"}}']) {
      const answer = await readEvents(read([start, Buffer.from(`event: error\ndata: ${data}\n\n`)]));
      expect(answer.error).toMatchObject({ code: 'rate_limit' });
    }
  });

  it('ignores what follows [DONE]', async () => {
    const late = Buffer.from('data: {"error":{"message":"late"}}\n\n');
    expect((await readEvents(read([Buffer.concat([fixture('text.sse'), late])]))).error).toBeUndefined();
  });

  it('survives garbage with an AppError', async () => {
    const piece = fc.oneof(
      fc.uint8Array(),
      fc.string().map((text) => Buffer.from(`data: ${text}\n\n`)),
      fc.json().map((json) => Buffer.from(`data: ${json}\n\n`)),
      fc.constant(Buffer.from('data: [DONE]\n\n')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
        const answer = await readEvents(read(pieces));
        expect(answer.error).toMatchObject({ name: 'AppError' });
      }),
      { numRuns: 500 },
    );
  });
});
