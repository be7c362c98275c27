import { describe, expect, test } from 'vitest';
import { type Economy, refuse, startEconomy } from '../support/economy.ts';
import { openAiAnswer } from '../support/vendor-answers.ts';

const NOTHING_FOUND = 'There is no information about this in the documents.';
const KEYS = {
  ann: { key: 'key-of-ann-0123456789', header: { authorization: 'Bearer key-of-ann-0123456789' } },
  bob: { key: 'key-of-bob-0123456789', header: { authorization: 'Bearer key-of-bob-0123456789' } },
};

async function start(more = ''): Promise<Economy> {
  const economy = await startEconomy({
    upstreams: ['openai'],
    yaml: ({ openai }) => `
agents: [{name: agent, provider: openai, model: gpt-4o-mini, api_key: sk-test, endpoint: "${openai}"}]
embeddings: {provider: local}
vectorstore: {provider: memory, embedding_dimensions: 768}
${more}`,
  });
  economy.always('openai', openAiAnswer({ text: 'A model was asked.' }));
  return economy;
}

const ask = { messages: [{ role: 'user', content: 'How many days of holiday?' }], sluice: { retrieval: true } };

describe('a search that does not say how many passages it wants', () => {
  test('gets ten', async () => {
    const { post } = await start();
    const documents = Array.from({ length: 12 }, (_, index) => ({ id: `d${index}`, text: `Holiday number ${index}.` }));
    expect((await post('/v1/documents', { documents })).status).toBe(200);
    const found = async (body: object) =>
      ((await post('/v1/search', { query: 'holiday', ...body })).json.data as []).length;
    expect(await found({})).toBe(10);
    expect(await found({ top_k: 12 })).toBe(12);
    expect((await post('/v1/search', { query: 'holiday', top_k: 0 })).json).toMatchObject({
      error: { param: 'top_k' },
    });
  });

  test('gets as many as the configuration says', async () => {
    const { post } = await startEconomy({
      upstreams: ['openai'],
      yaml: () => `
agents: [{name: agent, provider: local, model: extractive}]
embeddings: {provider: local}
vectorstore: {provider: memory, embedding_dimensions: 768, default_top_k: 2}
`,
    });
    const documents = ['one', 'two', 'three'].map((id) => ({ id, text: `Holiday ${id}.` }));
    await post('/v1/documents', { documents });
    expect((await post('/v1/search', { query: 'holiday' })).json.data).toHaveLength(2);
  });
});

describe('a question on which the documents hold nothing', () => {
  const without = 'retrieval: {answer_without_context: false}';

  test('is answered without a model where it is configured so, citing nothing and at no cost', async () => {
    const { chat, calls, get } = await start(without);
    const { status, json } = await chat(ask);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      choices: [{ message: { content: NOTHING_FOUND }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
      sluice: { citations: [] },
    });
    expect(calls).toEqual([]);
    expect((await get('/v1/usage')).json).toMatchObject({ today: { cost_usd: 0 } });
  });

  test('is so streamed too', async () => {
    const { chat, calls } = await start(without);
    const { read } = await chat({ ...ask, stream: true });
    expect(read.text).toBe(NOTHING_FOUND);
    expect(read.error).toBeUndefined();
    expect(calls).toEqual([]);
  });

  test('is put to the model when something is found, when no documents are asked for, and by default', async () => {
    const { chat, calls, post } = await start(without);
    await chat();
    expect(calls).toHaveLength(1);
    await post('/v1/documents', { id: 'handbook', text: 'Everybody has thirty days of holiday.' });
    expect((await chat(ask)).json).toMatchObject({
      choices: [{ message: { content: 'A model was asked.' } }],
      sluice: { citations: [{ document_id: 'handbook' }] },
    });
    expect(calls).toHaveLength(2);
    const byDefault = await start();
    expect((await byDefault.chat(ask)).json).toMatchObject({
      choices: [{ message: { content: 'A model was asked.' } }],
    });
  });
});

describe('passages for models with different windows', () => {
  test.each([false, true])('are as many as each holds, and cited as many (streamed: %s)', async (stream) => {
    const { chat, calls, always, post } = await startEconomy({
      upstreams: ['large', 'small'],
      yaml: ({ large, small }) => `
agents:
  - name: agent
    retry: {max_attempts: 1}
    providers:
      - {provider: openai, model: gpt-4.1, api_key: sk-test, endpoint: "${large}"}
      - {provider: openai, model: gpt-4, api_key: sk-test, endpoint: "${small}", max_tokens: 1000}
embeddings: {provider: local}
vectorstore: {provider: memory, embedding_dimensions: 768}
`,
    });
    const text = 'Holiday words, many of them, here and there and everywhere. '.repeat(15);
    const documents = Array.from({ length: 60 }, (_, index) => ({ id: `d${index}`, text: `Number ${index}. ${text}` }));
    expect((await post('/v1/documents', { documents })).status).toBe(200);
    const asked = { ...ask, stream, sluice: { retrieval: { top_k: 60 } } };
    const passages = () => calls.at(-1)?.request.body.match(/score 0\.\d\d\\n/g)?.length;

    always('large', openAiAnswer({ text: 'Large.' }));
    always('small', openAiAnswer({ text: 'Small.' }));
    const whole = await chat(asked);
    expect(whole.read.text).toBe('Large.');
    expect(passages()).toBe(60);
    expect(whole.text.match(/"document_id"/g)).toHaveLength(60);

    always('large', refuse(500));
    const cut = await chat(asked);
    expect(cut.read.text).toBe('Small.');
    expect(passages()).toBeGreaterThan(5);
    expect(passages()).toBeLessThan(30);
    expect(cut.text.match(/"document_id"/g)).toHaveLength(passages() as number);
  });
});

describe('the conversations of two users', () => {
  const turns = (name: string, question: string) => ({
    messages: [
      { role: 'user', content: `I am ${name} and my code word is ${name}-secret.` },
      { role: 'assistant', content: `Hello ${name}.` },
      { role: 'user', content: question },
    ],
    sluice: { retrieval: true },
  });

  test.each([
    ['asked for their documents', 'retrieval: {rewrite: true, multi_query: 2}'],
    ['with answers kept', 'cache: {provider: memory, ttl: 1h, semantic: {enabled: true, threshold: 0.5}}'],
  ])('stay apart: %s', async (_how, block) => {
    const { chat, calls, always, post } = await start(
      `${block}\nauth: {mode: api_key, keys: [{name: ann, key: ${KEYS.ann.key}}, {name: bob, key: ${KEYS.bob.key}}]}`,
    );
    always('openai', (request) =>
      openAiAnswer({ text: request.body.includes('ann-secret') ? 'For Ann.' : 'For Bob.' })(request),
    );
    await post('/v1/documents', { id: 'handbook', text: 'The code word opens the door.' }, KEYS.ann.header);
    const question = 'What is my code word?';
    const answers: string[] = [];
    for (const name of ['ann', 'bob', 'ann', 'bob'] as const) {
      answers.push((await chat(turns(name, question), KEYS[name].header)).read.text);
    }
    const both = await Promise.all(
      (['ann', 'bob'] as const).map((name) => chat(turns(name, `${question} Now.`), KEYS[name].header)),
    );
    expect([...answers, ...both.map(({ read }) => read.text)]).toEqual([
      'For Ann.',
      'For Bob.',
      'For Ann.',
      'For Bob.',
      'For Ann.',
      'For Bob.',
    ]);
    // No request to the model holds words of both.
    for (const { request } of calls) {
      expect(request.body.includes('ann-secret') && request.body.includes('bob-secret')).toBe(false);
    }
    expect(calls.some(({ request }) => request.body.includes('bob-secret'))).toBe(true);
  });
});
