import { describe, expect, test } from 'vitest';
import type { ChatCall } from '../../../shared/contracts/chat-provider.ts';
import { createVertexProvider } from '../../../shared/providers/vertexai.ts';
import { createFakeFetch, loadFixture, readAll, toCall, toRequest } from './gemini-fake.ts';

const provider = createVertexProvider();
const TOKEN = 'ya29.SECRET123';

async function send(changes: Partial<ChatCall>) {
  const fake = createFakeFetch();
  await provider.complete(toCall(fake.fetch, { credential: TOKEN, project: 'my-project', ...changes }));
  return { url: fake.sent[0]?.url, headers: fake.sent[0]?.init.headers, body: fake.sentBody() };
}

describe('the address', () => {
  test.each([
    [{}, 'https://us-central1-aiplatform.googleapis.com/v1/projects/my-project/locations/us-central1'],
    [
      { location: 'europe-west4' },
      'https://europe-west4-aiplatform.googleapis.com/v1/projects/my-project/locations/europe-west4',
    ],
    [{ location: 'global' }, 'https://aiplatform.googleapis.com/v1/projects/my-project/locations/global'],
    [{ location: 'eu' }, 'https://aiplatform.eu.rep.googleapis.com/v1/projects/my-project/locations/eu'],
    [{ endpoint: 'https://proxy.example' }, 'https://proxy.example/v1/projects/my-project/locations/us-central1'],
  ])('for %j names project and location', async (changes, scope) => {
    expect((await send({ model: 'gemini-1.5-flash', ...changes })).url).toBe(
      `${scope}/publishers/google/models/gemini-1.5-flash:generateContent`,
    );
  });

  test.each([
    ['publishers/google/models/gemini-2.5-pro', 'publishers/google/models/gemini-2.5-pro'],
    ['google/gemini-2.5-pro', 'publishers/google/models/gemini-2.5-pro'],
    ['models/gemini-2.5-pro', 'publishers/google/models/gemini-2.5-pro'],
    ['endpoints/1234567890', 'endpoints/1234567890'],
  ])('takes a model written as %s', async (model, path) => {
    expect((await send({ model })).url).toBe(
      `https://us-central1-aiplatform.googleapis.com/v1/projects/my-project/locations/us-central1/${path}:generateContent`,
    );
  });

  test.each([
    [{ project: '' }, 'configuration', 'project_id'],
    [{ project: 'a/../b' }, 'configuration', 'project_id'],
    [{ location: 'evil.example/' }, 'configuration', 'location'],
    [{ model: '../../x' }, 'model_not_found', 'model'],
    [{ model: 'publishers/other/models/x' }, 'model_not_found', 'model'],
  ])('is refused before any request for %j', async (changes, code, param) => {
    await expect(send(changes)).rejects.toMatchObject({ code, param });
  });

  test('of a stream asks for server-sent events', async () => {
    const fake = createFakeFetch({ pieces: [loadFixture('stream.sse')] });
    const { text } = await readAll(await provider.stream(toCall(fake.fetch, { project: 'p', credential: TOKEN })));
    expect(text).toBe('Grüße 🌧 aus Köln');
    expect(fake.sent[0]?.url).toMatch(/:streamGenerateContent\?alt=sse$/);
  });
});

describe('the credential', () => {
  test('is an access token', async () => {
    const { headers } = await send({});
    expect(headers).toMatchObject({ authorization: `Bearer ${TOKEN}` });
    expect(headers).not.toHaveProperty('x-goog-api-key');
  });

  test('may be a key of express mode, which needs no project', async () => {
    const fake = createFakeFetch();
    await provider.complete(toCall(fake.fetch, { credential: 'AQ.SECRET123', model: 'gemini-2.5-flash' }));
    expect(fake.sent[0]?.url).toBe(
      'https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-2.5-flash:generateContent',
    );
    expect(fake.sent[0]?.init.headers).toMatchObject({ 'x-goog-api-key': 'AQ.SECRET123' });
    expect(fake.sent[0]?.init.headers).not.toHaveProperty('authorization');
  });
});

describe('the body', () => {
  const conversation = toRequest({
    messages: [
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
    ],
    tools: [{ type: 'function', function: { name: 'get_weather' } }, { type: 'google_search' }],
  });

  test('has call ids from Gemini 3 on, where the service takes them', async () => {
    const { body } = await send({ request: conversation, model: 'gemini-3-flash-preview' });
    expect(JSON.stringify(body)).toContain('"id":"call_1"');
    const { tools: _tools, ...withoutTools } = conversation;
    const older = await send({ request: withoutTools, model: 'gemini-2.5-flash' });
    expect(JSON.stringify(older.body)).not.toContain('"id"');
  });

  test('mixes functions and search without the field that only the Gemini API knows', async () => {
    const { body } = await send({ request: conversation, model: 'gemini-3-flash-preview' });
    expect(body).not.toHaveProperty('toolConfig');
    expect(body.tools).toEqual([{ googleSearch: {} }, { functionDeclarations: [{ name: 'get_weather' }] }]);
  });

  test('names files in Cloud Storage', async () => {
    const content = [{ type: 'image_url', image_url: { url: 'gs://bucket/cat.webp' } }];
    const { body } = await send({ request: toRequest({ messages: [{ role: 'user', content }] }) });
    expect(body.contents).toEqual([
      { role: 'user', parts: [{ fileData: { mimeType: 'image/webp', fileUri: 'gs://bucket/cat.webp' } }] },
    ]);
  });
});

test('a refused token is an authentication error that does not show it', async () => {
  const pieces = [Buffer.from('{"error": {"code": 401, "status": "UNAUTHENTICATED"}}')];
  const fake = createFakeFetch({ status: 401, pieces });
  const error = await provider
    .complete(toCall(fake.fetch, { credential: TOKEN, project: 'p' }))
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'authentication', upstreamStatus: 401 });
  expect(JSON.stringify(error) + String(error)).not.toContain('SECRET123');
});
