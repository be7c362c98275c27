import { AppError } from '../contracts/app-error.ts';
import { decodeText } from './charset.ts';

export interface ExtractInput {
  /** Text, or the bytes of a file. */
  readonly content: string | Uint8Array;
  /** Media type, with an optional `charset` for bytes. */
  readonly contentType: string;
}

export interface ExtractedText {
  /** Plain text or Markdown; what chunk offsets count in. */
  readonly text: string;
  /** The title the document gives itself. */
  readonly title?: string;
  /** Offsets into the text where its pages begin, the first one 0; absent where there are no pages. */
  readonly pages?: readonly number[];
}

/** What an extractor reads from; each reads the one it needs. */
export interface ExtractSource {
  /** The content as text. @throws AppError `invalid_request` when its bytes are not. */
  text(): string;
  /** The content as bytes. */
  bytes(): Uint8Array;
}

export type Extractor = (source: ExtractSource) => ExtractedText | Promise<ExtractedText>;

const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

/** Media type to extractor, loaded when the first document of its kind comes. A new kind is a file and a line. */
const EXTRACTORS: Readonly<Record<string, () => Promise<Extractor>>> = {
  'text/plain': async () => plainText,
  'text/markdown': async () => plainText,
  'text/html': async () => (await import('./extract-html.ts')).extractHtml,
  'application/pdf': async () => (await import('./extract-pdf.ts')).extractPdf,
  [DOCX]: async () => (await import('./extract-docx.ts')).extractDocx,
};

const ALIASES: Readonly<Record<string, string>> = {
  'text/x-markdown': 'text/markdown',
  'application/xhtml+xml': 'text/html',
};

/** Media types that a library parses from bytes. */
const PARSED_FILES: ReadonlySet<string> = new Set(['application/pdf', DOCX]);

/** Whether reading it can take a long time, however short it is. */
export function isParsedFile(contentType: string): boolean {
  return PARSED_FILES.has(essenceOf(contentType));
}

/** The media type of content that comes without one: text, unless its first bytes say PDF or DOCX. */
export function sniffContentType(content: string | Uint8Array): string {
  if (typeof content === 'string') return 'text/plain';
  const mark = Buffer.from(content.subarray(0, 5)).toString('latin1');
  if (mark === '%PDF-') return 'application/pdf';
  return mark.startsWith('PK\u0003\u0004') ? DOCX : 'text/plain';
}

/**
 * The text of a document.
 *
 * @throws AppError `unsupported` for a media type that is not known, `invalid_request` for content that is not text in
 * its charset: the one that the media type names, else UTF-8 unless its first bytes or the page itself say another.
 */
export async function extractText({ content, contentType }: ExtractInput): Promise<ExtractedText> {
  const [, ...parameters] = contentType.split(';');
  const type = essenceOf(contentType);
  const load = EXTRACTORS[ALIASES[type] ?? type];
  if (load === undefined) {
    throw new AppError(
      'unsupported',
      `Documents of this type cannot be read; send ${Object.keys(EXTRACTORS).join(', ')}.`,
      {
        param: 'content_type',
      },
    );
  }
  const extract = await load();
  return extract({
    text: () =>
      checkUnicode(
        typeof content === 'string'
          ? withoutMark(content)
          : decodeText(content, { named: charsetOf(parameters), isPage: (ALIASES[type] ?? type) === 'text/html' }),
      ),
    bytes: () => (typeof content === 'string' ? new TextEncoder().encode(content) : content),
  });
}

function essenceOf(contentType: string): string {
  const [essence = ''] = contentType.split(';');
  return essence.trim().toLowerCase();
}

function plainText(source: ExtractSource): ExtractedText {
  return { text: source.text() };
}

function charsetOf(parameters: readonly string[]): string | undefined {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=');
    if (name.trim().toLowerCase() === 'charset') return value.trim().replace(/^"(.*)"$/, '$1') || undefined;
  }
  return undefined;
}

/** NUL ends texts in databases, and half a surrogate pair cannot be stored or sent anywhere as UTF-8. */
function checkUnicode(text: string): string {
  if (text.includes('\0')) {
    throw new AppError('invalid_request', 'The text holds NUL characters; name the right content type or charset.', {
      param: 'text',
    });
  }
  if (/\p{Surrogate}/u.test(text)) {
    throw new AppError('invalid_request', 'The text holds half of a surrogate pair, so it is not valid Unicode.', {
      param: 'text',
    });
  }
  return text;
}

function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
