import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { ChatChunk } from '../../../shared/contracts/chat-provider.ts';
import { answerBodies } from '../../support/answered-bodies.ts';
import type { Recording } from '../../support/recordings.ts';
import { loadFixtures, loadQuirks } from '../../support/replay-fixtures.ts';
import { findSchemaProblem } from '../../support/replay-schema.ts';

const answers = [...loadFixtures(), ...loadQuirks()].filter(({ response }) => response.status === 200);
const streams = answers.filter(({ response }) => response.sse !== null);
const eventStreams = streams.filter(({ response }) => !/^\s*\{/.test(response.sse as string));

const bodyOf = ({ response: { json, sse } }: Recording): string => sse ?? JSON.stringify(json);

/** What a stream says, however it is cut into chunks; `error` where it ends in one. */
async function meaningOf(recording: Recording, pieces: readonly Uint8Array[]): Promise<Record<string, unknown>> {
  const meaning: Record<string, unknown> = {};
  const add = (key: string, text: string | null | undefined) => {
    if (text) meaning[key] = `${meaning[key] ?? ''}${text}`;
  };
  try {
    for (const { choices, usage } of (await answerBodies(recording, pieces)) as ChatChunk[]) {
      if (usage) meaning.usage = usage;
      for (const { index, delta, finish_reason } of choices) {
        add(`${index}.content`, delta.content);
        add(`${index}.reasoning`, delta.reasoning_content);
        add(`${index}.finish`, finish_reason);
        for (const call of delta.tool_calls ?? []) {
          add(`${index}.call.${call.index}.name`, call.function?.name);
          add(`${index}.call.${call.index}.arguments`, call.function?.arguments);
        }
      }
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { error: error.code };
  }
  return meaning;
}

const bytesOf = (text: string): Uint8Array[] => [Buffer.from(text)];
const oneByOne = (text: string): Uint8Array[] => [...Buffer.from(text)].map((byte) => Uint8Array.of(byte));

describe.each(streams.map((recording) => [recording.id, recording] as const))('the stream %s', (_id, recording) => {
  const body = bodyOf(recording);

  it('means the same with every byte by itself, and after a byte order mark', async () => {
    const meaning = await meaningOf(recording, bytesOf(body));
    expect(await meaningOf(recording, oneByOne(body))).toEqual(meaning);
    expect(await meaningOf(recording, oneByOne(`\uFEFF${body}`))).toEqual(meaning);
  });

  it('means the same with lines that end in CRLF', async () => {
    const windows = body.replace(/\r\n?|\n/g, '\r\n');
    const meaning = await meaningOf(recording, bytesOf(body));
    expect(await meaningOf(recording, bytesOf(windows))).toEqual(meaning);
    expect(await meaningOf(recording, oneByOne(windows))).toEqual(meaning);
  });
});

describe.each(eventStreams.map((recording) => [recording.id, recording] as const))(
  'the events of %s',
  (_id, recording) => {
    const body = bodyOf(recording);

    it.each([
      ['with CR at the end of lines', body.replace(/\r\n?|\n/g, '\r')],
      ['without the space after the colon', body.replace(/^(data|event): /gm, '$1:')],
      ['with comments and unused fields', body.replace(/^(data|event):/gm, ': hello\nid: 5\nretry: 3\n$1:')],
      ['with keep-alives between them', body.replace(/\n\n/g, '\n\n: ping\n\n')],
    ])('mean the same %s', async (_how, written) => {
      expect(await meaningOf(recording, bytesOf(written))).toEqual(await meaningOf(recording, bytesOf(body)));
    });

    it.each(['boom', 'null', '[1]', '{"error":5}', '{"error":{"message":5,"code":"429"}}'])(
      'end in an error after an event of that name that says %s',
      async (data) => {
        const meaning = await meaningOf(recording, bytesOf(`event: error\ndata: ${data}\n\n${body}`));
        expect(meaning).toEqual({ error: expect.any(String) });
      },
    );
  },
);

const NO_ANSWERS = [
  ...['', ' ', '\n\n', 'data:\n\n', 'data: [DONE]\n\n', '\0', '<html><body>Bad gateway</body></html>', '{', '5', '"x"'],
  ...['null', 'true', '[]', '[null]', '{}', '[{}]', '{"error":null}', '{"error":{}}', '{"error":"x"}', '{"error":[]}'],
  ...['{"error":{"code":429,"message":"slow"}}', '{"object":"error","message":"x"}', '{"type":"message"}'],
  ...['{"choices":null}', '{"choices":{}}', '{"candidates":{}}', '{"content":{}}', '{"message":[]}'],
  ...['['.repeat(100_000), '{"a":'.repeat(100_000)],
];

it.each(NO_ANSWERS)('a 200 with the body %.40j is an AppError, on every provider', async (body) => {
  for (const recording of answers) {
    await expect(answerBodies(recording, bytesOf(body)), recording.id).rejects.toBeInstanceOf(AppError);
  }
});

it('a body that is cut off or holds bytes that are no UTF-8 becomes a valid answer or an AppError', async () => {
  const faults = new Set<string>();
  for (const recording of answers) {
    const bytes = Buffer.from(bodyOf(recording));
    const step = Math.max(1, Math.floor(bytes.length / 200));
    for (let at = 0; at < bytes.length; at += step) {
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
      for (const pieces of [
        [before],
        [before, Uint8Array.of(0xff), after],
        [before, Uint8Array.of(0xc3), after.subarray(1)],
      ]) {
        const bodies = await answerBodies(recording, pieces).catch((error: unknown) => {
          if (!(error instanceof AppError)) faults.add(`${recording.id} at ${at}: ${error}`);
          return [];
        });
        const problem = findSchemaProblem(bodies);
        if (problem !== undefined) faults.add(`${recording.id} at ${at}: ${problem}`);
        if (recording.response.sse === null && pieces.length === 1 && bodies.length > 0) {
          faults.add(`${recording.id} cut at ${at} is an answer`);
        }
      }
    }
  }
  expect([...faults]).toEqual([]);
});
