import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';

describe('documents that cannot be ingested', () => {
  let upstream: ScriptedServer;
  let server: AppServer;

  beforeAll(async () => {
    upstream = await createScriptedServer((request) => {
      const { input } = request.json() as { input: string[] };
      if (input.some((text) => text.includes('broken'))) return { body: { data: [] } };
      return { body: { data: input.map((_, index) => ({ index, embedding: [1, 2] })) } };
    });
    server = await startAppServer({
      yaml: `
agents: [{name: a, role: assistant, provider: local, model: extractive}]
embeddings: {provider: openai, openai: {api_key: k, model: text-embedding-3-small, dimensions: 2, endpoint: "${upstream.origin}/v1"}}
vectorstore: {provider: memory, embedding_dimensions: 2}
`,
    });
  });
  afterAll(async () => {
    await server.close();
    await upstream.close();
  });

  const send = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('are in the line of their call, one for each reason, for nobody else is told of it', async () => {
    const documents = [
      { id: 'first', text: 'A broken text.' },
      { id: 'second', text: 'Another broken text.' },
      { id: 'picture', content_base64: 'AAAA', content_type: 'image/png' },
    ];
    expect(await send('POST', '/v1/documents', { documents })).toMatchObject({ status: 207 });
    expect(server.logged.find(({ status }) => status === 207)).toMatchObject({
      severity: 'WARNING',
      documents: 3,
      failed: 3,
      failures: [
        { document: 'first', code: 'invalid_output', error: { name: 'AppError', cause: { name: 'AppError' } } },
        { document: 'picture', code: 'unsupported', error: { message: expect.stringContaining('cannot be read') } },
      ],
    });
  });

  it('for an answer that one of their texts spoils keep no other document back', async () => {
    const documents = ['One text.', 'Two texts.', 'A broken text.', 'Three texts.'].map((text, index) => ({
      id: `of-four-${index}`,
      text,
    }));
    const { status, body } = await send('POST', '/v1/documents', { documents });
    expect(status).toBe(207);
    expect((body.data as { status: string }[]).map((result) => result.status)).toEqual([
      'ready',
      'ready',
      'failed',
      'ready',
    ]);
  });

  it('for a metadata key are named by their place, before anything is embedded or stored', async () => {
    const asked = upstream.requests.length;
    const documents = [
      { id: 'kept-out', text: 'A text.' },
      { id: 'wrong', text: 'A text.', metadata: { 'a.b': 1 } },
    ];
    expect(await send('POST', '/v1/documents', { documents })).toMatchObject({
      status: 400,
      body: { error: { param: 'documents[1].metadata', message: expect.stringContaining('metadata key') } },
    });
    expect(upstream.requests).toHaveLength(asked);
    expect(await send('GET', '/v1/documents/kept-out')).toMatchObject({ status: 404 });
  });

  it.each(['start', 'end', 'chunk_index', 'chunk_count'])(
    'for metadata with a name that passages carry are told to take another: %s',
    async (name) => {
      const asked = upstream.requests.length;
      const document = { id: `with-${name}`, text: 'A text.', metadata: { year: 1, [name]: 'mine' } };
      const message = expect.stringMatching(/passages.*another name/i);
      expect(await send('POST', '/v1/documents', document)).toMatchObject({
        status: 400,
        body: { error: { type: 'invalid_request_error', param: `metadata.${name}`, message } },
      });
      expect(await send('POST', '/v1/documents', { documents: [{ text: 'B.' }, document] })).toMatchObject({
        status: 400,
        body: { error: { param: `documents[1].metadata.${name}`, message } },
      });
      expect(upstream.requests).toHaveLength(asked);
      expect(await send('GET', `/v1/documents/${document.id}`)).toMatchObject({ status: 404 });
    },
  );

  it.each([
    [{ id: 'a', metadata: { ['k'.repeat(257)]: 1 }, text: 'A text.' }, 'metadata', 'a name has at most 256 characters'],
    [{ id: 'a', metadata: { '': 1 }, text: 'A text.' }, 'metadata', 'A metadata key is empty.'],
    [{ id: 'a', content_base64: '' }, 'content_base64', 'A document must not be empty.'],
    [{ id: 'a', text: ' \n' }, 'text', 'A document must not be empty.'],
    [{ id: 'a', content_base64: '*' }, 'content_base64', 'The content is not whole base64'],
    [{ id: 'a', content_base64: 'aGVsb' }, 'content_base64', 'The content is not whole base64'],
    [{ id: 'a', content_base64: 'aGVsbG8==' }, 'content_base64', 'The content is not whole base64'],
  ])('as %j are told which field is at fault and why', async (document, param, message) => {
    expect(await send('POST', '/v1/documents', document)).toMatchObject({
      status: 400,
      body: { error: { param, message: expect.stringContaining(message) } },
    });
    expect(await send('POST', '/v1/documents', { documents: [document] })).toMatchObject({
      status: 400,
      body: { error: { param: `documents[0].${param}`, message: expect.stringContaining(message) } },
    });
  });

  it.each([
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/retry'],
  ])('for an id that no document can have are refused in every call alike: %s', async (method, suffix) => {
    for (const id of ['__x__', 'a%2Fb', 'a%00b', 'x'.repeat(513)]) {
      expect(await send(method, `/v1/documents/${id}${suffix}`)).toMatchObject({
        status: 400,
        body: { error: { param: 'id', message: expect.stringMatching(/^A document id must/) } },
      });
    }
  });
});
