import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SmokeOptions, smoke, toTable, urlsFromBase, urlsFromOutputs } from '../../../scripts/smoke.ts';
import { type AppServer, startAppServer } from '../../support/app-server.ts';
import { freePort } from '../../support/service-process.ts';

const CHECKS = [
  'health of chat',
  'health of embed',
  'health of ingest',
  'health of search',
  'ingest',
  'search',
  'chat, streamed',
  'delete',
];

describe('the smoke test', () => {
  let server: AppServer;
  beforeAll(async () => {
    server = await startAppServer();
  });
  afterAll(() => server.close());

  const run = (options: Partial<SmokeOptions> = {}) =>
    smoke({ urls: urlsFromBase(`${server.url}/`), authorize: async () => undefined, ...options });

  /** The server, with some of its answers replaced. */
  const withAnswer =
    (path: RegExp, answer: () => Response): typeof fetch =>
    async (input, init) =>
      path.test(String(input)) ? answer() : fetch(input, init);

  it('finds a service that works in order, and leaves nothing behind', async () => {
    const results = await run();
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(results.map(({ check }) => check)).toEqual(CHECKS);
    expect(results.find(({ check }) => check === 'chat, streamed')?.detail).toMatch(
      /first token after \d+ ms, by local/,
    );
    const left = await fetch(`${server.url}/v1/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'kettle cupboard smoke test' }),
    });
    expect(await left.json()).toMatchObject({ data: [] });
    expect(toTable(results).split('\n')).toHaveLength(CHECKS.length);
  });

  it.each<readonly [what: string, path: RegExp, answer: () => Response, check: string, detail: RegExp]>([
    [
      'a caller who is not let in',
      /health/,
      () => new Response('<html>Forbidden</html>', { status: 403 }),
      'health of chat',
      /^403: Forbidden.*`invokers`/,
    ],
    [
      'a missing key',
      /documents$/,
      () => Response.json({ error: { message: 'No key.' } }, { status: 401 }),
      'ingest',
      /^401: No key\. Give a key with SLUICE_API_KEY/,
    ],
    ['another service', /health/, () => Response.json({ up: true }), 'health of embed', /not Sluice/],
    ['a wrong path', /search$/, () => new Response('', { status: 404 }), 'search', /without a path/],
    ['a search that forgets', /search$/, () => Response.json({ data: [] }), 'search', /does not find it/],
    [
      'a document that fails',
      /documents$/,
      () => Response.json({ data: [{ status: 'failed', chunks: 0, error: { message: 'Too long.' } }] }),
      'ingest',
      /not stored\. Too long/,
    ],
    [
      'a stream that breaks off',
      /chat/,
      () => new Response('data: {"choices":[{"delta":{"content":"Hel"}}]}\n\n'),
      'chat, streamed',
      /broke off/,
    ],
    [
      'a stream that fails',
      /chat/,
      () => new Response('data: {"error":{"message":"All legs failed."}}\n\ndata: [DONE]\n\n'),
      'chat, streamed',
      /All legs failed/,
    ],
    ['a stream without words', /chat/, () => new Response('data: [DONE]\n\n'), 'chat, streamed', /without a word/],
    [
      'a server error',
      /chat/,
      () => Response.json({ error: { message: 'x' } }, { status: 503 }),
      'chat, streamed',
      /^503: x The lines of severity ERROR/,
    ],
  ])('notices %s, says what to do, and goes on', async (_what, path, answer, check, detail) => {
    const results = await run({ fetch: withAnswer(path, answer) });
    expect(results).toHaveLength(CHECKS.length);
    const found = results.find((result) => result.check === check);
    expect(found?.ok).toBe(false);
    expect(found?.detail).toMatch(detail);
  });

  it('says that an address cannot be reached', async () => {
    const [first] = await run({ urls: urlsFromBase(`http://127.0.0.1:${await freePort()}`) });
    expect(first?.detail).toMatch(/Cannot be reached \(ECONNREFUSED\)/);
  });

  it('sends each function the authorization for its own address', async () => {
    const seen = new Map<string, string | null>();
    const urls = { ...urlsFromBase(server.url), search: `${server.url.replace('127.0.0.1', 'localhost')}` };
    await run({
      urls,
      authorize: async (url) => `Bearer for ${url}`,
      fetch: async (input, init) => {
        seen.set(new URL(String(input)).origin, new Headers(init?.headers).get('authorization'));
        return fetch(String(input).replace('localhost', '127.0.0.1'), init);
      },
    });
    expect(Object.fromEntries(seen)).toEqual({
      [urls.chat]: `Bearer for ${urls.chat}`,
      [urls.search]: `Bearer for ${urls.search}`,
    });
  });

  it('reads the addresses that Terraform writes, the load balancer before all', () => {
    const value = {
      chat: 'https://c',
      embed: 'https://e',
      ingest: 'https://i',
      search: 'https://s',
      gateway: 'https://g',
    };
    const { gateway: _gateway, ...four } = value;
    expect(urlsFromOutputs(JSON.stringify({ urls: { value }, edge: { value: null } }))).toEqual(four);
    expect(
      urlsFromOutputs(JSON.stringify({ urls: { value }, edge: { value: { url: 'https://llm.example.com' } } })).search,
    ).toBe('https://llm.example.com');
    expect(() => urlsFromOutputs('{}')).toThrow(/Apply first/);
  });
});
