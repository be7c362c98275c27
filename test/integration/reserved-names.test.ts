import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { post } from '../support/post.ts';

/** An object with that name as a field of its own, as a parsed body has it. */
const named = (value: unknown) => JSON.parse(`{"__proto__": ${JSON.stringify(value)}}`) as object;

describe('the name __proto__ in a request', () => {
  let server: AppServer;
  beforeAll(async () => {
    server = await startAppServer({
      yaml: `
agents: [{name: a, role: assistant, provider: local, model: extractive}]
embeddings: {provider: local, local: {}}
vectorstore: {provider: memory}
`,
    });
  });
  afterAll(() => server.close());

  const filter = { type: 'eq', key: '__proto__', value: 1 };
  const document = { id: 'a', text: 'Text.' };
  const messages = [{ role: 'user', content: 'x' }];
  it.each([
    ['/v1/documents', { ...document, metadata: { year: 1, ...named('x') } }, 'metadata.__proto__'],
    ['/v1/documents', { ...document, metadata: named({ polluted: true }) }, 'metadata.__proto__'],
    [
      '/v1/documents',
      { documents: [document, { ...document, metadata: named(1) }] },
      'documents[1].metadata.__proto__',
    ],
    ['/v1/documents', { ...document, metadata: { nested: named(1) } }, 'metadata.nested'],
    ['/v1/documents', { documents: [{ ...document, ...named(1) }] }, 'documents[0].__proto__'],
    ['/v1/search', { query: 'x', filter }, 'filter.key'],
    ['/v1/search', { query: 'x', filter: { type: 'and', filters: [filter] } }, 'filter.filters[0].key'],
    ['/v1/search', { query: 'x', filter: { ...filter, ...named(1) } }, 'filter.__proto__'],
    ['/v1/chat/completions', { model: 'a', messages, metadata: named('x') }, 'metadata.__proto__'],
    ['/v1/chat/completions', { model: 'a', messages, logit_bias: named(1) }, 'logit_bias.__proto__'],
    ['/v1/responses', { model: 'a', input: 'x', metadata: named('x') }, 'metadata.__proto__'],
  ])('is refused by name: %s %j', async (path, body, param) => {
    // It is sent, and not lost as the prototype of an object here.
    expect(JSON.stringify(body)).toContain('__proto__');
    expect(await post(`${server.url}${path}`, body)).toMatchObject({
      status: 400,
      body: { error: { type: 'invalid_request_error', param } },
    });
    expect((await fetch(`${server.url}/v1/documents/a`)).status).toBe(404);
  });
});
