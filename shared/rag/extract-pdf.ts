import { AppError } from '../contracts/app-error.ts';
import type { ExtractedText, ExtractSource } from './extract.ts';

const MAX_PAGES = 5_000;
const MAX_CHARACTERS = 20_000_000;

/** Names of what pdf.js throws (https://github.com/mozilla/pdf.js/blob/master/src/shared/util.js). */
const PASSWORD_NEEDED = 'PasswordException';

type PdfDocument = Awaited<ReturnType<typeof import('unpdf')['getDocumentProxy']>>;

/**
 * The text of a PDF, page by page, as it was put into the file: what is only in pictures of pages is not there.
 *
 * @throws AppError `invalid_request` for a file that is encrypted, damaged or without text, `too_large` beyond 5,000 pages
 * or 20 million characters.
 */
export async function extractPdf(source: ExtractSource): Promise<ExtractedText> {
  const { getDocumentProxy } = await import('unpdf');
  let pdf: PdfDocument | undefined;
  try {
    // The bytes are handed over for good, and others still need theirs.
    pdf = await getDocumentProxy(Uint8Array.from(source.bytes()), { verbosity: 0 });
    return await readPdf(pdf);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const isLocked = error instanceof Error && error.name === PASSWORD_NEEDED;
    const message = isLocked
      ? 'The PDF is encrypted. Send it without its password.'
      : 'The PDF is damaged, or it is no PDF.';
    throw new AppError('invalid_request', message, { param: 'content', cause: error });
  } finally {
    await pdf?.destroy();
  }
}

async function readPdf(pdf: PdfDocument): Promise<ExtractedText> {
  if (pdf.numPages > MAX_PAGES) {
    throw tooLarge(`The PDF has ${pdf.numPages} pages, and at most ${MAX_PAGES} are read. Send it in parts.`);
  }
  const pages: number[] = [];
  let text = '';
  for (let number = 1; number <= pdf.numPages; number += 1) {
    if (number > 1) text += '\n\n';
    pages.push(text.length);
    text += await readPage(pdf, number);
    if (text.length > MAX_CHARACTERS) {
      throw tooLarge(`The PDF holds more than ${MAX_CHARACTERS} characters. Send it in parts.`);
    }
  }
  if (text.trim() === '') {
    throw new AppError('invalid_request', 'The PDF holds no text, only pictures perhaps. Recognise its text first.', {
      param: 'content',
    });
  }
  const title = titleOf(await pdf.getMetadata());
  return { text, pages, ...(title === undefined ? {} : { title }) };
}

async function readPage(pdf: PdfDocument, number: number): Promise<string> {
  const page = await pdf.getPage(number);
  const { items } = await page.getTextContent();
  const pieces = items.map((item) => ('str' in item ? `${item.str}${item.hasEOL ? '\n' : ''}` : ''));
  page.cleanup();
  // Fonts with a map of their own can give anything.
  return pieces.join('').replaceAll('\0', '').toWellFormed();
}

function titleOf({ info }: { info: object }): string | undefined {
  const title: unknown = 'Title' in info ? info.Title : undefined;
  const text = typeof title === 'string' ? title.replaceAll('\0', '').toWellFormed().trim() : '';
  return text === '' ? undefined : text;
}

function tooLarge(message: string): AppError {
  return new AppError('too_large', message, { param: 'content' });
}
