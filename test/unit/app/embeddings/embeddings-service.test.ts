import { describe, expect, it } from 'vitest';
import { createApp } from '../../../../shared/app/create-app.ts';
import type { EmbeddingsInput } from '../../../../shared/app/embeddings/embeddings-service.ts';
import { parseConfig } from '../../../../shared/config/parse.ts';
import { createJsonUpstream, type JsonRequest } from '../../../support/json-upstream.ts';

const CONFIG = `
agents: [{name: a, role: assistant, provider: local, model: extractive}]
embeddings: {provider: openai, openai: {api_key: sk-test, model: text-embedding-3-small, dimensions: 2}}
`;

const inputOf = ({ body }: JsonRequest) => (body as { input: string[] }).input;

/** The service over a pretended OpenAI, whose vectors tell the lengths of the texts. */
function createWorld(yaml = CONFIG) {
  const { fetch, requests } = createJsonUpstream((request) => {
    const input = inputOf(request);
    return {
      body: {
        data: input.map((text, index) => ({ index, embedding: [text.length, 0.5] })).reverse(),
        usage: { prompt_tokens: input.length * 1_000, total_tokens: input.length * 1_000 },
      },
    };
  });
  const { config } = parseConfig(yaml, { environment: {}, source: 'agents.yaml' });
  const app = createApp(config, { fetch, log: () => {} });
  const create = async (body: EmbeddingsInput['body']) =>
    (await app.embeddings.get()).create({
      body,
      caller: { tenant: null },
      signal: new AbortController().signal,
      facts: {},
    });
  return { create, requests };
}

describe('the embeddings service', () => {
  it('answers with a list in the order of the texts, the usage and the cost', async () => {
    const { create, requests } = createWorld();
    expect(await create({ model: 'text-embedding-3-small', input: ['a', 'bb'] })).toEqual({
      object: 'list',
      data: [
        { object: 'embedding', index: 0, embedding: [1, 0.5] },
        { object: 'embedding', index: 1, embedding: [2, 0.5] },
      ],
      model: 'text-embedding-3-small',
      usage: { prompt_tokens: 2_000, total_tokens: 2_000 },
      sluice: { provider: 'openai', model: 'text-embedding-3-small', cost_usd: 0.00004 },
    });
    expect(requests).toHaveLength(1);
  });

  it('asks once for the same text, whether it comes twice or again', async () => {
    const { create, requests } = createWorld();
    const model = 'openai/text-embedding-3-small';
    const twice = await create({ model, input: ['same', 'same'] });
    const again = await create({ model, input: 'same' });
    expect(requests.map(inputOf)).toEqual([['same']]);
    expect(twice.data.map(({ embedding }) => embedding)).toEqual([
      [4, 0.5],
      [4, 0.5],
    ]);
    expect(again).toMatchObject({ usage: { total_tokens: 0 }, sluice: { cost_usd: 0 } });
  });

  it('keeps as many vectors as memory allows when it is told to keep them, without a cache block too', async () => {
    const model = 'text-embedding-3-small';
    const texts = Array.from({ length: 1_200 }, (_, index) => `text ${index}`);
    const askedAgain = async (yaml: string) => {
      const { create, requests } = createWorld(yaml);
      await create({ model, input: texts });
      const before = requests.length;
      await create({ model, input: texts });
      return requests.slice(before).flatMap(inputOf).length;
    };
    // Without it only the last few hundred are at hand.
    expect(await askedAgain(CONFIG)).toBeGreaterThan(0);
    expect(await askedAgain(CONFIG.replace('provider: openai,', 'provider: openai, cache: true,'))).toBe(0);
  });

  it('records what a request has cost that fails at one of its texts', async () => {
    const { fetch } = createJsonUpstream((request) => {
      const instances = (request.body as { requests: { content: { parts: { text: string }[] } }[] }).requests;
      const texts = instances.map(({ content }) => content.parts[0]?.text);
      if (texts.includes('bad')) return { status: 400, body: { error: { message: 'no' } } };
      const embeddings = texts.map(() => ({ values: [1, 0.5] }));
      return { body: { embeddings, usageMetadata: { promptTokenCount: texts.length * 1_000 } } };
    });
    const yaml = CONFIG.replace('provider: openai, openai:', 'provider: gemini, gemini:').replace(
      'text-embedding-3-small',
      'gemini-embedding-001',
    );
    const { config } = parseConfig(yaml, { environment: {}, source: 'agents.yaml' });
    const app = createApp(config, { fetch, log: () => {} });
    const input = [...Array.from({ length: 100 }, (_, index) => `text ${index}`), 'bad'];
    const facts = {};
    const { signal } = new AbortController();
    const body = { model: 'default', input };
    await expect(
      (await app.embeddings.get()).create({ body, caller: { tenant: null }, signal, facts }),
    ).rejects.toMatchObject({ code: 'invalid_request', param: 'input[100]' });
    expect(facts).toMatchObject({ prompt_tokens: 100_000, cost_usd: 0.015 });
    const { today } = await (await app.usage.get()).report({ caller: { tenant: null }, days: '1' });
    expect(today).toMatchObject({ prompt_tokens: 100_000, cost_usd: 0.015 });
    await app.close();
  });

  it('records what an answer has cost whose vectors cannot be used', async () => {
    const usage = { prompt_tokens: 3_000, total_tokens: 3_000 };
    const { fetch } = createJsonUpstream({ body: { data: [{ index: 0, embedding: [0, 0] }], usage } });
    const { config } = parseConfig(CONFIG, { environment: {}, source: 'agents.yaml' });
    const app = createApp(config, { fetch, log: () => {} });
    const facts = {};
    const { signal } = new AbortController();
    const body = { model: 'default', input: 'a' };
    await expect(
      (await app.embeddings.get()).create({ body, caller: { tenant: null }, signal, facts }),
    ).rejects.toMatchObject({ code: 'invalid_output' });
    expect(facts).toMatchObject({ prompt_tokens: 3_000, cost_usd: 0.00006 });
    await app.close();
  });

  it('says of a model on Hugging Face that its vectors are not shortened', async () => {
    const { fetch, requests } = createJsonUpstream({ body: [[1, 2, 3]] });
    const yaml = CONFIG.replace(/embeddings: .*/, 'embeddings: {provider: huggingface, huggingface: {model: a/b}}');
    const { config } = parseConfig(yaml, { environment: {}, source: 'agents.yaml' });
    const app = createApp(config, { fetch, log: () => {} });
    const create = async (dimensions: number) =>
      (await app.embeddings.get()).create({
        body: { model: 'a/b', input: `text ${dimensions}`, dimensions },
        caller: { tenant: null },
        signal: new AbortController().signal,
        facts: {},
      });
    const refusal = { code: 'invalid_request', param: 'dimensions', message: expect.stringMatching(/3 dimensions/) };
    await expect(create(2)).rejects.toMatchObject(refusal);
    expect((await create(3)).data).toMatchObject([{ embedding: [1, 2, 3] }]);
    const before = requests.length;
    await expect(create(4)).rejects.toMatchObject(refusal);
    expect(requests).toHaveLength(before);
    await app.close();
  });

  it('encodes by itself what is asked for as base64', async () => {
    const { create } = createWorld();
    const { data } = await create({ model: 'text-embedding-3-small', input: 'abc', encoding_format: 'base64' });
    expect(data[0]?.embedding).toBe(Buffer.from(Float32Array.of(3, 0.5).buffer).toString('base64'));
  });

  it('answers an empty list with one, without a request', async () => {
    const { create, requests } = createWorld();
    expect((await create({ model: 'text-embedding-3-small', input: [] })).data).toEqual([]);
    expect(requests).toEqual([]);
  });

  it.each([
    [{ model: 'text-embedding-3-small', input: ['a', ' '] }, 'invalid_request', 'input[1]'],
    [{ model: 'text-embedding-3-small', input: '' }, 'invalid_request', 'input'],
    [{ model: 'text-embedding-3-small', input: ['a', 'word '.repeat(17_000)] }, 'invalid_request', 'input[1]'],
    [
      { model: 'text-embedding-3-small', input: ['a', 'word '.repeat(17_000)], sluice: { purpose: 'query' as const } },
      'invalid_request',
      'input[1]',
    ],
    [{ model: 'text-embedding-3-large', input: 'a' }, 'model_not_found', 'model'],
    [{ model: 'local/text-embedding-3-small', input: 'a' }, 'model_not_found', 'model'],
    [{ model: 'text-embedding-3-small', input: 'a', dimensions: 2_000 }, 'invalid_request', 'dimensions'],
  ])('refuses %o', async (body, code, param) => {
    const { create, requests } = createWorld();
    await expect(create(body)).rejects.toMatchObject({ code, param });
    expect(requests).toEqual([]);
  });
});
