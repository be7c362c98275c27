import { describe, expect, it } from 'vitest';
import { isCacheableAnswer } from '../../../../shared/app/cache/cacheable.ts';
import { replayAnswer } from '../../../../shared/app/cache/replay.ts';
import type { ChatCompletion } from '../../../../shared/contracts/chat-provider.ts';
import type { AnswerFacts, AnswerFormat } from '../../../../shared/http/dialects/answer-format.ts';
import { createChatCompletionsFormat } from '../../../../shared/http/dialects/chat-completions-format.ts';
import { createCompletionsFormat } from '../../../../shared/http/dialects/completions-format.ts';
import { createMessagesFormat } from '../../../../shared/http/dialects/messages-format.ts';
import { createResponsesFormat } from '../../../../shared/http/dialects/responses-format.ts';
import { completionsSchema } from '../../../../shared/http/schemas/completions-schema.ts';
import { responsesSchema } from '../../../../shared/http/schemas/responses-schema.ts';
import { toChoice, toCompletion } from '../../../support/cache-parts.ts';
import { collectEvents } from '../../../support/chat-call.ts';

type Fields = Record<string, unknown>;

const FACTS: AnswerFacts = { provider: 'openai', model: 'gpt-test', attempts: [], cost_usd: 0, cached: true };
const citation = {
  type: 'url_citation',
  url_citation: { start_index: 0, end_index: 6, url: 'https://example.com/', title: 'Example' },
} as const;
const token = { token: 'Answer.', logprob: -0.5, bytes: null, top_logprobs: [] };
const signed = (thinking: string, signature: string) => ({ type: 'thinking', thinking, signature }) as const;

const ANSWERS: Readonly<Record<string, ChatCompletion>> = {
  'a text': toCompletion(),
  'a text without usage': { ...toCompletion(), usage: undefined } as unknown as ChatCompletion,
  'a text after readable thinking': toCompletion(toChoice({ reasoning_content: 'Hm. Well.' })),
  'a text after signed thinking': toCompletion(
    toChoice({
      reasoning_content: 'Hm.Well.',
      thinking_blocks: [signed('Hm.', 's1'), { type: 'redacted_thinking', data: 'x' }, signed('Well.', 's2')],
    }),
  ),
  'a text after hidden thinking': toCompletion(
    toChoice({ thinking_blocks: [{ type: 'redacted_thinking', data: 'x' }] }),
  ),
  'a text after unsigned blocks': toCompletion(
    toChoice({ reasoning_content: 'Hm.', thinking_blocks: [signed('Hm.', '')] }),
  ),
  'a text with its sources': toCompletion(toChoice({ annotations: [citation] })),
  'a text with log probabilities': toCompletion(toChoice({}, { logprobs: { content: [token], refusal: null } })),
};

async function piecesOf(format: AnswerFormat, completion: ChatCompletion): Promise<string> {
  let text = '';
  const hooks = { onEvent: () => {}, settle: async () => FACTS };
  for await (const piece of format.toPieces(replayAnswer(completion), hooks)) text += piece;
  return text;
}

function readData(text: string): Fields[] {
  return [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, json]) => JSON.parse(json as string) as Fields);
}

describe.each(Object.entries(ANSWERS))('%s that is replayed', (_name, completion) => {
  it('is one that may be cached', () => {
    expect(isCacheableAnswer(completion)).toBe(true);
  });

  it('adds up to the answer in Chat Completions', async () => {
    const events = await collectEvents(replayAnswer(completion));
    const { message, logprobs } = completion.choices[0] as ChatCompletion['choices'][number];
    const choices = events.flatMap(({ chunk }) => chunk.choices);
    const join = (field: 'content' | 'reasoning_content') => choices.map(({ delta }) => delta[field] ?? '').join('');
    expect(choices[0]?.delta.role).toBe('assistant');
    expect(choices.slice(1).some(({ delta }) => delta.role !== undefined)).toBe(false);
    expect(join('content')).toBe(message.content);
    expect(join('reasoning_content')).toBe(message.reasoning_content ?? '');
    expect(choices.flatMap(({ delta }) => delta.thinking_blocks ?? [])).toEqual(message.thinking_blocks ?? []);
    expect(choices.flatMap(({ delta }) => delta.annotations ?? [])).toEqual(message.annotations ?? []);
    expect(choices.map(({ logprobs: found }) => found).filter(Boolean)).toEqual(logprobs ? [logprobs] : []);
    expect(choices.map(({ finish_reason: finish }) => finish)).toEqual([
      ...Array(choices.length - 1).fill(null),
      'stop',
    ]);
    expect(events.map(({ chunk }) => chunk.usage).filter(Boolean)).toEqual(completion.usage ? [completion.usage] : []);
    for (const { chunk } of events) {
      expect(chunk).toMatchObject({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'gpt-test-0613' });
    }
  });

  it('ends in Chat Completions with what Sluice adds', async () => {
    const text = await piecesOf(createChatCompletionsFormat({ includeUsage: true }), completion);
    expect(text).toMatch(/data: \[DONE\]\n\n$/);
    expect(readData(text).at(-1)).toMatchObject({
      sluice: FACTS,
      ...(completion.usage ? { usage: completion.usage } : {}),
    });
  });

  it('is in Responses what the finished answer is', async () => {
    const body = responsesSchema.parse({ model: 'm', input: 'Question?', include: ['reasoning.encrypted_content'] });
    const options = () => {
      let count = 0;
      return { now: () => 0, createId: (prefix: string) => `${prefix}_${count++}` };
    };
    const text = await piecesOf(createResponsesFormat(body, options()), completion);
    const finished = createResponsesFormat(body, options()).toJson({ completion }, FACTS);
    const [last] = readData(text).slice(-1);
    expect(last).toEqual(expect.objectContaining({ type: 'response.completed', response: JSON.parse(finished) }));
  });

  it('is in Messages what the finished answer is', async () => {
    const events = readData(await piecesOf(createMessagesFormat({}), completion));
    const finished = JSON.parse(createMessagesFormat({}).toJson({ completion }, FACTS)) as { content: Fields[] };
    expect(joinBlocks(events)).toEqual(finished.content);
    expect(events.at(-1)).toEqual({ type: 'message_stop', sluice: FACTS });
    expect(events.find(({ type }) => type === 'message_delta')).toMatchObject({ delta: { stop_reason: 'end_turn' } });
  });

  it('is in text completions what the finished answer is', async () => {
    const body = completionsSchema.parse({ model: 'm', prompt: 'Question?' });
    const chunks = readData(await piecesOf(createCompletionsFormat(body), completion));
    const finished = JSON.parse(createCompletionsFormat(body).toJson({ completion }, FACTS)) as Fields;
    const texts = chunks.flatMap(({ choices }) => (choices as Fields[]).map(({ text }) => text));
    expect(texts.join('')).toBe((finished.choices as Fields[])[0]?.text);
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }], sluice: FACTS });
  });
});

describe('several choices that are replayed', () => {
  it('come one after the other, each with its own end', async () => {
    const completion = toCompletion(toChoice({ content: 'a' }), toChoice({ content: 'b' }, { index: 1 }));
    const text = await piecesOf(createChatCompletionsFormat({ includeUsage: false }), completion);
    const choices = readData(text).flatMap(
      (chunk) => chunk.choices as { index: number; finish_reason: string | null }[],
    );
    expect(choices.map(({ index, finish_reason: finish }) => [index, finish])).toEqual([
      [0, null],
      [0, 'stop'],
      [1, null],
      [1, 'stop'],
    ]);
  });
});

/** The blocks that the events of a Messages stream describe. */
function joinBlocks(events: readonly Fields[]): Fields[] {
  const blocks: Fields[] = [];
  for (const event of events) {
    if (event.type === 'content_block_start') blocks.push({ ...(event.content_block as Fields) });
    if (event.type !== 'content_block_delta') continue;
    const block = blocks[event.index as number] as Fields;
    const { type: _type, citation: source, ...texts } = event.delta as Fields;
    if (source) block.citations = [...((block.citations as unknown[]) ?? []), source];
    for (const [field, text] of Object.entries(texts)) block[field] = `${block[field] ?? ''}${text}`;
  }
  return blocks;
}
