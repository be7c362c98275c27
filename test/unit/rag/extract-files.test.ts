import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extractText, sniffContentType } from '../../../shared/rag/extract.ts';
import { createDocx, createPdf, createZip, docxParagraph } from '../../support/office-files.ts';

const PDF = 'application/pdf';
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

const extract = (contentType: string) => (content: Uint8Array) => extractText({ content, contentType });
const pdf = extract(PDF);
const docx = extract(DOCX);

describe('a PDF', () => {
  test('is read page by page, with its title', async () => {
    const content = createPdf([['First page, line one.', 'It goes on.'], [], ['Third page.']], { title: 'Handbook' });
    const { text, pages, title } = await pdf(content);
    expect(text).toBe('First page, line one.\nIt goes on.\n\n\n\nThird page.');
    expect(title).toBe('Handbook');
    expect(pages?.map((start) => text.slice(start, start + 5))).toEqual(['First', '\n\nThi', 'Third']);
    // Nobody else's bytes are taken.
    expect(content.length).toBeGreaterThan(0);
  });

  test.each([
    ['is encrypted', createPdf([['x']], { isEncrypted: true }), 'encrypted'],
    ['is cut off', createPdf([['x'], ['y']]).slice(0, 300), 'damaged'],
    ['is none', new TextEncoder().encode('%PDF-1.4 and then something else'), 'damaged'],
    ['is empty', new Uint8Array(0), 'damaged'],
    ['holds no text', createPdf([[], []]), 'no text'],
    ['says it is Word', createDocx(docxParagraph('x')), 'damaged'],
  ])('that %s is refused in words that help', async (_name, content, words) => {
    await expect(pdf(content)).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'content',
      message: expect.stringContaining(words),
    });
  });

  test('with more pages than anybody reads is refused', async () => {
    const content = Buffer.from(createPdf(Array.from({ length: 5_001 }, () => [])));
    await expect(pdf(content)).rejects.toMatchObject({ code: 'too_large', message: expect.stringContaining('5001') });
  });
});

describe('a Word document', () => {
  const row = (...cells: readonly string[]) =>
    `<w:tr>${cells.map((cell) => `<w:tc>${docxParagraph(cell)}</w:tc>`).join('')}</w:tr>`;

  test('is read as Markdown, with its headings and tables', async () => {
    const body = [
      docxParagraph('Yard rules', 'Title'),
      docxParagraph('Parking', 'Heading1'),
      docxParagraph('Bicycles are parked &amp; locked – 文字.'),
      `<w:tbl>${row('What', 'Where')}${row('Bicycle', 'Yard')}</w:tbl>`,
    ].join('');
    const { text } = await docx(createDocx(body));
    expect(text).toContain('# Yard rules\n\n# Parking\n\nBicycles are parked & locked – 文字.');
    expect(text).toMatch(/\| *Bicycle *\| *Yard *\|/);
  });

  test('leaves its pictures where they are', async () => {
    const picture = { name: 'word/media/image1.png', content: Buffer.alloc(30 * 1_048_576) };
    expect((await docx(createDocx(docxParagraph('Text.'), [picture]))).text).toBe('Text.');
  });

  const compound = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(512)]);
  test.each([
    ['is encrypted or old', compound, 'encrypted'],
    ['is cut off', createDocx(docxParagraph('x')).subarray(0, 700), 'damaged'],
    ['is another archive', createZip([{ name: 'a.txt', content: 'x' }]), 'no Word document'],
    ['lacks its body', createZip([{ name: '[Content_Types].xml', content: '<Types/>' }]), 'damaged'],
    ['is none', new TextEncoder().encode('PK but no archive'), 'damaged'],
    ['is not well formed', createDocx('<w:p><w:r>'), 'damaged'],
  ])('that %s is refused in words that help', async (_name, content, words) => {
    await expect(docx(content)).rejects.toMatchObject({
      code: 'invalid_request',
      param: 'content',
      message: expect.stringContaining(words),
    });
  });

  test.each([undefined, 100])(
    'that unpacks to far more than it weighs is refused, whatever it claims: %s',
    async (claimedBytes) => {
      const content = Buffer.alloc(40 * 1_048_576, 'x');
      const bomb = { name: 'word/bomb.xml', content, ...(claimedBytes === undefined ? {} : { claimedBytes }) };
      const archive = createDocx(docxParagraph('x'), [bomb]);
      expect(archive.length).toBeLessThan(100_000);
      await expect(docx(archive)).rejects.toMatchObject({ code: 'too_large' });
    },
  );

  test('that is damaged anywhere is read or refused, and never breaks', async () => {
    const whole = createDocx(docxParagraph('Some text.'));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
        const damaged = Buffer.from(whole);
        damaged[at] = byte;
        const outcome = await docx(damaged).catch((error: unknown) => error);
        expect(outcome).toHaveProperty(outcome instanceof Error ? 'code' : 'text');
      }),
      { numRuns: 150 },
    );
  });
});

test.each([
  ['a PDF', createPdf([['x']]), PDF],
  ['a Word document', createDocx(''), DOCX],
  ['other bytes', new TextEncoder().encode('text'), 'text/plain'],
  ['text, whatever it says', '%PDF-1.4', 'text/plain'],
])('the type of %s is known by how it begins', (_name, content, type) => {
  expect(sniffContentType(content)).toBe(type);
});
