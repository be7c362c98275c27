import { randomUUID } from 'node:crypto';
import type { FunctionCall, Part } from '@google/genai';
import { AppError } from '../contracts/app-error.ts';
import type { ExtraContent } from './gemini-signature.ts';
import { toExtraContent } from './gemini-signature.ts';

export interface GeminiToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
  readonly extra_content?: ExtraContent;
}

/** An image the model made; in the shape OpenAI takes images in, which clients of other gateways know. */
export interface AnswerImage {
  readonly type: 'image_url';
  readonly image_url: { readonly url: string };
  /** What the vendor wants back with it. */
  readonly extra_content?: ExtraContent;
}

export function isAnswerImage(value: unknown): value is AnswerImage {
  const url: unknown = (value as Partial<AnswerImage> | null | undefined)?.image_url?.url;
  return typeof url === 'string' && url !== '';
}

/** What parts of an answer hold. Code that Google ran for the model, and its own tools' calls, are no part of it. */
export interface AnswerParts {
  /** One per part, thoughts as empty texts, so that the vendor's part indices hold. */
  readonly texts: readonly string[];
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly GeminiToolCall[];
  readonly images: readonly AnswerImage[];
  /** Signature of the text, to be sent back with it. */
  readonly signature: string | undefined;
}

/**
 * Reads the parts of a finished answer, or of one event of a stream.
 *
 * @param knownIds ids of the calls so far; new ones are added. The vendor leaves ids out, or could repeat one.
 */
export function readParts(
  parts: readonly (Part | null)[] | null | undefined,
  { provider, knownIds }: { readonly provider: string; readonly knownIds: Set<string> },
): AnswerParts {
  const texts: string[] = [];
  const calls: GeminiToolCall[] = [];
  const images: AnswerImage[] = [];
  let reasoning = '';
  let signature: string | undefined;
  for (const part of Array.isArray(parts) ? (parts as readonly (Part | null)[]) : []) {
    const text = typeof part?.text === 'string' ? part.text : undefined;
    const partSignature = typeof part?.thoughtSignature === 'string' ? part.thoughtSignature : undefined;
    texts.push(part?.thought ? '' : (text ?? ''));
    if (!part) continue;
    if (part.thought) reasoning += text ?? '';
    else if (part.functionCall) calls.push(toToolCall(part.functionCall, partSignature, provider, knownIds));
    else if (isImageData(part.inlineData)) {
      images.push({
        type: 'image_url',
        image_url: { url: `data:${part.inlineData.mimeType};base64,${part.inlineData.data}` },
        ...(partSignature ? toExtraContent(partSignature) : {}),
      });
    } else if (text !== undefined && partSignature) signature = partSignature;
  }
  return { texts, text: texts.join(''), reasoning, calls, images, signature };
}

function isImageData(blob: Part['inlineData']): blob is { readonly mimeType: string; readonly data: string } {
  const { mimeType, data }: { readonly mimeType?: unknown; readonly data?: unknown } = blob ?? {};
  return typeof data === 'string' && data !== '' && typeof mimeType === 'string' && mimeType.startsWith('image/');
}

function toToolCall(
  { id: given, name, args }: FunctionCall,
  signature: string | undefined,
  provider: string,
  knownIds: Set<string>,
): GeminiToolCall {
  const vendorId = typeof given === 'string' ? given : '';
  if (typeof name !== 'string' || name === '')
    throw new AppError('server_error', `${provider} answered with a function call that has no name.`);
  const id = vendorId && !knownIds.has(vendorId) ? vendorId : `call_${randomUUID()}`;
  knownIds.add(id);
  return {
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(args ?? {}) },
    ...(signature ? toExtraContent(signature) : {}),
  };
}
