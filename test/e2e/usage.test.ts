import { expect, it } from 'vitest';
import { describePage } from './support/page.ts';

const YAML = `
agents: [{ name: quoting, provider: local, model: extractive }]
limits: { daily_usd: 5 }
observability: { llm_observability: { daily_token_limit: 100000 } }
`;

describePage(
  'usage',
  () => YAML,
  (visit) => {
    it('shows what was used today, by provider, model and agent, and how much is left', async () => {
      const page = await visit.open('usage');
      await page.getByText('Nothing here yet: ask something, and come back.').waitFor();
      const body = { model: 'quoting', messages: [{ role: 'user', content: 'Hello' }] };
      for (let count = 0; count < 3; count += 1) {
        const response = await page.request.post(new URL('/v1/chat/completions', page.url()).href, { data: body });
        expect(response.status()).toBe(200);
      }
      await page.getByRole('button', { name: 'Refresh' }).click();
      await expect.poll(() => page.locator('.totals dd').first().textContent()).toBe('3');
      const agents = page.locator('section').filter({ has: page.getByRole('heading', { name: 'By agent' }) });
      await agents.getByText('quoting').waitFor();
      expect(await agents.locator('.bar-fill').getAttribute('width')).toBe('100');
      await page.getByRole('heading', { name: 'Limits of today' }).waitFor();
      await page.getByText('Tokens a day').waitFor();
    });

    it('draws a bar for each of thirty days, and gives the same as a table', async () => {
      const page = await visit.open('usage');
      await page.getByRole('radio', { name: '30 days' }).check();
      const chart = page.getByRole('img', { name: /on the busiest of 30 days/ });
      await chart.waitFor();
      expect(await chart.locator('rect.day').count()).toBe(30);
      const today = await chart.locator('rect.today').getAttribute('height');
      expect(Number(today)).toBeGreaterThan(100);
      await page.getByRole('radio', { name: 'Tokens' }).check();
      await page.getByText('As a table').click();
      expect(await page.getByRole('table').getByRole('row').count()).toBe(31);
    });
  },
);
