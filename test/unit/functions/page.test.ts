import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageRoutes } from '../../../functions/gateway/page.ts';
import type { Answer, Handler, RequestContext } from '../../../shared/http/http-function.ts';
import { createRouter } from '../../../shared/http/router.ts';

const HTML = '<!doctype html><title>Sluice</title>';
const SCRIPT = 'console.log("a script");'.repeat(50);

type BytesAnswer = Extract<Answer, { bytes: unknown }>;

describe('the page', () => {
  let directory: string;
  let get: (path: string, headers?: Record<string, string>) => Promise<Answer>;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-page-'));
    const routes = pageRoutes({ directory, otherwise: () => ({ json: { name: 'sluice' } }) });
    const router = createRouter<Handler>(routes);
    get = async (path, headers = {}) => {
      const { route, params } = router('GET', path);
      const context = { params, header: (name: string) => headers[name] } as unknown as RequestContext;
      return await route.handler(context);
    };
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const write = async (): Promise<void> => {
    await writeFile(join(directory, 'index.html'), HTML);
    await writeFile(join(directory, 'app-1A2B.js'), SCRIPT);
  };

  it('is what a browser and a plain client get at /, with a strict policy', async () => {
    await write();
    for (const accept of ['text/html,application/xhtml+xml', '*/*', undefined]) {
      const answer = (await get('/', accept === undefined ? {} : { accept })) as BytesAnswer;
      expect(Buffer.from(answer.bytes).toString()).toBe(HTML);
      expect(answer.contentType).toBe('text/html; charset=utf-8');
      expect(answer.headers).toMatchObject({
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'permissions-policy': expect.stringContaining('camera=()'),
        'cache-control': 'no-cache',
      });
    }
  });

  it('leaves / to JSON for those who ask for it, and where the page was not built', async () => {
    expect(await get('/', { accept: 'text/html' })).toEqual({ json: { name: 'sluice' } });
    await write();
    expect(await get('/', { accept: 'application/json' })).toEqual({ json: { name: 'sluice' } });
  });

  it('compresses as the client takes it, and lets browsers keep files for good', async () => {
    await write();
    const [plain, gzip, brotli, declined] = (await Promise.all(
      [undefined, 'gzip, deflate', 'gzip, deflate, br', 'br;q=0, gzip'].map((accepted) =>
        get('/playground/app-1A2B.js', accepted === undefined ? {} : { 'accept-encoding': accepted }),
      ),
    )) as [BytesAnswer, BytesAnswer, BytesAnswer, BytesAnswer];
    expect(Buffer.from(plain.bytes).toString()).toBe(SCRIPT);
    expect(plain.headers?.['content-encoding']).toBeUndefined();
    expect(plain.headers?.['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(plain.headers?.vary).toContain('Accept-Encoding');
    expect(gunzipSync(gzip.bytes).toString()).toBe(SCRIPT);
    expect(brotliDecompressSync(brotli.bytes).toString()).toBe(SCRIPT);
    expect([gzip, brotli, declined].map(({ headers }) => headers?.['content-encoding'])).toEqual([
      'gzip',
      'br',
      'gzip',
    ]);
    expect(plain.contentType).toBe('text/javascript; charset=utf-8');
  });

  it('reads a file once, and serves it from memory after that', async () => {
    await write();
    await get('/playground/app-1A2B.js');
    await rm(join(directory, 'app-1A2B.js'));
    const again = (await get('/playground/app-1A2B.js')) as BytesAnswer;
    expect(Buffer.from(again.bytes).toString()).toBe(SCRIPT);
  });

  it.each(['nothing.js', 'index.html', '..%2Fpackage.json', '%2e%2e%2f%2e%2e%2fetc%2fpasswd', '..', 'app-1A2B.js%00'])(
    'has no file %s',
    async (name) => {
      await write();
      await expect(get(`/playground/${name}`)).rejects.toMatchObject({ code: 'not_found' });
    },
  );
});
