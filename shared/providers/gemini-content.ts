import type { Part } from '@google/genai';
import { AppError } from '../contracts/app-error.ts';
import type { ChatMessage, LooseContentPart } from '../contracts/chat-provider.ts';
import { toInlinePart, toMediaPart } from './gemini-media.ts';
import type { GeminiBackend } from './gemini-types.ts';

/**
 * The content of a message as parts. Empty text is left out, because the vendor refuses it.
 *
 * @param path of the message within the request, for errors.
 * @throws AppError `unsupported` naming the part for what the vendor cannot read.
 */
export function toContentParts({ content }: ChatMessage, path: string, backend: GeminiBackend): Part[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return toTextParts(content);
  return content.flatMap((part, position) =>
    toParts(part as LooseContentPart, `${path}.content[${position}]`, backend),
  );
}

/** The text of a message alone, e.g. of a system message. */
export function toPlainText({ content }: ChatMessage): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
}

function toTextParts(text: string): Part[] {
  return text === '' ? [] : [{ text }];
}

function toParts(part: LooseContentPart, path: string, backend: GeminiBackend): Part[] {
  switch (part.type) {
    case 'text':
      return toTextParts(part.text);
    case 'refusal':
      return toTextParts(part.refusal);
    case 'image_url':
      return [toMediaPart(part.image_url.url, { backend, path: `${path}.image_url.url`, defaultType: 'image/jpeg' })];
    case 'video_url':
      return [toMediaPart(part.video_url.url, { backend, path: `${path}.video_url.url`, defaultType: 'video/mp4' })];
    case 'audio_url':
      return [toMediaPart(part.audio_url.url, { backend, path: `${path}.audio_url.url`, defaultType: 'audio/mp3' })];
    case 'input_audio':
      return [toInlinePart(part.input_audio.data, `audio/${part.input_audio.format}`)];
    case 'file':
      return [toFilePart(part.file, `${path}.file`, backend)];
    default:
      throw new AppError('unsupported', `${backend} cannot read a content part of this type; leave it out.`, {
        param: `${path}.type`,
      });
  }
}

function toFilePart(
  { file_data: content, file_id: id, filename }: { file_data?: string; file_id?: string; filename?: string },
  path: string,
  backend: GeminiBackend,
): Part {
  if (content !== undefined) return toMediaPart(content, { backend, path: `${path}.file_data`, filename });
  // Google names uploaded files by their URI, which clients hand over as the id.
  if (id !== undefined && /^(https|gs):\/\//i.test(id)) {
    return toMediaPart(id, { backend, path: `${path}.file_id`, filename });
  }
  throw new AppError('unsupported', `A file needs file_data, or the URI of an uploaded file as file_id.`, {
    param: path,
  });
}
