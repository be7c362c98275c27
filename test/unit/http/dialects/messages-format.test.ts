import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import type { ChatChunkChoice, ChatCompletion, ChatEvent } from '../../../../shared/contracts/chat-provider.ts';
import { createMessagesFormat } from '../../../../shared/http/dialects/messages-format.ts';
import { batches, FACTS, readEvents, readMessage, writePieces } from './messages-reader.ts';

type Delta = ChatChunkChoice['delta'];
type Message = ChatCompletion['choices'][number]['message'];

const HEAD = { id: 'chatcmpl-1', created: 1, model: 'gpt-x' };
const USAGE = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 },
  completion_tokens_details: { reasoning_tokens: 5 },
};

const toChunk = (delta: Delta, finish: ChatChunkChoice['finish_reason'] = null): ChatEvent => ({
  chunk: {
    ...HEAD,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  },
});
const usageEvent: ChatEvent = { chunk: { ...HEAD, object: 'chat.completion.chunk', choices: [], usage: USAGE } };
const toCall = (index: number, text: string, id?: string, name?: string, extra: object = {}): Delta => ({
  tool_calls: [
    {
      index,
      ...(id === undefined ? {} : { id, type: 'function' as const }),
      function: { ...(name === undefined ? {} : { name }), arguments: text },
      ...extra,
    },
  ],
});

const toCompletion = (message: Partial<Message>, finish: ChatCompletion['choices'][number]['finish_reason']) => ({
  completion: {
    ...HEAD,
    object: 'chat.completion' as const,
    choices: [
      {
        index: 0,
        message: { role: 'assistant' as const, content: null, refusal: null, ...message },
        logprobs: null,
        finish_reason: finish,
      },
    ],
    usage: USAGE,
  },
});

const format = createMessagesFormat({});
const answer = (message: Partial<Message>, finish: Parameters<typeof toCompletion>[1] = 'stop', using = format) =>
  JSON.parse(using.toJson(toCompletion(message, finish), FACTS));

async function streamed(deltas: readonly Delta[], finish: 'stop' | 'length' | 'tool_calls' = 'stop', using = format) {
  const events = [...deltas.map((delta) => toChunk(delta)), toChunk({}, finish), usageEvent];
  const pieces = await writePieces(using, batches(...events.map((event) => [event])));
  return readEvents(pieces.join(''));
}

describe('a finished Messages answer', () => {
  it('has the shape of Anthropic with the cached input counted apart', () => {
    expect(answer({ content: 'Hello' })).toEqual({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'gpt-x',
      content: [{ type: 'text', text: 'Hello', citations: null }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: {
        input_tokens: 10,
        cache_read_input_tokens: 60,
        cache_creation_input_tokens: 30,
        cache_creation: null,
        output_tokens: 20,
        output_tokens_details: { thinking_tokens: 5 },
        server_tool_use: null,
        service_tier: null,
        inference_geo: null,
        speed: null,
      },
      sluice: FACTS,
    });
  });

  it('keeps the id of an Anthropic answer', () => {
    const { completion } = toCompletion({ content: 'x' }, 'stop');
    const json = format.toJson({ completion: { ...completion, id: 'msg_01abc' } }, FACTS);
    expect(JSON.parse(json).id).toBe('msg_01abc');
  });

  it('gives signed thinking back as it came and redacted thinking beside it', () => {
    const thinking_blocks = [
      { type: 'thinking' as const, thinking: 'Hm.', signature: 'sig' },
      { type: 'redacted_thinking' as const, data: 'opaque' },
    ];
    expect(answer({ content: 'A', reasoning_content: 'Hm.', thinking_blocks }).content).toEqual([
      ...thinking_blocks,
      { type: 'text', text: 'A', citations: null },
    ]);
  });

  it('marks thinking that nobody signed', () => {
    expect(answer({ content: 'A', reasoning_content: 'Hm.' }).content[0]).toEqual({
      type: 'thinking',
      thinking: 'Hm.',
      signature: 'sluice:unsigned',
    });
  });

  it('keeps unsigned thinking back when thinking is off, and signed thinking not', () => {
    const off = createMessagesFormat({ thinking: { type: 'disabled' } });
    const block = { type: 'thinking' as const, thinking: 'Hm.', signature: 'sig' };
    expect(answer({ content: 'A', reasoning_content: 'Hm.' }, 'stop', off).content).toHaveLength(1);
    expect(
      answer({ content: 'A', reasoning_content: 'Hm.', thinking_blocks: [block] }, 'stop', off).content[0],
    ).toEqual(block);
  });

  it('omits the text of thinking on request and keeps its signature', () => {
    const omitted = createMessagesFormat({ thinking: { type: 'adaptive', display: 'omitted' } });
    const thinking_blocks = [{ type: 'thinking' as const, thinking: 'Hm.', signature: 'sig' }];
    expect(answer({ content: 'A', reasoning_content: 'Hm.', thinking_blocks }, 'stop', omitted).content[0]).toEqual({
      type: 'thinking',
      thinking: '',
      signature: 'sig',
    });
    expect(answer({ content: 'A', reasoning_content: 'Hm.' }, 'stop', omitted).content).toHaveLength(1);
  });

  it('gives calls their input as an object, with what the provider wants back', () => {
    const extra_content = { google: { thought_signature: 'abc' } };
    const call = { id: 'call_1', type: 'function' as const, function: { name: 'f', arguments: '{"a":1}' } };
    const bare = { id: 'call_2', type: 'function' as const, function: { name: 'g', arguments: '' } };
    const message = answer({ tool_calls: [{ ...call, extra_content } as typeof call, bare] }, 'tool_calls');
    expect(message.stop_reason).toBe('tool_use');
    expect(message.content).toEqual([
      { type: 'tool_use', id: 'call_1', name: 'f', input: { a: 1 }, caller: { type: 'direct' }, extra_content },
      { type: 'tool_use', id: 'call_2', name: 'g', input: {}, caller: { type: 'direct' } },
    ]);
  });

  it('refuses arguments that are no object, unless the answer was cut off inside them', () => {
    const tool_calls = [{ id: 'c', type: 'function' as const, function: { name: 'f', arguments: '{"secret":' } }];
    expect(() => answer({ tool_calls }, 'tool_calls')).toThrow(
      expect.objectContaining({ code: 'invalid_output', message: expect.not.stringContaining('secret') }),
    );
    const cut = answer({ tool_calls }, 'length');
    expect(cut.stop_reason).toBe('max_tokens');
    expect(cut.content[0].input).toEqual({});
  });

  it.each([
    ['stop', 'end_turn'],
    ['length', 'max_tokens'],
    ['content_filter', 'refusal'],
  ] as const)('says that %s is %s', (finish, reason) => {
    expect(answer({ content: 'x' }, finish).stop_reason).toBe(reason);
  });

  it('answers a refusal with its text and says that it is one', () => {
    const message = answer({ refusal: 'I will not.' });
    expect(message.content).toEqual([{ type: 'text', text: 'I will not.', citations: null }]);
    expect(message.stop_reason).toBe('refusal');
  });

  it('names the web pages an answer cites', () => {
    const url_citation = { url: 'https://a.example/', title: 'A', start_index: 0, end_index: 1 };
    const message = answer({ content: 'x', annotations: [{ type: 'url_citation', url_citation }] });
    expect(message.content[0].citations).toEqual([
      {
        type: 'web_search_result_location',
        url: 'https://a.example/',
        title: 'A',
        cited_text: '',
        encrypted_index: '',
      },
    ]);
  });
});

describe('a streamed Messages answer', () => {
  it('writes each delta as it comes and what is added on the last event', async () => {
    const events: ChatEvent[] = [toChunk({ role: 'assistant', content: '' }), toChunk({ content: 'Hel' })];
    const seen: ChatEvent[] = [];
    const pieces = await writePieces(
      format,
      batches(events, [toChunk({ content: 'lo' })], [toChunk({}, 'stop')], [usageEvent]),
      seen,
    );
    expect(pieces.map((piece) => readEvents(piece).map(({ type }) => type))).toEqual([
      ['message_start', 'content_block_start', 'content_block_delta'],
      ['content_block_delta'],
      ['content_block_stop', 'message_delta', 'message_stop'],
    ]);
    expect(seen).toHaveLength(5);
    expect(readMessage(readEvents(pieces.join('')))).toEqual(answer({ content: 'Hello' }));
  });

  it('streams thinking live and signs it when its block is whole', async () => {
    const block = { type: 'thinking' as const, thinking: 'Let me see.', signature: 'sig' };
    const events = await streamed([
      { reasoning_content: 'Let me' },
      { reasoning_content: ' see.' },
      { thinking_blocks: [block] },
      { thinking_blocks: [{ type: 'redacted_thinking', data: 'opaque' }] },
      { content: 'Yes.' },
    ]);
    expect(readMessage(events).content).toEqual([
      block,
      { type: 'redacted_thinking', data: 'opaque' },
      { type: 'text', text: 'Yes.', citations: null },
    ]);
    expect(events.map(({ type }) => type).indexOf('content_block_delta')).toBe(2);
  });

  it('begins another thinking block after one that is signed', async () => {
    const first = { type: 'thinking' as const, thinking: 'One.', signature: 's1' };
    const second = { type: 'thinking' as const, thinking: 'Two.', signature: 's2' };
    const events = await streamed([
      { reasoning_content: 'One.' },
      { thinking_blocks: [first] },
      { reasoning_content: 'Two.' },
      { thinking_blocks: [second] },
    ]);
    expect(readMessage(events).content).toEqual([first, second]);
  });

  it('joins thinking that comes in unsigned fragments of blocks', async () => {
    const fragment = (thinking: string, signature = '') => ({
      thinking_blocks: [{ type: 'thinking' as const, thinking, signature }],
    });
    const alone = await streamed([fragment('Let me'), fragment(' see.'), fragment('', 'sig')]);
    const doubled = await streamed([
      { reasoning_content: 'Let me', ...fragment('Let me') },
      { reasoning_content: ' see.', ...fragment(' see.') },
      fragment('', 'sig'),
    ]);
    const expected = [{ type: 'thinking', thinking: 'Let me see.', signature: 'sig' }];
    expect(readMessage(alone).content).toEqual(expected);
    expect(readMessage(doubled).content).toEqual(expected);
  });

  it('never signs thinking with the signature of another', async () => {
    const block = { type: 'thinking' as const, thinking: 'One.', signature: 's1' };
    const events = await streamed([{ reasoning_content: 'Something else.' }, { thinking_blocks: [block] }]);
    expect(readMessage(events).content).toEqual([
      { type: 'thinking', thinking: 'Something else.', signature: 'sluice:unsigned' },
      block,
    ]);
  });

  it('marks thinking that nobody signed', async () => {
    const events = await streamed([{ reasoning_content: 'Hm.' }, { content: 'A' }]);
    expect(readMessage(events)).toEqual(answer({ content: 'A', reasoning_content: 'Hm.' }));
  });

  it('writes the second of two calls live once the first is whole', async () => {
    const deltas = [toCall(0, '', 'a', 'f'), toCall(0, '{"x":1}'), toCall(1, '', 'b', 'g'), toCall(1, '{"y":')];
    const pieces = await writePieces(
      format,
      batches(...deltas.map((delta) => [toChunk(delta)]), [toChunk(toCall(1, '2}'))], [toChunk({}, 'tool_calls')]),
    );
    expect(pieces.map((piece) => readEvents(piece).map(({ type, index }) => [type, index]))[3]).toEqual([
      ['content_block_delta', 1],
    ]);
  });

  it('holds the fragments of a second call back while the first is unfinished', async () => {
    const events = await streamed(
      [
        toCall(0, '{"x":', 'a', 'f'),
        toCall(1, '{"y":', 'b', 'g'),
        toCall(0, '"}"'),
        { content: 'Both.' },
        toCall(1, '2}'),
        toCall(0, '}'),
        toCall(0, '\n'),
      ],
      'tool_calls',
    );
    expect(readMessage(events).content).toEqual([
      { type: 'tool_use', id: 'a', name: 'f', input: { x: '}' }, caller: { type: 'direct' } },
      { type: 'tool_use', id: 'b', name: 'g', input: { y: 2 }, caller: { type: 'direct' } },
      { type: 'text', text: 'Both.', citations: null },
    ]);
  });

  it('waits for the name of a call that comes after its id', async () => {
    const events = await streamed([toCall(0, '', 'a'), toCall(0, '{}', undefined, 'f')], 'tool_calls');
    expect(readMessage(events).content).toEqual([
      { type: 'tool_use', id: 'a', name: 'f', input: {}, caller: { type: 'direct' } },
    ]);
  });

  it('carries what the provider wants back on the block of the call', async () => {
    const extra_content = { google: { thought_signature: 'abc' } };
    const events = await streamed([toCall(0, '{}', 'a', 'f', { extra_content })], 'tool_calls');
    expect((readMessage(events).content as object[])[0]).toHaveProperty('extra_content', extra_content);
  });

  it('adds the web pages that come at the end to the text', async () => {
    const url_citation = { url: 'https://a.example/', title: 'A', start_index: 0, end_index: 1 };
    const annotations = [{ type: 'url_citation' as const, url_citation }];
    const events = await streamed([{ content: 'x' }, { annotations }]);
    expect(readMessage(events)).toEqual(answer({ content: 'x', annotations }));
  });

  it('fails on arguments that are no object, and not on those of an answer that was cut off', async () => {
    const broken = [toCall(0, '{"x":', 'a', 'f')];
    await expect(streamed(broken, 'tool_calls')).rejects.toMatchObject({ code: 'invalid_output' });
    await expect(
      streamed([toCall(0, '{}', 'a', 'f'), toCall(1, '{}', 'b', 'g'), toCall(0, '{"again":1}')], 'tool_calls'),
    ).rejects.toMatchObject({ code: 'invalid_output' });
    const cut = await streamed(broken, 'length');
    expect(cut.find(({ type }) => type === 'message_delta')?.delta).toMatchObject({ stop_reason: 'max_tokens' });
    expect(cut.at(-1)?.type).toBe('message_stop');
  });

  it('throws what the stream throws, after what came before it', async () => {
    async function* failing() {
      yield [toChunk({ content: 'Hel' })];
      throw new AppError('network', 'The connection broke.');
    }
    const pieces: string[] = [];
    const hooks = { onEvent: () => {}, settle: async () => FACTS };
    const reading = (async () => {
      for await (const piece of format.toPieces(failing(), hooks)) pieces.push(String(piece));
    })();
    await expect(reading).rejects.toMatchObject({ code: 'network' });
    expect(readEvents(pieces.join('')).at(-1)?.type).toBe('content_block_delta');
    expect(readEvents(format.toErrorPiece?.(new AppError('network', 'The connection broke.')) ?? '')).toEqual([
      { type: 'error', error: { type: 'overloaded_error', message: 'The connection broke.' }, request_id: null },
    ]);
  });
});

describe('the two forms of a Messages answer', () => {
  interface Scripted {
    readonly thinking: readonly { readonly parts: readonly string[]; readonly signature: string | null }[];
    readonly texts: readonly string[];
    readonly calls: readonly { readonly input: Record<string, unknown>; readonly cuts: readonly number[] }[];
    readonly order: readonly number[];
    readonly sizes: readonly number[];
    readonly isCut: boolean;
  }

  const scripts: fc.Arbitrary<Scripted> = fc.record({
    thinking: fc.array(
      fc.record({
        parts: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }),
        signature: fc.constantFrom('s1', 's2'),
      }),
      { maxLength: 3 },
    ),
    texts: fc.array(fc.string({ unit: 'binary', minLength: 1 }), { maxLength: 5 }),
    calls: fc.array(
      fc.record({
        input: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.jsonValue())),
        cuts: fc.array(fc.nat(40), { maxLength: 4 }),
      }),
      { maxLength: 4 },
    ),
    order: fc.array(fc.nat(), { maxLength: 40 }),
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1 }),
    isCut: fc.boolean(),
  });

  /** The queues of deltas that keep their own order: thinking and text, and each call. */
  function toQueues({ thinking, texts, calls }: Scripted): Delta[][] {
    const spoken: Delta[] = thinking.flatMap(({ parts, signature }) => [
      ...parts.map((part) => ({ reasoning_content: part })),
      ...(signature === null
        ? []
        : [{ thinking_blocks: [{ type: 'thinking' as const, thinking: parts.join(''), signature }] }]),
    ]);
    const called = calls.map(({ input, cuts }, index) => {
      const text = JSON.stringify(input);
      const edges = [...new Set(cuts.map((cut) => Math.min(cut, text.length)))].sort((a, b) => a - b);
      const pieces = [0, ...edges].map((edge, at, all) => text.slice(edge, all[at + 1] ?? text.length));
      return pieces.map((piece, at) =>
        at === 0 ? toCall(index, piece, `c${index}`, `f${index}`) : toCall(index, piece),
      );
    });
    return [[...spoken, ...texts.map((content) => ({ content }))], ...called];
  }

  /** Mixes the queues; calls begin in the order of their index, as vendors count them. */
  function mix(queues: Delta[][], order: readonly number[]): Delta[] {
    const rest = queues.map((queue) => [...queue]);
    const begun = new Set<number>();
    const mixed: Delta[] = [];
    for (let step = 0; rest.some((queue) => queue.length > 0); step += 1) {
      const waiting = rest.flatMap((queue, at) => (queue.length > 0 ? [at] : []));
      const ready = waiting.filter((at) => at <= 1 || begun.has(at) || begun.has(at - 1));
      const at = ready[(order[step] ?? 0) % ready.length] as number;
      begun.add(at);
      mixed.push(rest[at]?.shift() as Delta);
    }
    return mixed;
  }

  function toWhole({ thinking, texts, calls, isCut }: Scripted) {
    const reasoning = thinking.flatMap(({ parts }) => parts).join('');
    const signed = thinking.flatMap(({ parts, signature }) =>
      signature === null ? [] : [{ type: 'thinking' as const, thinking: parts.join(''), signature }],
    );
    const tool_calls = calls.map(({ input }, index) => ({
      id: `c${index}`,
      type: 'function' as const,
      function: { name: `f${index}`, arguments: JSON.stringify(input) },
    }));
    return answer(
      {
        content: texts.join('') || null,
        ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
        ...(signed.length > 0 ? { thinking_blocks: signed } : {}),
        ...(tool_calls.length > 0 ? { tool_calls } : {}),
      },
      isCut ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop',
    );
  }

  async function readScript(script: Scripted, deltas: readonly Delta[]) {
    const finish = script.isCut ? 'length' : script.calls.length > 0 ? 'tool_calls' : 'stop';
    const events = [...deltas.map((delta) => toChunk(delta)), toChunk({}, finish), usageEvent];
    const cut: ChatEvent[][] = [];
    for (let at = 0, step = 0; at < events.length; step += 1) {
      const size = script.sizes[step % script.sizes.length] as number;
      cut.push(events.slice(at, at + size));
      at += size;
    }
    const pieces = await writePieces(format, batches(...cut));
    expect(pieces.length).toBeLessThanOrEqual(cut.length + 1);
    return readMessage(readEvents(pieces.join('')));
  }

  /** Texts and calls in one list each: a finished answer does not know what stood between them. */
  function sorted(message: Record<string, unknown>) {
    const content = message.content as { type: string; text?: string }[];
    const text = content.map((block) => block.text ?? '').join('');
    return { ...message, content: [text, ...content.filter(({ type }) => type !== 'text')] };
  }

  it('are the same when thinking, text and calls come in this order', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        expect(await readScript(script, toQueues(script).flat())).toEqual(toWhole(script));
      }),
      { numRuns: 300 },
    );
  });

  it('hold the same thinking, text and calls when everything is interleaved', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const [spoken = [], ...calls] = toQueues(script);
        const thinking = spoken.filter((delta) => delta.content === undefined);
        const texts = spoken.filter((delta) => delta.content !== undefined);
        const deltas = [...thinking, ...mix([texts, ...calls], script.order)];
        expect(sorted(await readScript(script, deltas))).toEqual(sorted(toWhole(script)));
      }),
      { numRuns: 500 },
    );
  });

  it('are the same when nobody signs the thinking', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const unsigned = { ...script, thinking: script.thinking.map((block) => ({ ...block, signature: null })) };
        expect(await readScript(unsigned, toQueues(unsigned).flat())).toEqual(toWhole(unsigned));
      }),
      { numRuns: 100 },
    );
  });
});
