import { describe, expect, it } from 'vitest';
import { type ContextFitOptions, createContextFit } from '../../../../shared/app/chat/context-fit.ts';
import type { LegConfig } from '../../../../shared/config/types.ts';
import type { ChatRequest } from '../../../../shared/contracts/chat-provider.ts';
import { buildContext } from '../../../../shared/rag/prompt.ts';
import { measurePrompt } from '../../../../shared/routing/prompt-size.ts';
import { createCatalogue } from '../../../../shared/usage/catalogue.ts';
import { makeChunk } from '../../../contracts/vectors.ts';

const catalogue = createCatalogue();
const GPT_3 = { provider: 'openai', model: 'gpt-3.5-turbo' } as LegConfig; // 16,385 tokens, answers of 4,096
const GPT_41 = { provider: 'openai', model: 'gpt-4.1' } as LegConfig; // a million tokens
const SMALL = { provider: 'ollama', model: 'llama3.1:8b', contextLength: 2_048 } as LegConfig;
const UNTOLD = { provider: 'ollama', model: 'phi3.5' } as LegConfig;
const UNKNOWN = { provider: 'vllm', model: 'own' } as LegConfig;
const LEGS = [GPT_41, GPT_3, SMALL, UNTOLD, UNKNOWN];

/** A question with 100 passages of about 180 tokens each. */
function prepare({ agent, ask = {}, words = 150 }: { words?: number; ask?: object } & Partial<ContextFitOptions> = {}) {
  const results = Array.from({ length: 100 }, (_, index) => {
    const { embedding: _embedding, ...chunk } = makeChunk(`c${index}`, [1]);
    const content = `Passage ${index}. ${'word '.repeat(words)}`;
    return { ...chunk, content, score: 1 - index / 100, createdAt: new Date(0), updatedAt: new Date(0) };
  });
  const within = (maxTokens: number) => buildContext({ results, maxTokens, token: '0f1e2d3c4b5a697887' });
  const context = { ...within(Number.POSITIVE_INFINITY), within };
  const fit = createContextFit({ context, legs: LEGS, agent, catalogue });
  const request: ChatRequest = {
    model: 'agent',
    messages: [
      { role: 'system', content: 'You are brief.' },
      { role: 'system', content: context.message },
      { role: 'user', content: 'How many?' },
    ],
    ...ask,
  };
  const sent = (leg: LegConfig) => fit.requestFor(request, leg);
  const passages = (leg: LegConfig) =>
    sent(leg)
      .messages[1]?.content?.toString()
      .match(/^\[\d+\]$/gm)?.length;
  return { fit, request, sent, passages };
}

describe('the passages a model is sent', () => {
  it('are all of them where the window has room, in the request as it is', () => {
    const { request, sent, passages } = prepare();
    expect(sent(GPT_41)).toBe(request);
    expect(passages(GPT_41)).toBe(100);
  });

  it.each([
    ['of the catalogue', GPT_3, 16_385 - 4_096],
    ['that the leg is loaded with', SMALL, 2_048 * 0.75],
    ['that Ollama loads when it is not told', UNTOLD, 4_096 * 0.75],
  ])(
    'are the best ones that the window %s holds beside an answer, for an estimate a third too low',
    (_of, leg, room) => {
      const { sent, passages } = prepare();
      const { tokens } = measurePrompt(sent(leg));
      expect(tokens * 1.5).toBeLessThanOrEqual(room);
      // One more would not have fitted.
      expect((tokens + 250) * 1.5).toBeGreaterThan(room);
      expect(passages(leg)).toBeGreaterThan(2);
      expect(sent(leg).messages[1]?.content).toContain('Passage 0.');
      expect(sent(leg).messages).toMatchObject([{ content: 'You are brief.' }, {}, { content: 'How many?' }]);
    },
  );

  it('leave the room that the answer may take, by the request, the leg or the agent', () => {
    const usual = prepare().passages(GPT_3) as number;
    expect(prepare({ ask: { max_tokens: 8_000 } }).passages(GPT_3)).toBeLessThan(usual);
    expect(prepare({ ask: { max_completion_tokens: 100 } }).passages(GPT_3)).toBeGreaterThan(usual);
    expect(prepare().passages({ ...GPT_3, maxTokens: 8_000 })).toBeLessThan(usual);
    expect(prepare({ agent: { maxTokens: 8_000 } as ContextFitOptions['agent'] }).passages(GPT_3)).toBeLessThan(usual);
  });

  it('give way to a long conversation, down to the best one', () => {
    const long = { role: 'user', content: 'word '.repeat(5_000) };
    const { request, fit, passages } = prepare();
    const longer = { ...request, messages: [...request.messages, long] } as ChatRequest;
    expect(fit.citationsFor(longer, GPT_3).length).toBeLessThan(passages(GPT_3) as number);
    expect(fit.citationsFor(longer, SMALL).map(({ id }) => id)).toEqual(['c0']);
    expect(fit.requestFor(longer, SMALL).messages[1]?.content).toContain('Passage 0.');
  });

  it('take 6,000 tokens where nobody knows the window', () => {
    const { tokens } = measurePrompt(prepare().sent(UNKNOWN));
    expect(tokens).toBeGreaterThan(5_700);
    expect(tokens).toBeLessThan(6_100);
  });

  it('are what is cited, by the model that answered', () => {
    const { fit, request, passages } = prepare();
    for (const leg of LEGS) {
      const cited = fit.citationsFor(request, { provider: leg.provider, model: leg.model });
      expect(cited.map(({ index }) => index)).toEqual(Array.from({ length: passages(leg) ?? 0 }, (_, at) => at + 1));
    }
  });

  it('are the same each time they are asked for', () => {
    const { sent } = prepare();
    expect(sent(SMALL)).toEqual(sent(SMALL));
  });
});
