import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { createDocx, createPdf, docxParagraph } from '../support/office-files.ts';
import { describePage, type Visit } from './support/page.ts';

interface UploadedFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

function toFile(name: string, content: string | Uint8Array): UploadedFile {
  // As a browser that knows none of these endings would have it.
  return { name, mimeType: '', buffer: Buffer.from(content) };
}

const FILES = [
  toFile('handbook.md', '# Holidays\n\nEverybody has thirty days of holiday a year.'),
  toFile('notes.txt', 'The winch of the lock is greased in March.'),
  toFile('yard.html', '<title>The yard</title><h1>Yard</h1><p>Bicycles are parked behind the mill.</p>'),
  toFile('minutes.pdf', createPdf([['The board meets on the second Tuesday.']], { title: 'Minutes' })),
  toFile('letter.docx', createDocx(docxParagraph('The miller writes that the wheel turns again.'))),
];

const YAML = 'agents: [{ name: quoting, provider: local, model: extractive }]';

describePage(
  'documents',
  () => YAML,
  ({ open }) => {
    it('takes Markdown, text, HTML, PDF and DOCX, and says what became of each', async () => {
      const page = await open('documents');
      await page.getByText('Nothing here yet: drop a file.').waitFor();
      await upload(page, ...FILES);
      for (const { name } of FILES) await entry(page, name).getByText('Ready').waitFor();
      await entry(page, 'notes.txt').getByText('1 passage').waitFor();
      await page.reload();
      for (const { name } of FILES) await entry(page, name).getByText('Ready').waitFor();
    });

    it('takes files that are dropped anywhere, from another view too', async () => {
      const page = await open('chat');
      const transfer = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['Dropped from above.'], 'dropped.txt'));
      return transfer;
    })()`);
      await page.locator('.chat').dispatchEvent('dragover', { dataTransfer: transfer });
      await page.locator('.drop.over').waitFor({ state: 'attached' });
      await page.locator('.chat').dispatchEvent('drop', { dataTransfer: transfer });
      await entry(page, 'dropped.txt').getByText('Ready').waitFor();
      expect(await page.locator('.drop.over').count()).toBe(0);
      expect(new URL(page.url()).hash).toBe('#documents');
    });

    it('says in words why a file cannot be read, and takes it off the list', async () => {
      const page = await open('documents');
      await upload(page, toFile('photo.png', 'x'), toFile('empty.txt', ''), toFile('broken.pdf', 'not a PDF'));
      await entry(page, 'photo.png').getByText('A .png file cannot be read here.').waitFor();
      await entry(page, 'empty.txt').getByText('The file is empty.').waitFor();
      await entry(page, 'broken.pdf').getByRole('alert').waitFor();
      await entry(page, 'photo.png').getByRole('button', { name: 'Off the list photo.png' }).click();
      await expect.poll(() => entry(page, 'photo.png').count()).toBe(0);
    });

    it('deletes a document after asking, and what it deleted is found no more', async ({ task }) => {
      const page = await open('documents');
      await upload(page, toFile(`${task.id}.txt`, 'Marmalade is kept on the top shelf.'));
      const row = entry(page, `${task.id}.txt`);
      await row.getByText('Ready').waitFor();
      await row.getByRole('button', { name: 'Delete' }).click();
      await row.getByRole('button', { name: 'Really delete?' }).click();
      await expect.poll(() => row.count()).toBe(0);
      await page.getByLabel('Look up by id').fill(`${task.id}.txt`);
      await page.getByRole('button', { name: 'Look up' }).click();
      await row.getByText('Not there').waitFor();
    });

    it('answers from documents, with citations that open their passage', async () => {
      const page = await openWith(open, FILES);
      await page.goto(page.url().replace('#documents', '#chat'));
      await page.getByRole('switch', { name: 'Answer from documents' }).check();
      await page.getByRole('textbox', { name: 'Your question' }).fill('How many days of holiday does everybody have?');
      await page.keyboard.press('Enter');
      const answer = page.locator('.prose');
      await answer.getByText('Everybody has thirty days of holiday a year.').waitFor();
      await answer.getByRole('button', { name: 'Source 1: handbook.md' }).first().click();
      const passage = page.getByRole('dialog', { name: '[1] handbook.md' });
      await passage.getByText('Everybody has thirty days of holiday a year.').waitFor();
      expect(await passage.locator('dt').allTextContents()).toEqual(['Document', 'Characters', 'Score']);
      await expect
        .poll(() => passage.locator('dd').allTextContents())
        .toEqual(['handbook.md', '0–56', expect.stringMatching(/^0\.\d{3}$/)]);
      await page.keyboard.press('Escape');
      await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
      const sources = page.getByRole('list', { name: 'Sources' });
      await sources.getByRole('button', { name: 'handbook.md' }).click();
      await page.getByRole('dialog').waitFor();
    });

    it('searches with scores as bars and the words marked', async () => {
      const page = await openWith(open, FILES);
      await page.goto(page.url().replace('#documents', '#search'));
      await page.getByRole('searchbox').fill('bicycle parking');
      await page.keyboard.press('Enter');
      const best = page.getByRole('region', { name: 'Results' }).getByRole('listitem').first();
      await best.getByRole('heading', { name: 'The yard' }).waitFor();
      expect(await best.locator('mark').allTextContents()).toEqual(['Bicycles', 'parked']);
      expect(await best.locator('.bar-fill').getAttribute('width')).toBe('100');
      await best.getByText(/^words \d/).waitFor();
      await best.getByText(/^characters \d/).waitFor();
    });

    it('searches as mode, number and filter say', async () => {
      const page = await openWith(open, FILES);
      await page.goto(page.url().replace('#documents', '#search'));
      const sent = page.waitForRequest((request) => request.url().endsWith('/v1/search'));
      await page.getByRole('searchbox').fill('the');
      await page.getByRole('combobox', { name: 'Mode', exact: true }).selectOption('Meaning');
      await page.getByRole('spinbutton', { name: 'Results' }).fill('2');
      await page.getByRole('button', { name: 'Filter by metadata' }).click();
      await page.getByLabel('Field of condition 1').fill('source');
      await page.getByLabel('Comparison of condition 1').selectOption('is one of');
      await page.getByLabel('Value of condition 1').fill('notes.txt, minutes.pdf');
      await page.getByRole('button', { name: 'Search', exact: true }).click();
      expect((await sent).postDataJSON()).toEqual({
        query: 'the',
        highlights: true,
        top_k: 2,
        mode: 'vector',
        filter: { type: 'in', key: 'source', value: ['notes.txt', 'minutes.pdf'] },
      });
      const headings = page.getByRole('region', { name: 'Results' }).getByRole('heading');
      await expect.poll(async () => (await headings.allTextContents()).toSorted()).toEqual(['Minutes', 'notes.txt']);
    });
  },
);

function upload(page: Page, ...files: readonly UploadedFile[]): Promise<void> {
  return page.getByLabel('Files to upload').setInputFiles([...files]);
}

function entry(page: Page, name: string) {
  return page.getByRole('list', { name: 'Documents' }).getByRole('listitem').filter({ hasText: name });
}

async function openWith(open: Visit['open'], files: readonly UploadedFile[]): Promise<Page> {
  const page = await open('documents');
  await upload(page, ...files);
  for (const { name } of files)
    await entry(page, name)
      .getByText(/Ready|Unchanged/)
      .waitFor();
  return page;
}
