import type { Part } from '@google/genai';
import { AppError } from '../contracts/app-error.ts';
import type { GeminiBackend } from './gemini-types.ts';

/** Media types by file extension, of what the models read. */
const TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  html: 'text/html',
  htm: 'text/html',
  css: 'text/css',
  csv: 'text/csv',
  xml: 'text/xml',
  json: 'text/plain',
  wav: 'audio/wav',
  mp3: 'audio/mp3',
  aac: 'audio/aac',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  aiff: 'audio/aiff',
  m4a: 'audio/m4a',
  opus: 'audio/opus',
  mp4: 'video/mp4',
  mpeg: 'video/mpeg',
  mpg: 'video/mpg',
  mov: 'video/mov',
  avi: 'video/avi',
  flv: 'video/x-flv',
  webm: 'video/webm',
  wmv: 'video/wmv',
  '3gp': 'video/3gpp',
};

/** Text under names that the models do not read. */
const OTHER_TEXT = /^application\/(json|x-yaml|yaml|x-ndjson|javascript|xml)$|\+(json|xml)$/;
const VIDEO_SITE = /^https:\/\/(www\.youtube\.com|youtube\.com|youtu\.be)\//i;

export interface MediaOptions {
  readonly backend: GeminiBackend;
  /** Where the URL stands in the request, for errors. */
  readonly path: string;
  /** For a URL that does not tell; without it such a URL is refused where the service needs the type. */
  readonly defaultType?: string;
  readonly filename?: string | undefined;
}

/**
 * Media by URL: a data URL goes inline, an https or (Vertex AI) `gs://` URL is fetched by Google itself, never by us.
 *
 * @throws AppError `unsupported` for another scheme and for a URL whose media type cannot be told, `invalid_request` for a
 * data URL without data.
 */
export function toMediaPart(url: string, options: MediaOptions): Part {
  if (/^data:/i.test(url)) return { inlineData: toInlineData(url, options) };
  const isStorage = /^gs:\/\//i.test(url);
  if (!(/^https:\/\//i.test(url) || (isStorage && options.backend === 'vertexai'))) {
    const taken =
      options.backend === 'vertexai' ? 'a data URL, an https URL or a gs:// URL' : 'a data URL or an https URL';
    throw new AppError('unsupported', `${options.backend} takes media as ${taken}.`, { param: options.path });
  }
  const mimeType = toMimeType(url, options);
  return { fileData: { ...(mimeType === undefined ? {} : { mimeType }), fileUri: url } };
}

/** Base64 data with a media type, e.g. of an `input_audio` part. */
export function toInlinePart(data: string, mimeType: string): Part {
  return { inlineData: { mimeType, data } };
}

function toMimeType(url: string, { backend, path, defaultType, filename }: MediaOptions): string | undefined {
  if (VIDEO_SITE.test(url)) return 'video/mp4';
  const guessed = guessType(filename) ?? guessType(url.split(/[?#]/, 1)[0]);
  if (guessed !== undefined) return guessed;
  // The Gemini API looks at the file; Vertex AI believes what it is told and insists on being told.
  if (backend === 'gemini') return undefined;
  if (defaultType !== undefined) return defaultType;
  throw new AppError('unsupported', 'The media type of this URL is unknown: give it a file extension or a filename.', {
    param: path,
  });
}

function guessType(name: string | undefined): string | undefined {
  const extension = name === undefined ? undefined : /\.([A-Za-z0-9]{2,4})$/.exec(name)?.[1];
  return extension === undefined ? undefined : TYPES[extension.toLowerCase()];
}

/** Not a regular expression over the whole: these are megabytes long. */
function toInlineData(url: string, { backend, path, filename }: MediaOptions): { mimeType: string; data: string } {
  const comma = url.indexOf(',');
  const [given = '', ...parameters] = comma === -1 ? [] : url.slice(5, comma).toLowerCase().split(';');
  const body = comma === -1 ? '' : url.slice(comma + 1);
  const type = given.trim() || guessType(filename) || '';
  if (body === '') throw new AppError('invalid_request', 'This data URL has no data.', { param: path });
  if (!/^[a-z]+\/[a-z0-9.+-]+$/.test(type)) {
    throw new AppError('unsupported', `${backend} needs the media type of a data URL: write it after "data:".`, {
      param: path,
    });
  }
  const isBase64 = parameters.some((parameter) => parameter.trim() === 'base64');
  return { mimeType: OTHER_TEXT.test(type) ? 'text/plain' : type, data: isBase64 ? body : toBase64(body) };
}

function toBase64(percentEncoded: string): string {
  try {
    return Buffer.from(decodeURIComponent(percentEncoded)).toString('base64');
  } catch {
    return Buffer.from(percentEncoded).toString('base64');
  }
}
