import { AppError } from '../../contracts/app-error.ts';
import type { ChatBody } from '../schemas/chat-schema.ts';
import type { ResponsesItem } from '../schemas/responses-schema.ts';

type Message<Role> = Extract<ChatBody['messages'][number], { role: Role }>;

export type InputContent = Extract<ResponsesItem, { type: 'function_call_output' }>['output'];
type InputPart = Exclude<InputContent, string>[number];
type ToolPart = Exclude<Message<'tool'>['content'], string>[number];

/** Text, images and files as Chat Completions have them. A user's parts stay parts, one of text alone too. */
export function toUserContent(content: InputContent, param: string): Message<'user'>['content'] {
  return typeof content === 'string' ? content : content.map((part, index) => toPart(part, `${param}[${index}]`));
}

/** The result of a tool: a string where it is text alone. */
export function toToolContent(content: InputContent, param: string): Message<'tool'>['content'] {
  if (typeof content === 'string') return content;
  const [only, ...others] = content;
  if (only === undefined) return '';
  if (only.type === 'input_text' && others.length === 0) return only.text;
  return content.map((part, index) => toPart(part, `${param}[${index}]`));
}

export function toSystemContent(content: string | readonly { readonly text: string }[]): Message<'system'>['content'] {
  return typeof content === 'string' ? content : content.map(({ text }) => ({ type: 'text' as const, text }));
}

function toPart(part: InputPart, param: string): ToolPart {
  switch (part.type) {
    case 'input_text':
      return { type: 'text', text: part.text };
    case 'input_image':
      return toImagePart(part, param);
    case 'input_file':
      return toFilePart(part, param);
  }
}

function toImagePart({ image_url: url, detail }: Extract<InputPart, { type: 'input_image' }>, param: string): ToolPart {
  if (!url) {
    throw new AppError('unsupported', 'An image is taken as `image_url` alone: a data URL or an https URL.', { param });
  }
  // Chat Completions know no word for the image's own size; `high` comes closest.
  const known = detail === 'original' ? 'high' : detail;
  return { type: 'image_url', image_url: { url, ...(known ? { detail: known } : {}) } };
}

/** Providers that fetch files themselves take a URL where the data would be; the others refuse it by name. */
function toFilePart(
  { file_data: data, file_url: url, file_id: fileId, filename }: Extract<InputPart, { type: 'input_file' }>,
  param: string,
): ToolPart {
  const content = data ?? url;
  if (!content && !fileId) {
    throw new AppError('invalid_request', 'A file needs `file_data`, as a data URL, or `file_url`.', { param });
  }
  return {
    type: 'file',
    file: {
      ...(content ? { file_data: content } : {}),
      ...(fileId ? { file_id: fileId } : {}),
      ...(filename ? { filename } : {}),
    },
  };
}
