import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { describePage } from './support/page.ts';

const KEY = 'sk-a-key-for-the-page-and-nothing-else';

const YAML = `
agents: [{ name: quoting, provider: local, model: extractive }]
auth: { mode: api_key, keys: [{ name: page, key_sha256: ${createHash('sha256').update(KEY).digest('hex')} }] }
`;

describePage(
  'a service that wants a key',
  () => YAML,
  ({ open }) => {
    it('is asked for it, and keeps it in this tab alone', async () => {
      const page = await open();
      const dialog = page.getByRole('dialog', { name: 'API key' });
      await dialog.getByLabel('Key').fill(KEY);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Ask something' }).waitFor();
      await page.getByRole('textbox', { name: 'Your question' }).fill('Hello');
      await page.keyboard.press('Enter');
      await page.locator('.answer-foot').waitFor();
      expect(await page.evaluate('JSON.stringify(sessionStorage)')).toContain(KEY);
      expect(await page.evaluate('JSON.stringify(localStorage) + document.cookie + location.href')).not.toContain(KEY);
      await page.reload();
      await page.getByRole('heading', { name: 'Ask something' }).waitFor();
      const other = await page.context().newPage();
      await other.goto(page.url());
      await other.getByRole('dialog', { name: 'API key' }).waitFor();
    });

    it('says what is wrong with a key that is not known, and forgets one when asked to', async () => {
      const page = await open();
      await page.getByRole('dialog').getByLabel('Key').fill('sk-wrong');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'API key' }).waitFor();
      await page.keyboard.press('Escape');
      const notice = page.getByRole('alert');
      await notice.getByText('invalid_api_key').waitFor();
      await notice.getByText('Give a valid API key.').waitFor();
      await notice.getByRole('button', { name: 'Enter an API key' }).click();
      await page.getByRole('button', { name: 'Forget it' }).click();
      await expect.poll(() => page.evaluate('sessionStorage.length')).toBe(0);
    });
  },
);
