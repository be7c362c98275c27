import { describe, expect, it } from 'vitest';
import { createMessageBuilder } from '../../../../shared/app/react/message-builder.ts';
import { createReactLoop } from '../../../../shared/app/react/react-loop.ts';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import { type ChatEvent, type ChatRequest, eventsOf } from '../../../../shared/contracts/chat-provider.ts';
import {
  callersTool,
  complete,
  type ScriptedRun,
  SIGNAL,
  stream,
  toEvent,
  toEvents,
  toRequest,
  toTool,
  USAGE,
} from './scripted-turns.ts';

const json: Partial<ChatRequest> = { response_format: { type: 'json_object' } };
const citing = (start: number, end: number) => ({
  type: 'url_citation',
  url_citation: { url: 'https://example.com', title: 'E', start_index: start, end_index: end },
});
const token = (text: string) => ({
  content: [{ token: text, logprob: -1, bytes: null, top_logprobs: [] }],
  refusal: [],
});
const signed = (thinking: string) => ({ type: 'thinking', thinking, signature: `of ${thinking}` });

/** What a client puts together from a stream. */
function assemble(events: readonly ChatEvent[]) {
  const builder = createMessageBuilder();
  for (const { chunk } of events) if (chunk.choices[0]) builder.push(chunk.choices[0].delta);
  const content = events.flatMap(({ chunk }) => chunk.choices[0]?.logprobs?.content ?? []);
  return {
    message: builder.build(),
    finish: events.findLast(({ chunk }) => chunk.choices.length > 0)?.chunk.choices[0]?.finish_reason,
    usage: events.at(-1)?.chunk.usage,
    logprobs: content.length > 0 ? { content, refusal: [] } : null,
  };
}

const USED_TWICE = {
  prompt_tokens: 20,
  completion_tokens: 10,
  total_tokens: 30,
  prompt_tokens_details: { cached_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 4 },
};

const CASES: readonly (readonly [string, ScriptedRun, object])[] = [
  ['one turn', { turns: [{ content: 'Hello there.' }] }, { content: 'Hello there.', finish: 'stop' }],
  [
    'an answer after a tool',
    { turns: [{ calls: [['weather', '{}']] }, { content: 'It is sunny.' }] },
    { content: 'It is sunny.', finish: 'stop', usage: USED_TWICE },
  ],
  [
    'the texts of all turns',
    { turns: [{ content: 'Let me look.', calls: [['weather', '{}']] }, { content: 'It is sunny.' }] },
    { content: 'Let me look.\n\nIt is sunny.', finish: 'stop' },
  ],
  [
    'nothing but the last text where JSON was asked for',
    { turns: [{ content: 'Let me look.', calls: [['weather', '{}']] }, { content: '{"sunny": true}' }], request: json },
    { content: '{"sunny": true}', finish: 'stop' },
  ],
  [
    'the text there is at the limit of turns',
    { turns: [{ content: 'Again.', calls: [['weather', '{}']] }], maxIterations: 2 },
    { content: 'Again.\n\nAgain.', finish: 'length' },
  ],
  ['no text at the limit', { turns: [{ calls: [['weather', '{}']] }], maxIterations: 1 }, { finish: 'length' }],
  [
    'the thinking of all turns',
    {
      turns: [
        { message: { reasoning_content: 'one', thinking_blocks: [signed('one')] }, calls: [['weather', '{}']] },
        { content: 'Done.', message: { reasoning_content: 'two', thinking_blocks: [signed('two')] } },
      ],
    },
    { content: 'Done.', finish: 'stop' },
  ],
  [
    'sources at their new places',
    {
      turns: [
        { content: 'One.', message: { annotations: [citing(0, 4)] }, calls: [['weather', '{}']] },
        { message: { annotations: [citing(0, 0)] }, calls: [['weather', '{}']] },
        { content: 'Two.', message: { annotations: [citing(1, 3)] } },
      ],
    },
    { content: 'One.\n\nTwo.', annotations: [citing(0, 4), citing(0, 0), citing(7, 9)] },
  ],
  [
    'sources of the last turn where JSON was asked for',
    {
      turns: [
        { content: 'One.', message: { annotations: [citing(0, 4)] }, calls: [['weather', '{}']] },
        { content: '{}', message: { annotations: [citing(0, 2)] } },
      ],
      request: json,
    },
    { content: '{}', annotations: [citing(0, 2)] },
  ],
  [
    'the probabilities of all turns',
    {
      turns: [
        { content: 'One.', logprobs: token('One.'), calls: [['weather', '{}']] },
        { content: 'Two.', logprobs: token('Two.') },
      ],
    },
    { logprobs: { content: [...token('One.').content, ...token('Two.').content], refusal: [] } },
  ],
  [
    'the caller’s calls alone, counted anew',
    {
      turns: [
        { content: 'Let me look.', calls: [['weather', '{}']] },
        {
          content: 'Now you.',
          calls: [
            ['weather', '{}'],
            ['theirs', '{"a":1}'],
            ['time', '{}'],
            ['theirs', '{"a":2}'],
          ],
        },
      ],
      request: { tools: [callersTool('theirs')], ...json },
    },
    { content: 'Now you.', finish: 'tool_calls', calls: ['{"a":1}', '{"a":2}'] },
  ],
  [
    'the caller’s calls of one turn',
    { turns: [{ calls: [['theirs', '{}']] }], request: { tools: [callersTool('theirs')] } },
    { finish: 'tool_calls', calls: ['{}'] },
  ],
  [
    'what was cut off, without our calls',
    { turns: [{ content: 'I will', calls: [['weather', '{"c']], finish: 'length' }] },
    { content: 'I will', finish: 'length' },
  ],
  ['a refusal', { turns: [{ message: { refusal: 'No.' } }] }, { finish: 'stop' }],
];

describe('the answer of several turns', () => {
  it.each(CASES)('holds %s, streamed or not', async (_, run, expected) => {
    const whole = await complete(run);
    const streamed = assemble((await stream(run)).events);
    const { message, logprobs, finish_reason: finish } = whole.choice;
    const text = (content: string | null): string => content ?? '';
    expect({ ...streamed.message, content: text(streamed.message.content) }).toEqual({
      ...message,
      content: text(message.content),
    });
    expect(streamed).toMatchObject({ finish, logprobs, usage: whole.result.completion.usage });
    const calls = message.tool_calls?.map((call) => call.type === 'function' && call.function.arguments);
    expect({ ...message, finish, logprobs, calls, usage: streamed.usage }).toMatchObject(expected);
  });

  it('is the upstream’s own when the first turn was all of it', async () => {
    const { result } = await complete({ turns: [{ content: 'Hello.' }] });
    expect(result).toMatchObject({ json: '{"turn":1}', completion: { id: 'answer-1' } });
    const later = await complete({ turns: [{ calls: [['weather', '{}']] }, { content: 'Hello.' }] });
    expect(later.result).not.toHaveProperty('json');
  });

  it('is refused when a provider gives no choice', async () => {
    const loop = createReactLoop({ tools: [], maxIterations: 1 });
    const turn = async () => ({ completion: { choices: [] } }) as never;
    await expect(loop.complete({ request: toRequest(), signal: SIGNAL, turn })).rejects.toMatchObject({
      code: 'server_error',
    });
  });
});

describe('the stream of several turns', () => {
  it('has one id, one time, one model, one role, one finish, and the usage last', async () => {
    const { events } = await stream({
      turns: [{ content: 'Let me look.', calls: [['weather', '{}']] }, { content: 'It is sunny.' }],
    });
    const chunks = events.map(({ chunk }) => chunk);
    expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`))).toEqual(
      new Set(['answer-1 1 model-1']),
    );
    expect(chunks.filter(({ choices }) => choices[0]?.delta.role).map((chunk) => chunks.indexOf(chunk))).toEqual([0]);
    const finishes = chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? []);
    expect(finishes).toEqual(['stop']);
    expect(chunks.filter(({ usage }) => usage)).toEqual([chunks.at(-1)]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: USED_TWICE });
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
  });

  it('forwards the first turn’s events with their own text', async () => {
    const { events } = await stream({ turns: [{ content: 'Hello there.' }] });
    const [role, hello] = events;
    expect([role?.json, hello?.json]).toEqual(['{"turn":1}', '{"turn":1}']);
    expect(hello?.chunk.choices[0]?.delta).toEqual({ content: 'Hello ' });
  });

  it.each([
    ['text', {}, 'Let '],
    ['nothing but the role where JSON was asked for', json, undefined],
  ])('lets %s out before the tools have run', async (_, request, expected) => {
    let finish = (): void => {};
    const work = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const loop = createReactLoop({
      tools: [toTool('weather', () => work.then(() => ({ text: 'sun' })))],
      maxIterations: 2,
    });
    let turns = 0;
    const { events } = await loop.stream({
      request: toRequest(request),
      signal: SIGNAL,
      async turn() {
        turns += 1;
        const script = turns === 1 ? ({ content: 'Let me', calls: [['weather', '{}']] } as const) : { content: '{}' };
        return toBatches(toEvents(script, turns));
      },
    });
    const deltas: unknown[] = [];
    const reading = (async () => {
      for await (const batch of events) deltas.push(eventsOf(batch)[0]?.chunk.choices[0]?.delta.content);
    })();
    // Everything that does not wait for the tool has happened.
    await new Promise((resolve) => setImmediate(resolve));
    expect(deltas).toEqual(expected === undefined ? [undefined] : ['', 'Let ', 'me']);
    finish();
    await reading;
    expect(turns).toBe(2);
  });

  it('begins with a role even when its first turn only calls tools', async () => {
    const { events } = await stream({
      turns: [{ calls: [['weather', '{}']] }, { content: 'Sun.' }],
      toBatches: (turn, number) => toEvents(turn, number).map((event) => [withoutRole(event)]),
    });
    const roles = events.map(({ chunk }) => chunk.choices[0]?.delta.role);
    expect(roles.filter(Boolean)).toEqual(['assistant']);
    expect(roles[0]).toBe('assistant');
  });

  it('waits for the name of a call before it decides whose it is', async () => {
    const fragments = [
      { index: 0, id: 'a', type: 'function', function: { arguments: '{"x"' } },
      { index: 1, id: 'b', type: 'function', function: { arguments: '' } },
      { index: 1, function: { name: 'theirs', arguments: '{}' } },
      { index: 0, function: { name: 'weather', arguments: ':1}' } },
    ] as const;
    const { events } = await stream({
      turns: [{}],
      request: { tools: [callersTool('theirs')] },
      toBatches: () => [
        fragments.map((fragment) => toEvent(1, { delta: { tool_calls: [{ ...fragment }] } })),
        [toEvent(1, { finish_reason: 'tool_calls' })],
      ],
    });
    const sent = events.flatMap(({ chunk }) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(sent).toEqual([
      { index: 0, id: 'b', type: 'function', function: { arguments: '' } },
      { index: 0, function: { name: 'theirs', arguments: '{}' } },
    ]);
  });

  it('passes free-text calls of the caller’s', async () => {
    const call = { index: 0, id: 'a', type: 'custom', custom: { name: 'shell', input: 'ls' } };
    const { events } = await stream({
      turns: [{}],
      request: { tools: [{ type: 'custom', custom: { name: 'shell' } }] },
      toBatches: () => [
        [toEvent(1, { delta: { tool_calls: [call as never] } }), toEvent(1, { finish_reason: 'tool_calls' })],
      ],
    });
    expect(assemble(events).message.tool_calls).toEqual([
      { id: 'a', type: 'custom', custom: { name: 'shell', input: 'ls' } },
    ]);
  });

  it('takes usage that stands on the finishing event', async () => {
    const last = toEvent(1, { finish_reason: 'stop' });
    const { events } = await stream({
      turns: [{}],
      toBatches: () => [[toEvent(1, { delta: { content: 'Hi' } }), { chunk: { ...last.chunk, usage: USAGE } }]],
    });
    expect(events.map(({ chunk }) => chunk.usage)).toEqual([undefined, undefined, USAGE]);
  });

  it('fails when a turn fails, or ends without a finish', async () => {
    const failing = stream({
      turns: [{ calls: [['weather', '{}']] }, {}],
      toBatches: (turn, number) => {
        if (number === 2) throw new AppError('rate_limit', 'Slow down.');
        return [toEvents(turn, number)];
      },
    });
    await expect(failing).rejects.toMatchObject({ code: 'rate_limit' });
    const endless = stream({ turns: [{}], toBatches: () => [[toEvent(1, { delta: { content: 'Hi' } })]] });
    await expect(endless).rejects.toMatchObject({ code: 'server_error' });
  });

  it('ends the turn’s stream when its reader leaves', async () => {
    let isOver = false;
    async function* endless() {
      try {
        while (true) yield [toEvent(1, { delta: { content: 'more ' } })];
      } finally {
        isOver = true;
      }
    }
    const loop = createReactLoop({ tools: [], maxIterations: 1 });
    const { events } = await loop.stream({ request: toRequest(), signal: SIGNAL, turn: async () => endless() });
    for await (const batch of events) if (batch.length > 0) break;
    expect(isOver).toBe(true);
  });
});

async function* toBatches(events: readonly ChatEvent[]): AsyncGenerator<readonly ChatEvent[]> {
  for (const event of events) yield [event];
}

function withoutRole({ chunk }: ChatEvent): ChatEvent {
  const choices = chunk.choices.map(({ delta: { role: _role, ...delta }, ...choice }) => ({ ...choice, delta }));
  return { chunk: { ...chunk, choices } };
}
