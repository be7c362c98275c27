import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '../contracts/app-error.ts';
import type { ChatMessage } from '../contracts/chat-provider.ts';

export type InputBlock = Anthropic.TextBlockParam | Anthropic.ImageBlockParam | Anthropic.DocumentBlockParam;

type ContentPart = Exclude<NonNullable<ChatMessage['content']>, string>[number];

const IMAGE_TYPES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);
/** Document types that are text under another name. */
const TEXT_TYPE = /^text\/|^application\/(json|xml|yaml|x-yaml|javascript)$|\+(json|xml)$/;

/**
 * Content parts as blocks. Blank text is left out, because the vendor refuses it.
 * @param path of the content within the request, for errors.
 * @throws AppError `unsupported` for audio, uploaded file ids, media types the vendor does not read, and a URL that is
 * neither https nor data.
 */
export function toInputBlocks(parts: readonly ContentPart[], path: string): InputBlock[] {
  const blocks: InputBlock[] = [];
  parts.forEach((part, position) => {
    const block = toBlock(part, `${path}[${position}]`);
    if (block) blocks.push({ ...block, ...toCacheControl(part) });
  });
  return blocks;
}

/** A text block, or none for blank text. */
export function toTextBlocks(text: string, source?: object): Anthropic.TextBlockParam[] {
  return text.trim() === '' ? [] : [{ type: 'text', text, ...toCacheControl(source) }];
}

/**
 * The cache marker of a part, message or tool: the vendor's own `cache_control`, which clients set beside OpenAI's
 * fields, or OpenAI's `prompt_cache_breakpoint`.
 */
export function toCacheControl(source: object | undefined): { cache_control?: Anthropic.CacheControlEphemeral } {
  const { cache_control: control, prompt_cache_breakpoint: breakpoint } = (source ?? {}) as {
    cache_control?: Anthropic.CacheControlEphemeral | null;
    prompt_cache_breakpoint?: object | null;
  };
  if (control) return { cache_control: control };
  return breakpoint ? { cache_control: { type: 'ephemeral' } } : {};
}

function toBlock(part: ContentPart, path: string): InputBlock | undefined {
  switch (part.type) {
    case 'text':
      return toTextBlocks(part.text)[0];
    case 'refusal':
      return toTextBlocks(part.refusal)[0];
    case 'image_url':
      return { type: 'image', source: toImageSource(part.image_url.url, `${path}.image_url.url`) };
    case 'file':
      return toFileBlock(part.file, `${path}.file`);
    default:
      throw new AppError('unsupported', `anthropic cannot read a content part of type ${part.type}; leave it out.`, {
        param: path,
      });
  }
}

function toImageSource(url: string, path: string): Anthropic.ImageBlockParam['source'] {
  const data = parseDataUrl(url);
  return data ? toImageData(data, path) : { type: 'url', url: toHttpsUrl(url, path) };
}

function toImageData({ mediaType, base64 }: DataUrl, path: string): Anthropic.Base64ImageSource {
  const type = mediaType === 'image/jpg' ? 'image/jpeg' : mediaType;
  if (!IMAGE_TYPES.has(type)) {
    throw new AppError('unsupported', 'anthropic reads images as JPEG, PNG, GIF or WebP; convert this one.', {
      param: path,
    });
  }
  return { type: 'base64', media_type: type as Anthropic.Base64ImageSource['media_type'], data: base64 };
}

function toFileBlock(
  { file_data: content, file_id: id, filename }: { file_data?: string; file_id?: string; filename?: string },
  path: string,
): InputBlock {
  if (content === undefined) {
    const given = id === undefined ? 'nothing' : 'a file_id';
    throw new AppError('unsupported', `A file needs file_data for anthropic; the request has ${given} instead.`, {
      param: path,
    });
  }
  const title = filename ? { title: filename } : {};
  const data = parseDataUrl(content);
  if (!data) {
    return { type: 'document', source: { type: 'url', url: toHttpsUrl(content, `${path}.file_data`) }, ...title };
  }
  const { mediaType, base64 } = data;
  if (mediaType.startsWith('image/')) return { type: 'image', source: toImageData(data, `${path}.file_data`) };
  if (mediaType === 'application/pdf') {
    return { type: 'document', source: { type: 'base64', media_type: mediaType, data: base64 }, ...title };
  }
  if (TEXT_TYPE.test(mediaType)) {
    const text = Buffer.from(base64, 'base64').toString('utf8');
    return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: text }, ...title };
  }
  throw new AppError('unsupported', 'anthropic reads files as PDF, text or image; convert this one.', {
    param: `${path}.file_data`,
  });
}

interface DataUrl {
  readonly mediaType: string;
  readonly base64: string;
}

/** Not a regular expression over the whole: these are megabytes long. */
function parseDataUrl(url: string): DataUrl | undefined {
  if (!/^data:/i.test(url)) return undefined;
  const comma = url.indexOf(',');
  if (comma === -1) return { mediaType: '', base64: '' };
  const [mediaType = '', ...parameters] = url.slice(5, comma).toLowerCase().split(';');
  const body = url.slice(comma + 1);
  const isBase64 = parameters.some((parameter) => parameter.trim() === 'base64');
  return { mediaType: mediaType.trim(), base64: isBase64 ? body : toBase64(body) };
}

function toBase64(percentEncoded: string): string {
  try {
    return Buffer.from(decodeURIComponent(percentEncoded)).toString('base64');
  } catch {
    return Buffer.from(percentEncoded).toString('base64');
  }
}

function toHttpsUrl(url: string, path: string): string {
  if (/^https:\/\//i.test(url)) return url;
  throw new AppError('unsupported', 'anthropic takes files as a data URL or by an https URL.', { param: path });
}
