import { AppError } from '../contracts/app-error.ts';

/** How far into a page its declaration may stand (https://html.spec.whatwg.org/#charset). */
const DECLARED_WITHIN = 1_024;
/** `<meta charset=…>`, the older `content="text/html; charset=…"`, or the declaration that XML begins with. */
const DECLARATION =
  /<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([\w.:-]+)|^\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([\w.:-]+)/i;

/**
 * Bytes as text: in the charset that was named, else in the one their byte order mark says, else as UTF-8, else as the
 * page declares for itself.
 *
 * @param named charset of the media type.
 * @param isPage the bytes are HTML, which may name its charset.
 * @throws AppError `invalid_request` for bytes that are not text in their charset, `unsupported` for an unknown one.
 */
export function decodeText(
  bytes: Uint8Array,
  { named, isPage }: { readonly named: string | undefined; readonly isPage: boolean },
): string {
  const charset = named ?? charsetOfMark(bytes) ?? 'utf-8';
  const text = tryDecode(bytes, createDecoder(charset));
  if (text !== undefined) return text;
  const declared = named === undefined && isPage ? declaredCharset(bytes) : undefined;
  const page = declared === undefined ? undefined : tryDecode(bytes, createDecoder(declared));
  if (page !== undefined) return page;
  throw new AppError(
    'invalid_request',
    `The content is not valid ${createDecoder(charset).encoding}; name its charset in the content type.`,
    { param: 'content' },
  );
}

/** UTF-16 has no other sign; of UTF-8 the decoder takes the mark away. */
function charsetOfMark([first, second]: Uint8Array): string | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}

/** Undefined where there is none, or none that is known. */
function declaredCharset(bytes: Uint8Array): string | undefined {
  const [, ofPage, ofXml] = DECLARATION.exec(Buffer.from(bytes.subarray(0, DECLARED_WITHIN)).toString('latin1')) ?? [];
  const charset = ofPage ?? ofXml;
  try {
    return charset === undefined ? undefined : new TextDecoder(charset).encoding;
  } catch {
    return undefined;
  }
}

function tryDecode(bytes: Uint8Array, decoder: InstanceType<typeof TextDecoder>): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function createDecoder(charset: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(charset, { fatal: true });
  } catch (error) {
    throw new AppError('unsupported', 'The charset of the content type is not known; send UTF-8.', {
      param: 'content_type',
      cause: error,
    });
  }
}
