import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import {
  type ChatBatch,
  type ChatChunkChoice,
  type ChatEvent,
  eventsOf,
} from '../../../shared/contracts/chat-provider.ts';
import { holdUntilOutput } from '../../../shared/resilience/commit-point.ts';

type Delta = ChatChunkChoice['delta'];

function event(delta: Delta | undefined, finish: ChatChunkChoice['finish_reason'] = null): ChatEvent {
  const choices = delta === undefined ? [] : [{ index: 0, delta, finish_reason: finish, logprobs: null }];
  return { chunk: { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices } };
}

const role = event({ role: 'assistant', content: '' });
const metadata = event(undefined);
const text = (content: string) => event({ content });
const finish = event({}, 'stop');
const withoutFinish = {
  chunk: { ...role.chunk, choices: [{ index: 0, delta: {} }] },
} as unknown as ChatEvent;

/** A stream of the given batches that counts its reads and knows when it was stopped. */
function source(...batches: readonly (readonly ChatEvent[] | Error)[]) {
  const state = { reads: 0, stopped: false };
  const stream: AsyncIterable<ChatBatch> = {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const batch = batches[state.reads];
        state.reads += 1;
        if (batch instanceof Error) throw batch;
        return batch === undefined ? { done: true, value: undefined } : { done: false, value: batch };
      },
      async return() {
        state.stopped = true;
        return { done: true, value: undefined };
      },
    }),
  };
  return { stream, state };
}

async function collect(stream: AsyncIterable<ChatBatch>): Promise<(readonly ChatEvent[])[]> {
  const batches: (readonly ChatEvent[])[] = [];
  for await (const batch of stream) batches.push(eventsOf(batch));
  return batches;
}

describe('the commit point', () => {
  it('delivers what was held with the first output, then batch by batch', async () => {
    const { stream, state } = source([role], [metadata], [text('a'), text('b')], [text('c')], [finish]);
    const committed = await holdUntilOutput(stream);
    expect(state.reads).toBe(3);
    expect(await collect(committed)).toEqual([[role, metadata, text('a'), text('b')], [text('c')], [finish]]);
  });

  it.each<[string, Delta, ChatChunkChoice['finish_reason']]>([
    ['text', { content: 'a' }, null],
    ['reasoning', { reasoning_content: 'hm' }, null],
    ['a refusal', { refusal: 'No.' }, null],
    ['a tool call', { tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '' } }] }, null],
    ['a function call', { function_call: { name: 'f', arguments: '' } }, null],
    ['a thinking block', { thinking_blocks: [{ type: 'redacted_thinking', data: 'x' }] }, null],
    ['audio', { audio: { id: 'a', data: 'AAAA' } } as unknown as Delta, null],
    ['an image', { images: [{ type: 'image_url' }] } as unknown as Delta, null],
    ['a citation', { annotations: [{ type: 'url_citation' }] } as unknown as Delta, null],
    ['an end without any text', {}, 'stop'],
  ])('is %s', async (_, delta, reason) => {
    const { stream, state } = source([role], [event(delta, reason)], [finish]);
    await holdUntilOutput(stream);
    expect(state.reads).toBe(2);
  });

  it.each<[string, ChatEvent]>([
    ['a role', role],
    ['empty text', event({ content: '', reasoning_content: '', refusal: null, tool_calls: [] })],
    ['nothing at all', event({})],
    ['usage', metadata],
    ['a finish reason that is left out', withoutFinish],
  ])('is not %s', async (_, held) => {
    const { stream, state } = source([held], [text('a')]);
    await holdUntilOutput(stream);
    expect(state.reads).toBe(2);
  });

  it('lies behind an error that comes first, so that another leg can be tried', async () => {
    const failure = new AppError('rate_limit', 'Slow down.');
    const { stream } = source([role], failure);
    await expect(holdUntilOutput(stream)).rejects.toBe(failure);
  });

  it('lies before an error that comes later, which belongs to the reader', async () => {
    const failure = new AppError('server_error', 'It broke.');
    const { stream } = source([role, text('a')], failure);
    const iterator = (await holdUntilOutput(stream))[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toEqual([role, text('a')]);
    await expect(iterator.next()).rejects.toBe(failure);
  });

  it('is never reached by a stream without output', async () => {
    for (const batches of [[], [[role]], [[role], [metadata]]]) {
      await expect(holdUntilOutput(source(...batches).stream)).rejects.toMatchObject({
        code: 'server_error',
        retryable: true,
      });
    }
  });

  it('lets a reader that stops early stop the source, before its first read too', async () => {
    const early = source([text('a')], [text('b')]);
    const iterator = (await holdUntilOutput(early.stream))[Symbol.asyncIterator]();
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
    expect(early.state).toEqual({ reads: 1, stopped: true });

    const later = source([text('a')], [text('b')]);
    for await (const _ of await holdUntilOutput(later.stream)) break;
    expect(later.state).toEqual({ reads: 1, stopped: true });
  });

  it('can stop a source that has no way to be stopped', async () => {
    const stream: AsyncIterable<ChatBatch> = {
      [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: [text('a')] }) }),
    };
    const iterator = (await holdUntilOutput(stream))[Symbol.asyncIterator]();
    await expect(iterator.return?.()).resolves.toMatchObject({ done: true });
  });

  it('loses, repeats and reorders nothing', async () => {
    const item = fc.oneof(fc.constant(role), fc.constant(metadata), fc.string().map(text));
    const batch = fc.array(item, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 8 }), async (batches) => {
        const all = [...batches, [finish]];
        const committed = await collect(await holdUntilOutput(source(...all).stream));
        expect(committed.flat()).toEqual(all.flat());
      }),
    );
  });
});
