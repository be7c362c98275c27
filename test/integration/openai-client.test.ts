import OpenAI, { APIError, BadRequestError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppServer, startAppServer } from '../support/app-server.ts';

describe('the official OpenAI client against the development defaults', () => {
  let server: AppServer;
  let client: OpenAI;

  beforeAll(async () => {
    server = await startAppServer();
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  });

  afterAll(() => server.close());

  it('completes a chat', async () => {
    const completion: OpenAI.Chat.ChatCompletion = await client.chat.completions.create({
      model: 'default',
      messages: [{ role: 'user', content: 'Hello' }],
    });
    expect(completion.object).toBe('chat.completion');
    expect(completion.choices[0]?.message.role).toBe('assistant');
    expect(completion.choices[0]?.message.content).toMatch(/local/i);
    expect(completion.choices[0]?.finish_reason).toBe('stop');
    expect(completion.usage?.total_tokens).toBe(
      (completion.usage?.prompt_tokens ?? 0) + (completion.usage?.completion_tokens ?? 0),
    );
    expect(completion).toHaveProperty('sluice.provider', 'local');
    expect(completion).toHaveProperty('sluice.cost_usd', 0);
  });

  it('streams a chat with usage last and the same text as without streaming', async () => {
    const request = { model: 'default', messages: [{ role: 'user' as const, content: 'Hello' }] };
    const whole = await client.chat.completions.create(request);
    const chunks: OpenAI.Chat.ChatCompletionChunk[] = [];
    const stream = await client.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(
      whole.choices[0]?.message.content,
    );
    expect(chunks.filter((chunk) => chunk.choices[0]?.finish_reason)).toHaveLength(1);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.at(-1)?.choices).toEqual([]);
    expect(chunks.at(-1)?.usage?.completion_tokens).toBeGreaterThan(0);
    expect(chunks.at(-1)).toHaveProperty('sluice.provider', 'local');
  });

  it('leaves usage out of a stream that did not ask for it', async () => {
    const stream = await client.chat.completions.create({
      model: 'default',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    });
    const chunks: OpenAI.Chat.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.every(({ usage }) => usage === undefined || usage === null)).toBe(true);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toHaveProperty('sluice.model');
  });

  it('drives the streaming helper', async () => {
    const runner = client.chat.completions.stream({
      model: 'default',
      messages: [{ role: 'user', content: 'Hello' }],
    });
    const completion = await runner.finalChatCompletion();
    expect(completion.choices[0]?.message.content).toMatch(/local/i);
  });

  it('embeds texts as floats and as base64, at the length asked for', async () => {
    const floats = await client.embeddings.create({ model: 'local', input: ['one', 'two'], encoding_format: 'float' });
    expect(floats.data.map(({ index }) => index)).toEqual([0, 1]);
    expect(floats.data[0]?.embedding).toHaveLength(768);
    const decoded = await client.embeddings.create({ model: 'local', input: ['one', 'two'] });
    expect(decoded.data[0]?.embedding).toHaveLength(768);
    decoded.data[0]?.embedding.forEach((value, index) => {
      expect(value).toBeCloseTo(floats.data[0]?.embedding[index] as number, 6);
    });
    const base64 = await client.embeddings.create({ model: 'local', input: 'one', encoding_format: 'base64' });
    expect(typeof base64.data[0]?.embedding).toBe('string');
    const short = await client.embeddings.create({ model: 'local', input: 'one', dimensions: 256 });
    expect(short.data[0]?.embedding).toHaveLength(256);
    expect(short.usage.prompt_tokens).toBeGreaterThan(0);
  });

  it('lists and retrieves models', async () => {
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids[0]).toBe('default');
    expect(ids.some((id) => id.startsWith('local/'))).toBe(true);
    expect((await client.models.retrieve('default')).object).toBe('model');
    const direct = ids.find((id) => id.includes('/')) as string;
    expect((await client.models.retrieve(direct)).id).toBe(direct);
    await expect(client.models.retrieve('nobody')).rejects.toThrow(NotFoundError);
  });

  it('ingests, searches and cites', async () => {
    const documents = [
      { id: 'holidays', title: 'Holidays', text: 'Everybody has thirty days of holiday a year. Ask your lead early.' },
      { id: 'parking', title: 'Parking', text: 'Bicycles are parked in the yard behind the house. Cars are not.' },
    ];
    const post = async () =>
      (await fetch(`${server.url}/v1/documents`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ documents }),
      }).then((response) => response.json())) as { data: { status: string; embedded: number; chunks: number }[] };
    const first = await post();
    expect(first.data.map(({ status }) => status)).toEqual(['ready', 'ready']);
    expect(first.data.every(({ embedded, chunks }) => embedded === chunks && chunks > 0)).toBe(true);
    const again = await post();
    expect(again.data.map(({ status, embedded }) => ({ status, embedded }))).toEqual([
      { status: 'unchanged', embedded: 0 },
      { status: 'unchanged', embedded: 0 },
    ]);

    const found: string[] = [];
    const page = client.vectorStores.search('default', { query: 'Bicycles are parked in the yard' });
    for await (const result of page) found.push(result.file_id);
    expect(found[0]).toBe('parking');
    expect(found.length).toBe(2);
    const asked = { query: 'bicycles', rewrite_query: true };
    const { response } = await client.vectorStores.search('default', asked).withResponse();
    expect(response.headers.get('x-sluice-dropped-params')).toBe('rewrite_query');

    const answer = await client.chat.completions.create({
      model: 'default',
      messages: [{ role: 'user', content: 'Where are bicycles parked?' }],
      ...{ sluice: { retrieval: { top_k: 2 } } },
    });
    expect(answer.choices[0]?.message.content).toContain('yard behind the house');
    expect(answer.choices[0]?.message.content).toContain('[1]');
    const { citations } = (answer as unknown as { sluice: { citations: { document_id: string; index: number }[] } })
      .sluice;
    expect(citations[0]).toMatchObject({ index: 1, document_id: 'parking', title: 'Parking' });
  });

  it('gets typed errors with OpenAI bodies', async () => {
    const unknown = client.chat.completions.create({ model: 'nobody', messages: [{ role: 'user', content: 'x' }] });
    await expect(unknown).rejects.toThrow(NotFoundError);
    await expect(unknown).rejects.toMatchObject({ code: 'model_not_found', param: 'model' });
    const wrong = client.chat.completions.create({
      model: 'default',
      messages: [{ role: 'user', content: 1 as never }],
    });
    await expect(wrong).rejects.toThrow(BadRequestError);
    await expect(wrong).rejects.toMatchObject({ param: 'messages[0].content' });
    const streamed = client.chat.completions.create({
      model: 'nobody',
      messages: [{ role: 'user', content: 'x' }],
      stream: true,
    });
    await expect(streamed).rejects.toThrow(APIError);
    await expect(streamed).rejects.toMatchObject({ status: 404 });
  });
});
