import { AppError } from '../contracts/app-error.ts';
import type { ChatMessage } from '../contracts/chat-provider.ts';

type ContentPart = Exclude<NonNullable<ChatMessage['content']>, string>[number];

export interface OllamaContent {
  /** Text parts, one a line. */
  readonly content: string;
  readonly images?: readonly string[];
}

/**
 * A message's content as one text and the images beside it, which is all the vendor has room for.
 * @param path of the message within the request, for errors.
 * @throws AppError `unsupported` for images by address, audio and files, `invalid_request` for an image without data.
 */
export function toOllamaContent({ content }: ChatMessage, path: string): OllamaContent {
  if (typeof content === 'string') return { content };
  const texts: string[] = [];
  const images: string[] = [];
  (content ?? []).forEach((part: ContentPart, position) => {
    const partPath = `${path}.content[${position}]`;
    switch (part.type) {
      case 'text':
        texts.push(part.text);
        break;
      case 'refusal':
        texts.push(part.refusal);
        break;
      case 'image_url':
        images.push(toBase64Image(part.image_url.url, `${partPath}.image_url.url`));
        break;
      default:
        throw new AppError('unsupported', `ollama cannot read a content part of type ${part.type}; leave it out.`, {
          param: partPath,
        });
    }
  });
  return { content: texts.join('\n'), ...(images.length > 0 ? { images } : {}) };
}

/** Not a regular expression over the whole: these are megabytes long. */
function toBase64Image(url: string, param: string): string {
  if (!/^data:/i.test(url)) {
    throw new AppError('unsupported', 'ollama takes images as data URLs alone: send this one as base64.', { param });
  }
  const comma = url.indexOf(',');
  const [type = '', ...parameters] = comma === -1 ? [] : url.slice(5, comma).toLowerCase().split(';');
  const data = url.slice(comma + 1);
  if (comma === -1 || data === '') {
    throw new AppError('invalid_request', 'This data URL has no data.', { param });
  }
  if (!type.trim().startsWith('image/')) {
    throw new AppError('unsupported', 'ollama reads images alone, and this data URL holds something else.', { param });
  }
  return parameters.some((parameter) => parameter.trim() === 'base64') ? data : toBase64(data);
}

function toBase64(percentEncoded: string): string {
  try {
    return Buffer.from(decodeURIComponent(percentEncoded)).toString('base64');
  } catch {
    return Buffer.from(percentEncoded).toString('base64');
  }
}
