import { expect, it } from 'vitest';
import { startGateway } from './support/gateway.ts';
import { describePage } from './support/page.ts';

const AGENTS = 'agents: [{ name: quoting, provider: local, model: extractive }]';
/** Bytes of scripts and styles that a first visit may cost. */
const MOST_BYTES = 60_000;

describePage(
  'the delivery of the page',
  () => AGENTS,
  (visit) => {
    it('costs a first visit less than 60 KB of scripts and styles, all of them compressed', async () => {
      const page = await visit.open();
      const lists = `performance.getEntriesByType('resource').filter(({ name }) => name.includes('/playground/'))
        .map(({ name, encodedBodySize, decodedBodySize }) => ({ name, sent: encodedBodySize, whole: decodedBodySize }))`;
      const read = async () => (await page.evaluate(lists)) as { name: string; sent: number; whole: number }[];
      // Theme, styles, the page, and the reader of Markdown, which comes last.
      await expect.poll(async () => (await read()).length).toBe(4);
      const files = await read();
      expect(files.reduce((sum, { sent }) => sum + sent, 0)).toBeLessThan(MOST_BYTES);
      for (const { sent, whole } of files.filter((file) => file.whole > 1_000)) {
        expect(sent).toBeLessThan(whole / 2);
      }
    });

    it('is at the address of the API, and leaves JSON to those who ask for it', async () => {
      const { url } = visit.gateway;
      const [page, list, health] = await Promise.all([
        fetch(url),
        fetch(url, { headers: { accept: 'application/json' } }),
        fetch(`${url}/health`),
      ]);
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
      expect(page.headers.get('x-content-type-options')).toBe('nosniff');
      expect(await list.json()).toMatchObject({ name: 'sluice' });
      expect(health.status).toBe(200);
    });

    it('keeps its files for good and its start for no time', async () => {
      const start = await fetch(visit.gateway.url);
      expect(start.headers.get('cache-control')).toBe('no-cache');
      const [path = ''] = /\/playground\/main-[A-Z0-9]+\.js/.exec(await start.text()) ?? [];
      const script = await fetch(`${visit.gateway.url}${path}`);
      expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect((await fetch(`${visit.gateway.url}/playground/other.js`)).status).toBe(404);
    });

    it('does not happen where the configuration switches it off', async () => {
      const off = await startGateway(`${AGENTS}\nplayground: false`);
      try {
        const start = await fetch(off.url, { headers: { accept: 'text/html' } });
        expect(await start.json()).toMatchObject({ name: 'sluice', routes: expect.any(Array) });
        const on = await (await fetch(visit.gateway.url)).text();
        for (const [path] of on.matchAll(/\/playground\/[\w-]+\.(?:js|css)/g)) {
          expect((await fetch(`${off.url}${path}`)).status).toBe(404);
        }
      } finally {
        await off.stop();
      }
    });
  },
);
