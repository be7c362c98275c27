import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatChunkChoice, ChatCompletion, ChatEvent } from '../../../../shared/contracts/chat-provider.ts';
import { createCompletionsFormat } from '../../../../shared/http/dialects/completions-format.ts';
import { batches, FACTS, writePieces } from './messages-reader.ts';

type Finish = 'stop' | 'length' | 'content_filter' | 'tool_calls';
type Logprobs = ChatChunkChoice['logprobs'];

const HEAD = { id: 'chatcmpl-1', created: 1, model: 'gpt-x' };
const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const REQUEST = { model: 'm', prompt: 'Say' };

const toChunk = (
  content: string | null,
  finish: Finish | null = null,
  index = 0,
  logprobs: Logprobs = null,
): ChatEvent => ({
  chunk: {
    ...HEAD,
    object: 'chat.completion.chunk',
    choices: [{ index, delta: content === null ? {} : { content }, logprobs, finish_reason: finish }],
  },
});
const usageEvent: ChatEvent = { chunk: { ...HEAD, object: 'chat.completion.chunk', choices: [], usage: USAGE } };

const toChoice = (
  content: string,
  finish: Finish,
  index = 0,
  logprobs: Logprobs = null,
): ChatCompletion['choices'][number] => ({
  index,
  message: { role: 'assistant', content, refusal: null },
  logprobs,
  finish_reason: finish,
});
const answer = (choices: ChatCompletion['choices'], request: object = {}) =>
  JSON.parse(
    createCompletionsFormat({ ...REQUEST, ...request }).toJson(
      { completion: { ...HEAD, object: 'chat.completion', choices, usage: USAGE } },
      FACTS,
    ),
  );

async function stream(events: readonly ChatEvent[], request: object = {}) {
  const format = createCompletionsFormat({ ...REQUEST, stream: true, ...request });
  const text = (await writePieces(format, batches(...events.map((event) => [event])))).join('');
  const lines = text.split('\n\n').filter((line) => line !== '');
  expect(lines.every((line) => line.startsWith('data: '))).toBe(true);
  expect(lines.at(-1)).toBe('data: [DONE]');
  return lines.slice(0, -1).map((line) => JSON.parse(line.slice(6)));
}

const toLogprobs = (tokens: readonly string[], top: boolean): Logprobs => ({
  content: tokens.map((token, index) => ({
    token,
    bytes: null,
    logprob: -index,
    top_logprobs: top ? [{ token, bytes: null, logprob: -index }] : [],
  })),
  refusal: null,
});

describe('a finished text completion', () => {
  it('has the shape of OpenAI', () => {
    expect(answer([toChoice('Hello', 'stop')])).toEqual({
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1,
      model: 'gpt-x',
      choices: [{ index: 0, text: 'Hello', logprobs: null, finish_reason: 'stop' }],
      usage: USAGE,
      sluice: FACTS,
    });
  });

  it('repeats the prompt in every choice on request', () => {
    const { choices } = answer([toChoice(' one', 'stop'), toChoice(' two', 'length', 1)], { echo: true });
    expect(choices.map(({ text }: { text: string }) => text)).toEqual(['Say one', 'Say two']);
    expect(choices[1].finish_reason).toBe('length');
  });

  it('gives log probabilities side by side', () => {
    const { choices } = answer([toChoice('Hello!', 'stop', 0, toLogprobs(['Hello', '!'], true))], { logprobs: 1 });
    expect(choices[0].logprobs).toEqual({
      tokens: ['Hello', '!'],
      token_logprobs: [0, -1],
      top_logprobs: [{ Hello: 0 }, { '!': -1 }],
      text_offset: [0, 5],
    });
    const without = answer([toChoice('Hello', 'stop', 0, toLogprobs(['Hello'], false))], { logprobs: 0 });
    expect(without.choices[0].logprobs.top_logprobs).toBeNull();
  });
});

describe('a streamed text completion', () => {
  it('writes the text as it comes and what is added on the last chunk', async () => {
    const chunks = await stream([toChunk(''), toChunk('Hel'), toChunk('lo'), toChunk(null, 'stop'), usageEvent]);
    expect(chunks.map(({ choices }) => choices[0]?.text)).toEqual(['Hel', 'lo', '']);
    expect(chunks.every(({ object, id }) => object === 'text_completion' && id === 'cmpl-1')).toBe(true);
    expect(chunks.map(({ sluice }) => sluice)).toEqual([undefined, undefined, FACTS]);
    expect(chunks.some(({ usage }) => usage)).toBe(false);
    expect(chunks[2].choices[0].finish_reason).toBe('stop');
  });

  it('gives usage last when it is asked for', async () => {
    const chunks = await stream([toChunk('Hi'), toChunk(null, 'stop'), usageEvent], {
      stream_options: { include_usage: true },
    });
    expect(chunks.at(-1)).toEqual({
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1,
      model: 'gpt-x',
      choices: [],
      usage: USAGE,
      sluice: FACTS,
    });
    expect(chunks.at(-2).choices[0].finish_reason).toBe('stop');
    expect(chunks.at(-2)).not.toHaveProperty('sluice');
  });

  it('begins every choice with the prompt on request', async () => {
    const chunks = await stream([toChunk(' a'), toChunk(null, 'stop', 1), toChunk('b'), toChunk(null, 'stop')], {
      echo: true,
      n: 2,
    });
    expect(chunks.map(({ choices }) => [choices[0].index, choices[0].text])).toEqual([
      [0, 'Say a'],
      [1, 'Say'],
      [0, 'b'],
      [0, ''],
    ]);
  });

  it('counts the offsets of tokens on', async () => {
    const chunks = await stream([
      toChunk('Hello', null, 0, toLogprobs(['Hel', 'lo'], true)),
      toChunk('!', null, 0, toLogprobs(['!'], true)),
      toChunk(null, 'stop'),
    ]);
    expect(chunks.map(({ choices }) => choices[0].logprobs?.text_offset)).toEqual([[0, 3], [5], undefined]);
  });

  it('says the same as a finished one', async () => {
    const script = fc.record({
      texts: fc.array(fc.array(fc.string()), { minLength: 1, maxLength: 3 }),
      finish: fc.constantFrom<Finish>('stop', 'length', 'content_filter', 'tool_calls'),
      echo: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(script, async ({ texts, finish, echo }) => {
        const deltas = texts.flatMap((parts, index) => parts.map((part) => toChunk(part, null, index)));
        const ends = texts.map((_, index) => toChunk(null, finish, index));
        const chunks = await stream([...deltas, ...ends, usageEvent], { echo });
        const joined = texts.map((_, index) => {
          const own = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
          return {
            index,
            text: own.map(({ text }) => text).join(''),
            logprobs: null,
            finish_reason: own.at(-1)?.finish_reason,
          };
        });
        const whole = answer(
          texts.map((parts, index) => toChoice(parts.join(''), finish, index)),
          { echo },
        );
        expect(joined).toEqual(whole.choices);
      }),
      { numRuns: 100 },
    );
  });
});
