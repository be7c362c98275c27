import { AppError } from '../../contracts/app-error.ts';
import type { ChatMessage, ChatRequest, LooseContentPart } from '../../contracts/chat-provider.ts';
import type { HttpFetch } from '../../contracts/http-fetch.ts';

/** Images of one request that are fetched; each may take the transport's largest body. */
const MAX_IMAGES = 10;

export type InlineImages = (request: ChatRequest, signal: AbortSignal) => Promise<ChatRequest>;

/**
 * Makes requests whose images by URL have become data URLs, for providers that read bytes alone and for those that must
 * not fetch for a caller. One per request: an image is fetched once, however many legs and attempts need it. The
 * addresses are the caller's, so `fetch` must be the transport that reaches nothing but public servers.
 *
 * @throws AppError `unsupported`, naming the part, for an image that cannot be had, and for audio and video by URL:
 * another leg may fetch it itself.
 */
export function createInlineImages(fetch: HttpFetch): InlineImages {
  const fetched = new Map<string, Promise<string>>();

  const toDataUrl = (url: string, param: string, signal: AbortSignal): Promise<string> => {
    const known = fetched.get(url);
    if (known !== undefined) return known;
    if (fetched.size === MAX_IMAGES) {
      throw new AppError('unsupported', `At most ${MAX_IMAGES} images by URL: send the others as data URLs.`, {
        param,
      });
    }
    const started = fetchImage(fetch, url, param, signal);
    // An attempt that was cut short says nothing about the next one's.
    started.catch(() => fetched.delete(url));
    fetched.set(url, started);
    return started;
  };

  return async (request, signal) => {
    if (!hasLinkedMedia(request)) return request;
    const messages = await Promise.all(
      request.messages.map(async (message, index) => {
        if (!hasLink(message)) return message;
        const content = await Promise.all(
          (message.content as readonly LooseContentPart[]).map(async (part, position) => {
            const link = linkOf(part);
            if (link === undefined) return part;
            const param = `messages[${index}].content[${position}].${part.type}.url`;
            if (part.type !== 'image_url') {
              const why =
                'Audio and video by URL are not fetched for this provider: send a data URL, if its model takes them.';
              throw new AppError('unsupported', why, { param });
            }
            if (!/^https?:/i.test(link)) {
              throw new AppError('unsupported', 'Send this image as a data URL or by an https URL.', { param });
            }
            const url = await toDataUrl(link, param, signal);
            return { ...part, image_url: { ...part.image_url, url } };
          }),
        );
        return { ...message, content } as ChatMessage;
      }),
    );
    return { ...request, messages };
  };
}

/** Whether a request has images, audio or video that somebody would have to fetch. */
export function hasLinkedMedia({ messages }: ChatRequest): boolean {
  return messages.some(hasLink);
}

function hasLink({ content }: ChatMessage): boolean {
  return Array.isArray(content) && (content as readonly LooseContentPart[]).some((part) => linkOf(part) !== undefined);
}

/** The address of a part that does not hold its own bytes. */
function linkOf(part: LooseContentPart): string | undefined {
  const url = urlOf(part);
  return url === undefined || /^data:/i.test(url) ? undefined : url;
}

function urlOf(part: LooseContentPart): string | undefined {
  switch (part.type) {
    case 'image_url':
      return part.image_url.url;
    case 'video_url':
      return part.video_url.url;
    case 'audio_url':
      return part.audio_url.url;
    default:
      return undefined;
  }
}

async function fetchImage(fetch: HttpFetch, url: string, param: string, signal: AbortSignal): Promise<string> {
  const refuse = (why: string, cause?: unknown): AppError =>
    new AppError('unsupported', `The image could not be fetched: ${why}. Send it as a data URL.`, { param, cause });
  let bytes: Buffer;
  try {
    const response = await fetch(url, { signal, headers: { accept: 'image/*' }, headersTimeoutMs: 10_000 });
    if (!response.ok) {
      await response.chunks()[Symbol.asyncIterator]().return?.();
      throw refuse(`its server answered ${response.status}`);
    }
    const parts: Uint8Array[] = [];
    for await (const part of response.chunks()) parts.push(part);
    bytes = Buffer.concat(parts);
  } catch (error) {
    if (signal.aborted || (error instanceof AppError && error.code === 'unsupported')) throw error;
    // Why exactly would tell a caller what our network can reach.
    throw refuse('its server could not be reached or sent too much', error);
  }
  const type = imageTypeOf(bytes);
  if (type === undefined) throw refuse('what came is no PNG, JPEG, WebP or GIF');
  return `data:${type};base64,${bytes.toString('base64')}`;
}

/** By its first bytes: what a server says about a file, and what its name says, is often wrong. */
function imageTypeOf(bytes: Buffer): string | undefined {
  const starts = (...head: number[]): boolean => head.every((byte, index) => bytes[index] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47)) return 'image/png';
  if (starts(0xff, 0xd8, 0xff)) return 'image/jpeg';
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') return 'image/webp';
  return /^GIF8[79]a/.test(bytes.toString('latin1', 0, 6)) ? 'image/gif' : undefined;
}
