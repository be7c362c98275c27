import { AppError } from '../../contracts/app-error.ts';
import type { ChatBody } from '../schemas/chat-schema.ts';
import type { ContentBlock } from '../schemas/messages-schema.ts';

type ToolMessage = Extract<ChatBody['messages'][number], { role: 'tool' }>;

/** A content part that users and tools both may send. */
export type ContentPart = Exclude<ToolMessage['content'], string>[number];

type TextPart = Extract<ContentPart, { type: 'text' }>;
type DocumentBlock = Extract<ContentBlock, { type: 'document' }>;
type ImageBlock = Extract<ContentBlock, { type: 'image' }>;

/** OpenAI refuses a file without a name. */
const PDF_NAME = 'document.pdf';

/**
 * Content blocks as content parts, cache markers kept. Text documents become text, because every provider reads that;
 * their title and context lead it.
 * @param path of the blocks within the request, for errors.
 * @throws AppError `unsupported` for a document whose citations are asked for.
 */
export function toContentParts(blocks: readonly ContentBlock[], path: string): ContentPart[] {
  return blocks.flatMap((block, position) => toParts(block, `${path}[${position}]`));
}

/** The plain text where the parts are no more than that: every provider takes a string. */
export function toPlainContent<Part extends { readonly type: string }>(parts: Part[]): string | Part[] {
  const [first] = parts;
  if (first === undefined) return '';
  const only = parts.length === 1 ? (first as unknown as TextPart) : undefined;
  return only?.type === 'text' && !only.cache_control ? only.text : parts;
}

export type CacheControl = NonNullable<TextPart['cache_control']>;

/** `cache_control` as a field to be spread, or nothing. */
export function toMarker(source: { readonly cache_control?: CacheControl | null | undefined }): {
  cache_control?: CacheControl;
} {
  return source.cache_control ? { cache_control: source.cache_control } : {};
}

function toParts(block: ContentBlock, path: string): ContentPart[] {
  switch (block.type) {
    case 'text':
      return [withMarker({ type: 'text', text: block.text }, block)];
    case 'image':
      return [withMarker(toImagePart(block), block)];
    case 'document':
      return toDocumentParts(block, path);
  }
}

function withMarker<Part extends ContentPart>(
  part: Part,
  source: { readonly cache_control?: CacheControl | null | undefined },
): Part {
  return { ...part, ...toMarker(source) };
}

function toImagePart({ source }: ImageBlock): ContentPart {
  const url = source.type === 'url' ? source.url : `data:${source.media_type};base64,${source.data}`;
  return { type: 'image_url', image_url: { url } };
}

function toDocumentParts(block: DocumentBlock, path: string): ContentPart[] {
  if (block.citations?.enabled) {
    throw new AppError('unsupported', 'Citations of documents are not carried over the providers: leave them off.', {
      param: `${path}.citations`,
    });
  }
  const parts = toSourceParts(block, path);
  const last = parts.at(-1);
  // One marker at the end of a document covers all of it.
  return last ? [...parts.slice(0, -1), withMarker(last, block)] : [];
}

function toSourceParts({ source, title, context }: DocumentBlock, path: string): ContentPart[] {
  const context_ = context ? [context] : [];
  const lead = [...(title ? [title] : []), ...context_];
  switch (source.type) {
    case 'text':
      return [toText([...lead, source.data])];
    case 'content':
      if (typeof source.content === 'string') return [toText([...lead, source.content])];
      return [...toLead(lead), ...toContentParts(source.content, `${path}.source.content`)];
    case 'url':
    case 'base64': {
      const data = source.type === 'url' ? source.url : `data:${source.media_type};base64,${source.data}`;
      return [...toLead(context_), { type: 'file', file: { file_data: data, filename: title || PDF_NAME } }];
    }
  }
}

function toLead(lines: readonly string[]): ContentPart[] {
  return lines.length > 0 ? [toText(lines)] : [];
}

function toText(lines: readonly string[]): TextPart {
  return { type: 'text', text: lines.join('\n\n') };
}
