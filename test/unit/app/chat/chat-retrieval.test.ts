import { describe, expect, it } from 'vitest';
import type { EmbeddingUsage } from '../../../../shared/app/accounting/embedding-usage.ts';
import { createChatRetrieval } from '../../../../shared/app/chat/chat-retrieval.ts';
import { createLazy } from '../../../../shared/app/lazy.ts';
import type { RetrievalConfig, SluiceConfig } from '../../../../shared/config/types.ts';
import type { ChatBody } from '../../../../shared/http/schemas/chat-schema.ts';
import type { SearchInput, SearchResult } from '../../../../shared/rag/retrieve.ts';
import { makeChunk } from '../../../contracts/vectors.ts';

const RETRIEVAL: RetrievalConfig = { topK: 4, rewrite: false, multiQuery: 0, answerWithoutContext: true };
const MESSAGES: ChatBody['messages'] = [
  { role: 'user', content: 'What does the pump cost?' },
  { role: 'assistant', content: 'It costs 40 euros.' },
  { role: 'user', content: 'And the second one?' },
];

function prepare(retrieval: Partial<RetrievalConfig> = {}) {
  const searches: SearchInput[] = [];
  const prompts: string[] = [];
  const { embedding: _, ...chunk } = makeChunk('a', [1]);
  const found: SearchResult = { ...chunk, score: 0.5, createdAt: new Date(0), updatedAt: new Date(0) };
  const service = createChatRetrieval({
    config: { retrieval: { ...RETRIEVAL, ...retrieval } } as SluiceConfig,
    usage: { check: async () => {}, record: async () => null } as unknown as EmbeddingUsage,
    retriever: createLazy(async () => ({
      search: async (input) => {
        searches.push(input);
        return { results: [found], tokens: 1, store: { searches: 1, chunks: 1 } };
      },
    })),
  });
  const find = (input: Partial<Parameters<typeof service.find>[0]> = {}) =>
    service.find({
      query: 'And the second one?',
      messages: MESSAGES,
      options: {},
      caller: { tenant: null } as never,
      tenant: null,
      signal: new AbortController().signal,
      complete: async (prompt) => {
        prompts.push(prompt);
        return 'What does the second pump cost?\nPrice of pump 2';
      },
      ...input,
    });
  return { searches, prompts, find };
}

describe('what chat searches for', () => {
  it('is the last question, as configured', async () => {
    const { searches, prompts, find } = prepare({ mmr: { lambda: 0.5 }, minScore: 0.2 });
    expect((await find()).citations.map(({ id }) => id)).toEqual(['a']);
    expect(searches).toMatchObject([
      { query: 'And the second one?', variants: [], topK: 4, minScore: 0.2, mmr: { lambda: 0.5 } },
    ]);
    expect(searches[0]?.mode).toBeUndefined();
    expect(prompts).toEqual([]);
  });

  it('is what the request says instead', async () => {
    const { searches, find } = prepare({ mode: 'vector', minScore: 0.2 });
    await find({ options: { mode: 'hybrid', top_k: 7, min_score: 0, neighbors: 2, collection: 'c' } });
    expect(searches).toMatchObject([{ mode: 'hybrid', topK: 7, minScore: 0, neighbors: 2, collection: 'c' }]);
  });

  it('has no configured lowest similarity in a search by words alone', async () => {
    const { searches, find } = prepare({ minScore: 0.2 });
    await find({ options: { mode: 'lexical' } });
    expect(searches[0]).not.toHaveProperty('minScore');
    await find({ options: { mode: 'lexical', min_score: 0.3 } });
    expect(searches[1]).toMatchObject({ minScore: 0.3 });
  });

  it('is rewritten by the conversation, with other wordings, when that is configured', async () => {
    const { searches, prompts, find } = prepare({ rewrite: true, multiQuery: 2 });
    await find();
    expect(searches).toMatchObject([{ query: 'What does the second pump cost?', variants: ['Price of pump 2'] }]);
    expect(prompts).toHaveLength(1);
    expect(prompts[0]).toContain('assistant: It costs 40 euros.');
  });

  it('keeps the conversation to itself when only other wordings are wanted', async () => {
    const { searches, prompts, find } = prepare({ multiQuery: 1 });
    await find();
    expect(searches).toMatchObject([{ query: 'And the second one?', variants: ['What does the second pump cost?'] }]);
    expect(prompts[0]).not.toContain('40 euros');
  });

  it('is the question as it is when the model that would rewrite it fails', async () => {
    const { searches, find } = prepare({ rewrite: true, multiQuery: 2 });
    await find({ complete: async () => Promise.reject(new Error('down')) });
    expect(searches).toMatchObject([{ query: 'And the second one?', variants: [] }]);
  });

  it('is the beginning and the end of a message that holds a whole text', async () => {
    const { searches, prompts, find } = prepare({ rewrite: true });
    await find({ query: `Is the pump in here? ${'word '.repeat(50_000)} That was it.` });
    expect(prompts[0]?.length).toBeLessThan(12_000);
    expect(prompts[0]).toContain('Is the pump in here?');
    await find({ query: `Is it in here? ${'word '.repeat(50_000)} That was it.`, messages: [] });
    expect(searches[1]?.query.length).toBeLessThan(12_000);
    expect(searches[1]).toMatchObject({
      isMessage: true,
      query: expect.stringMatching(/^Is it in here\?.*That was it\.$/s),
    });
  });

  it('is nothing for a blank question', async () => {
    const { searches, find } = prepare();
    expect((await find({ query: ' ' })).citations).toEqual([]);
    expect(searches).toEqual([]);
  });
});
