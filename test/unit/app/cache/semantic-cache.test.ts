import { describe, expect, it, vi } from 'vitest';
import { createAnswerCache } from '../../../../shared/app/cache/answer-cache.ts';
import type { CacheableRequest } from '../../../../shared/app/cache/request-key.ts';
import { createSemanticCache, type SemanticCacheOptions } from '../../../../shared/app/cache/semantic-cache.ts';
import type { ChatMessage, ChatRequest } from '../../../../shared/contracts/chat-provider.ts';
import { writeContext } from '../../../../shared/contracts/context-format.ts';
import { createMemoryResponseCache } from '../../../../shared/stores/cache/memory.ts';
import { createMemoryVectorStore } from '../../../../shared/stores/vector/memory.ts';
import { toInput, toLeg, toProduced } from '../../../support/cache-parts.ts';

const TTL_MS = 60_000;
const signal = new AbortController().signal;

/** Questions by what they mean; the second is a little off the first. */
const VECTORS: Readonly<Record<string, readonly number[]>> = {
  'What is the capital of France?': [1, 0],
  'Which city is the capital of France?': [0.96, 0.28],
  'What is the capital of Spain?': [0.9, 0.436],
  'How are you?': [0, 1],
};
const [PARIS, PARIS_TOO, MADRID, GREETING] = Object.keys(VECTORS) as [string, string, string, string];

function setUp(options: Partial<SemanticCacheOptions> = {}) {
  const clock = { now: Date.UTC(2030, 0, 1) };
  const now = () => clock.now;
  const store = createMemoryVectorStore({ dimensions: 2, now });
  const upsert = vi.spyOn(store, 'upsert');
  const embed = vi.fn(async (text: string) => ({
    vector: Float32Array.from(VECTORS[text] ?? [1, 1]),
    space: 'test@2',
  }));
  const onFault = vi.fn();
  const semantic = createSemanticCache({
    embed,
    store: async () => store,
    threshold: 0.95,
    ttlMs: TTL_MS,
    now,
    onFault,
    ...options,
  });
  const answers = createMemoryResponseCache({ now });
  const cache = createAnswerCache({
    cache: { get: async () => answers },
    ttlMs: TTL_MS,
    allowTemperature: false,
    semantic,
  });
  const produce = vi.fn(async () => toProduced());
  /** Whether a request was answered from the cache. */
  const isHit = async (input: CacheableRequest): Promise<boolean> => {
    const ticket = cache.ticketFor(input);
    if (!ticket) throw new Error('not cacheable');
    return 'answer' in (await cache.run({ ticket, signal, produce }));
  };
  return { clock, embed, upsert, onFault, answers, isHit };
}

const system = (content: string): ChatMessage => ({ role: 'system', content });
const ask = (text: string, fields: Partial<ChatRequest> = {}, before: readonly ChatMessage[] = []): CacheableRequest =>
  toInput({ messages: [...before, { role: 'user', content: text }], ...fields });

describe('a question in other words', () => {
  it('has the answer of one that is near enough', async () => {
    const { isHit } = setUp();
    expect(await isHit(ask(PARIS))).toBe(false);
    expect(await isHit(ask(PARIS_TOO))).toBe(true);
    expect(await isHit(ask(MADRID))).toBe(false);
    expect(await isHit(ask(GREETING))).toBe(false);
  });

  it('is not looked for when the same words are there', async () => {
    const { isHit, embed } = setUp();
    await isHit(ask(PARIS));
    expect(await isHit(ask(PARIS))).toBe(true);
    expect(embed).toHaveBeenCalledOnce();
  });

  it('may be written in parts of text', async () => {
    const { isHit } = setUp();
    await isHit(ask(PARIS));
    const content = [{ type: 'text', text: PARIS_TOO }] as const;
    expect(await isHit(toInput({ messages: [{ role: 'user', content: [...content] }] }))).toBe(true);
  });

  it.each<readonly [string, CacheableRequest]>([
    ['another system text', ask(PARIS_TOO, {}, [system('Lie.')])],
    ['another parameter', ask(PARIS_TOO, { max_tokens: 5 })],
    ['another tenant', { ...ask(PARIS_TOO), tenant: 'acme' }],
    ['another model', { ...ask(PARIS_TOO), route: { legs: [toLeg({ model: 'other' })] } }],
  ])('does not have an answer given to %s', async (_what, input) => {
    const { isHit } = setUp();
    await isHit(ask(PARIS));
    expect(await isHit(input)).toBe(false);
  });

  it('does not have an answer whose time is over', async () => {
    const { isHit, clock, answers } = setUp();
    await isHit(ask(PARIS));
    clock.now += TTL_MS;
    const get = vi.spyOn(answers, 'get');
    expect(await isHit(ask(PARIS_TOO))).toBe(false);
    expect(get).toHaveBeenCalledOnce();
  });

  it('does not have an answer that the cache let go of', async () => {
    const { isHit, answers } = setUp();
    await isHit(ask(PARIS));
    await answers.close();
    expect(await isHit(ask(PARIS_TOO))).toBe(false);
  });

  it('is not found across vector spaces', async () => {
    let space = 'one@2';
    const { isHit } = setUp({ embed: async () => ({ vector: Float32Array.of(1, 0), space }) });
    await isHit(ask(PARIS));
    space = 'two@2';
    expect(await isHit(ask(PARIS_TOO))).toBe(false);
  });

  it('leaves no text in the vector store', async () => {
    const { isHit, upsert } = setUp();
    await isHit(ask(PARIS, {}, [system('Be brief.')]));
    expect(JSON.stringify(upsert.mock.calls)).not.toMatch(/capital|brief/i);
  });
});

describe('a request that is not one plain question', () => {
  const question = { role: 'user', content: PARIS } as const;
  it.each<readonly [string, Partial<ChatRequest>]>([
    ['has tools', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['asks for JSON', { response_format: { type: 'json_object' } }],
    ['is a later turn', { messages: [question, { role: 'assistant', content: 'Paris.' }, question] }],
    ['holds an image', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }],
    ['ends with an assistant', { messages: [question, { role: 'assistant', content: 'Pa' }] }],
    ['is blank', { messages: [{ role: 'user', content: ' ' }] }],
    ['has retrieved passages', { messages: [system(writeContext([], 'abcdef012345')), question] }],
  ])('is not embedded: it %s', async (_what, fields) => {
    const { isHit, embed } = setUp();
    expect(await isHit(toInput(fields))).toBe(false);
    expect(embed).not.toHaveBeenCalled();
  });
});

describe('a fault', () => {
  const broken = new Error('broken');
  const fails = () => Promise.reject(broken);
  it.each<readonly [string, Partial<SemanticCacheOptions>]>([
    ['of the embedding', { embed: fails }],
    ['of opening the store', { store: fails }],
    ['of the search', { store: async () => ({ query: fails, upsert: fails }) }],
    ['of writing', { store: async () => ({ query: async () => [], upsert: fails }) }],
  ])('%s is a miss that is told', async (_what, options) => {
    const onFault = vi.fn();
    const { isHit } = setUp({ ...options, onFault });
    expect(await isHit(ask(PARIS))).toBe(false);
    expect(await isHit(ask(PARIS))).toBe(true);
    expect(onFault.mock.calls).toEqual([[broken]]);
  });

  it('of a store that takes too long is a miss', async () => {
    const { isHit, onFault } = setUp({ embed: () => new Promise(() => {}), timeoutMs: 1 });
    expect(await isHit(ask(PARIS))).toBe(false);
    expect(onFault.mock.calls).toEqual([[expect.objectContaining({ code: 'timeout' })]]);
  });
});
