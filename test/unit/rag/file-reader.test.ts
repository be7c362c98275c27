import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createFileReader } from '../../../shared/rag/file-reader.ts';
import { createDocx, docxParagraph } from '../../support/office-files.ts';

const PDF = 'application/pdf';
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const PATIENCE = new AbortController().signal;

/** A PDF of one page with these drawing commands. */
function pdfOf(commands: string): Uint8Array {
  const packed = deflateSync(Buffer.from(commands));
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>>>>>',
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
  ];
  const head = objects.map((object, index) => `${index + 1} 0 obj${object}\nendobj\n`).join('');
  const before = `%PDF-1.4\n${head}5 0 obj<</Length ${packed.length}/Filter/FlateDecode>>stream\n`;
  return Buffer.concat([
    Buffer.from(before),
    packed,
    Buffer.from('\nendstream\nendobj\ntrailer<</Size 6/Root 1 0 R>>\n%%EOF'),
  ]);
}

const TEXT = 'BT /F1 12 Tf 100 700 Td (Hello okapi) Tj ET';
const read = (content: Uint8Array, reader = createFileReader(), signal = PATIENCE) =>
  reader({ content, contentType: PDF }, signal);

describe('reading files in a thread', () => {
  it('gives the text of PDF and DOCX, one after the other, and of what needs no thread', async () => {
    const reader = createFileReader();
    const docx = { content: createDocx(docxParagraph('Hello gnu')), contentType: DOCX };
    const answers = await Promise.all([read(pdfOf(TEXT), reader), reader(docx, PATIENCE), read(pdfOf(TEXT), reader)]);
    expect(answers.map(({ text }) => text)).toEqual(['Hello okapi', 'Hello gnu', 'Hello okapi']);
    expect(await reader({ content: 'plain', contentType: 'text/plain' }, PATIENCE)).toEqual({ text: 'plain' });
  });

  it('stops with a file that takes too long, lets everything else go on meanwhile, and reads the next one', async () => {
    // Every `q` makes pdf.js look one step further for every name: a few hundred bytes, and hours.
    const endless = pdfOf(`${'q '.repeat(1_000_000)}${TEXT}`);
    expect(endless.length).toBeLessThan(4_000);
    await expect(read(endless, createFileReader({ timeoutMs: 1_000 }))).rejects.toMatchObject({
      code: 'too_large',
      message: 'The file takes longer than 1 s to read. Send it in parts, or as text.',
      param: 'content',
    });

    const reader = createFileReader();
    const leaving = new AbortController();
    const left = read(endless, reader, leaving.signal);
    const waiting = read(pdfOf(TEXT), reader);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    expect((await waiting).text).toBe('Hello okapi');
  });

  it('refuses a PDF that unpacks to more than any page of text', async () => {
    const bomb = pdfOf(`${TEXT}${' '.repeat(100_000_000)}`);
    expect(bomb.length).toBeLessThan(110_000);
    await expect(read(bomb)).rejects.toMatchObject({ code: 'too_large', param: 'content' });
  });

  it('refuses a damaged file in the words of its parser, and reads the next one', async () => {
    const reader = createFileReader();
    await expect(read(Buffer.from('%PDF-1.7 nothing'), reader)).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'The PDF is damaged, or it is no PDF.',
      param: 'content',
    });
    expect((await read(pdfOf(TEXT), reader)).text).toBe('Hello okapi');
  });
});
