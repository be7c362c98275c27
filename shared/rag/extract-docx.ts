import { AppError } from '../contracts/app-error.ts';
import { toReadableMarkup } from './docx-markup.ts';
import type { ExtractedText, ExtractSource } from './extract.ts';
import { extractHtml } from './extract-html.ts';
import { unpackZip } from './unpack-zip.ts';

/** The parts of a document that are text; pictures are not read. */
const TEXT_PART = /\.(?:xml|rels)$/i;
/** The parts become a tree in memory of many times their size. */
const MAX_TEXT_BYTES = 20 * 1_048_576;

/** What encrypted and old binary Office files begin with. */
const COMPOUND_FILE = 'd0cf11e0a1b11ae1';

/**
 * The text of a Word document as Markdown: headings, lists and tables stay.
 *
 * @throws AppError `invalid_request` for a file that is encrypted, damaged or of another format, `too_large` for more
 * than 20 MiB of text parts.
 */
export async function extractDocx(source: ExtractSource): Promise<ExtractedText> {
  const bytes = Buffer.from(source.bytes());
  if (bytes.subarray(0, 8).toString('hex') === COMPOUND_FILE) {
    throw invalid('The document is encrypted or in the old .doc format. Save it as .docx without a password.');
  }
  const parts = unpackZip(bytes, { only: TEXT_PART, maxBytes: MAX_TEXT_BYTES });
  if (!parts.has('[Content_Types].xml')) throw invalid(NO_DOCX);
  const html = await toHtml(parts);
  return extractHtml({ text: () => html, bytes: () => bytes });
}

/** As mammoth writes it. A text never looks so, because its `<` is written as `&lt;`. */
const CHECKBOX = /<input type="checkbox"( checked="checked")? \/>/g;

const NO_DOCX = 'The file is damaged, or it is no Word document (.docx).';

async function toHtml(parts: ReadonlyMap<string, Buffer>): Promise<string> {
  const { default: mammoth } = await import('mammoth');
  // What mammoth makes of an archive; its types leave out that it takes one that is open.
  const file = {
    exists: (name: string) => parts.has(name),
    read: async (name: string) => toReadableMarkup(parts.get(name)?.toString() ?? ''),
  };
  try {
    const { value } = await mammoth.convertToHtml({ file } as never, {
      styleMap: ["p[style-name='Title'] => h1:fresh", "br[type='page'] => br", "br[type='column'] => br"],
      externalFileAccess: false,
      // A picture says nothing here beyond its description, and is not even unpacked.
      convertImage: mammoth.images.imgElement(async () => ({ src: '' })),
    });
    const shown = value.replace(CHECKBOX, (_, checked) => (checked === undefined ? '☐' : '☒'));
    return shown.replaceAll('\0', '').toWellFormed();
  } catch (error) {
    throw invalid(NO_DOCX, error);
  }
}

function invalid(message: string, cause?: unknown): AppError {
  return new AppError('invalid_request', message, { param: 'content', ...(cause === undefined ? {} : { cause }) });
}
