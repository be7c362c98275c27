import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { createGeminiProvider } from '../../../shared/providers/gemini.ts';
import { createFakeFetch, loadFixture, readAll, toCall, toRequest } from './gemini-fake.ts';

const provider = createGeminiProvider();
const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { $ref: '#/$defs/city' } },
      $defs: { city: { type: 'string' } },
      additionalProperties: false,
    },
  },
};

async function send(fields: object, model?: string) {
  const fake = createFakeFetch();
  await provider.complete(toCall(fake.fetch, { request: toRequest(fields), ...(model ? { model } : {}) }));
  return fake.sentBody();
}

describe('the request', () => {
  test('goes to the model of the call with the key in a header and nowhere else', async () => {
    const fake = createFakeFetch();
    await provider.complete(toCall(fake.fetch));
    expect(fake.sent).toEqual([
      {
        url: 'https://generativelanguage.googleapis.com/v1beta/models/gemini-3-flash-preview:generateContent',
        init: {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json',
            'x-goog-api-key': 'AIzaSECRET123',
          },
          body: Buffer.from(JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] })),
          signal: expect.any(AbortSignal),
        },
      },
    ]);
  });

  test('of a stream asks for server-sent events, at the configured origin and with the silence allowed', async () => {
    const fake = createFakeFetch({ pieces: [loadFixture('stream.sse')] });
    await provider.stream(toCall(fake.fetch, { endpoint: 'https://proxy.example/', idleTimeoutMs: 5000 }));
    expect(fake.sent[0]?.url).toBe(
      'https://proxy.example/v1beta/models/gemini-3-flash-preview:streamGenerateContent?alt=sse',
    );
    expect(fake.sent[0]?.init).toMatchObject({ idleTimeoutMs: 5000, headers: { accept: 'text/event-stream' } });
  });

  test('has no key where none is configured', async () => {
    const fake = createFakeFetch();
    const { credential: _credential, ...call } = toCall(fake.fetch);
    await provider.complete(call);
    expect(fake.sent[0]?.init.headers).not.toHaveProperty('x-goog-api-key');
  });

  test('carries sampling as the caller set it, a temperature of 0 included', async () => {
    const body = await send({
      temperature: 0,
      top_p: 0.5,
      max_completion_tokens: 100,
      stop: ['END', 'FIN'],
      seed: 7,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      n: 2,
      logprobs: true,
      top_logprobs: 3,
    });
    expect(body.generationConfig).toEqual({
      temperature: 0,
      topP: 0.5,
      maxOutputTokens: 100,
      stopSequences: ['END', 'FIN'],
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      candidateCount: 2,
      responseLogprobs: true,
      logprobs: 3,
    });
  });

  test('leaves out what is unset or null', async () => {
    expect(await send({ temperature: null, stop: null, logprobs: false, max_tokens: undefined })).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
    });
  });

  test('hands over tool definitions with their JSON Schema untouched', async () => {
    expect(await send({ tools: [WEATHER], tool_choice: 'required' })).toMatchObject({
      tools: [
        {
          functionDeclarations: [
            {
              name: 'get_weather',
              description: 'Weather of a city',
              parametersJsonSchema: WEATHER.function.parameters,
            },
          ],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: 'ANY' } },
    });
  });

  test('asks for grounding with the search of Google', async () => {
    expect((await send({ tools: [{ type: 'google_search' }] })).tools).toEqual([{ googleSearch: {} }]);
  });

  test('maps a JSON schema to the response schema', async () => {
    const schema = { type: 'object', properties: { a: { $ref: '#/$defs/a' } }, $defs: { a: { type: 'string' } } };
    const body = await send({
      response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } },
    });
    expect(body.generationConfig).toEqual({ responseMimeType: 'application/json', responseJsonSchema: schema });
  });

  test('maps JSON mode to the media type alone', async () => {
    const body = await send({ response_format: { type: 'json_object' } });
    expect(body.generationConfig).toEqual({ responseMimeType: 'application/json' });
  });

  test('maps effort to a level of thinking and asks for the thoughts', async () => {
    const body = await send({ reasoning_effort: 'medium' });
    expect(body.generationConfig).toEqual({ thinkingConfig: { includeThoughts: true, thinkingLevel: 'MEDIUM' } });
  });

  test('carries an image inline', async () => {
    const body = await send({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=' } },
          ],
        },
      ],
    });
    expect(body.contents).toEqual([
      {
        role: 'user',
        parts: [{ text: 'What is it?' }, { inlineData: { mimeType: 'image/png', data: 'iVBORw0=' } }],
      },
    ]);
  });

  test.each(['../../x', 'a/b/c', 'models/..', 'x?key=1', 'x:embedContent', '', 'm'.repeat(257), 'models/models/x'])(
    'is never made for a model called %j',
    async (model) => {
      const fake = createFakeFetch();
      const asked = provider.complete(toCall(fake.fetch, { model }));
      await expect(asked).rejects.toMatchObject({ code: 'model_not_found', param: 'model' });
      expect(fake.sent).toEqual([]);
    },
  );

  test.each([
    ['models/gemini-2.5-pro', 'models/gemini-2.5-pro'],
    ['tunedModels/mine', 'tunedModels/mine'],
  ])('takes a model written as %s', async (model, path) => {
    const fake = createFakeFetch();
    await provider.complete(toCall(fake.fetch, { model }));
    expect(fake.sent[0]?.url).toBe(`https://generativelanguage.googleapis.com/v1beta/${path}:generateContent`);
  });
});

describe('tools before Gemini 3', () => {
  test.each([
    [{ tools: [WEATHER, { type: 'google_search' }] }, 'tools'],
    [{ tools: [WEATHER], response_format: { type: 'json_object' } }, 'response_format'],
  ])('are refused in combinations the models do not take', async (fields, param) => {
    await expect(send(fields, 'gemini-2.5-flash')).rejects.toMatchObject({ code: 'unsupported', param });
    await expect(send(fields, 'gemini-3-flash-preview')).resolves.toBeDefined();
  });

  test('are left out when they may not be called and JSON is wanted', async () => {
    const fields = { tools: [WEATHER], tool_choice: 'none', response_format: { type: 'json_object' } };
    expect(await send(fields, 'gemini-2.5-flash')).not.toHaveProperty('tools');
  });
});

describe('refusals', () => {
  test('become errors of their status, without key or body', async () => {
    const body = { error: { code: 429, message: 'prompt: Hello', status: 'RESOURCE_EXHAUSTED' } };
    const fake = createFakeFetch({
      status: 429,
      headers: { 'retry-after': '7' },
      pieces: [Buffer.from(JSON.stringify(body))],
    });
    const error = await provider.complete(toCall(fake.fetch)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'rate_limit', retryAfterMs: 7000, upstreamStatus: 429 });
    expect(String((error as Error).message)).not.toMatch(/SECRET123|Hello/);
  });

  test('of a stream come before the first event', async () => {
    const pieces = [Buffer.from('[{"error": {"code": 404, "status": "NOT_FOUND"}}]')];
    const fake = createFakeFetch({ status: 404, pieces });
    await expect(provider.stream(toCall(fake.fetch))).rejects.toMatchObject({ code: 'model_not_found' });
  });

  test.each([
    ['an error object', '{"error": {"code": 503, "status": "UNAVAILABLE"}}', 'server_error'],
    ['a list with an error', '[{"error": {"code": 400, "status": "INVALID_ARGUMENT"}}]', 'invalid_request'],
  ])('inside a 200 that should have been a stream: %s', async (_, json, code) => {
    const fake = createFakeFetch({ headers: { 'content-type': 'application/json' }, pieces: [Buffer.from(json)] });
    await expect(provider.stream(toCall(fake.fetch))).rejects.toMatchObject({ code });
  });
});

describe('a stream', () => {
  test.each(['application/json; charset=UTF-8', 'text/event-stream'])(
    'that a proxy made a list of answers (%s) is read element by element',
    async (type) => {
      const piece = (text: string, fields: object = {}) =>
        JSON.stringify({ candidates: [{ content: { parts: [{ text }] }, ...fields }] }, null, 2);
      const list = [`[${piece('Hel')}\n,`, `\r\n${piece('lo', { finishReason: 'STOP' })}]`];
      const fake = createFakeFetch({
        headers: { 'content-type': type },
        pieces: list.map((text) => Buffer.from(text)),
      });
      const batches: number[] = [];
      const stream = await provider.stream(toCall(fake.fetch));
      const counted = (async function* () {
        for await (const batch of stream) {
          batches.push(batch.length);
          yield batch;
        }
      })();
      expect(await readAll(counted)).toMatchObject({ text: 'Hello', error: undefined });
      expect(batches).toEqual([1, 1, 1]);
    },
  );

  test('reads the same however its bytes are cut', async () => {
    const body = loadFixture('stream.sse');
    const read = async (pieces: readonly Uint8Array[]) => {
      const { chunks, error } = await readAll(await provider.stream(toCall(createFakeFetch({ pieces }).fetch)));
      // Ids the vendor left out are made up, and the clock goes on.
      const ids = new Map<string, string>();
      const steady = JSON.stringify(chunks).replace(/call_[0-9a-f-]+/g, (id) => {
        if (!ids.has(id)) ids.set(id, `call ${ids.size}`);
        return ids.get(id) as string;
      });
      return { steady: steady.replace(/"created":\d+/g, '"created":0'), error };
    };
    const whole = await read([body]);
    expect(whole.error).toBeUndefined();
    expect(whole.steady).toContain('Grüße ');
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: body.length - 1 }), { maxLength: 40 }),
        async (cuts) => {
          const at = [0, ...cuts.sort((one, other) => one - other), body.length];
          const pieces = at.slice(1).map((end, index) => body.subarray(at[index], end));
          expect(await read(pieces)).toEqual(whole);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('delivers what came before an error in the same read', async () => {
    const pieces = [
      Buffer.from(
        'data: {"candidates": [{"content": {"parts": [{"text": "Hel"}]}}]}\r\n\r\n' +
          'data: {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}\r\n\r\n',
      ),
    ];
    const { text, error } = await readAll(await provider.stream(toCall(createFakeFetch({ pieces }).fetch)));
    expect(text).toBe('Hel');
    expect(error).toMatchObject({ code: 'server_error', upstreamStatus: 503 });
  });

  test('that ends without a finish reason is interrupted, its text kept', async () => {
    const pieces = [Buffer.from('data: {"candidates": [{"content": {"parts": [{"text": "Hel"}]}}]}\n\n')];
    const { text, error } = await readAll(await provider.stream(toCall(createFakeFetch({ pieces }).fetch)));
    expect(text).toBe('Hel');
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'server_error', message: expect.stringContaining('interrupted') });
  });
});

test('the models listed are those that generate content, over all pages', async () => {
  const pages = [
    {
      models: [
        { name: 'models/gemini-3-flash-preview', supportedGenerationMethods: ['generateContent'] },
        { name: 'models/gemini-embedding-001', supportedGenerationMethods: ['embedContent'] },
      ],
      nextPageToken: 'next',
    },
    { models: [{ name: 'models/gemini-2.5-pro', supportedGenerationMethods: ['generateContent'] }] },
  ];
  const urls: string[] = [];
  const fetch: typeof fake.fetch = async (url, init) => {
    urls.push(url);
    return createFakeFetch({ pieces: [Buffer.from(JSON.stringify(pages[urls.length - 1]))] }).fetch(url, init);
  };
  const fake = createFakeFetch();
  const models = await provider.listModels?.(toCall(fetch));
  expect(models).toEqual(['gemini-3-flash-preview', 'gemini-2.5-pro']);
  expect(urls).toEqual([
    'https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000',
    'https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000&pageToken=next',
  ]);
});
