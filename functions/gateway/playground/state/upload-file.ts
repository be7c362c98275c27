import { ApiError } from '../api/api-error.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  md: 'text/markdown',
  markdown: 'text/markdown',
  txt: 'text/plain',
  text: 'text/plain',
  html: 'text/html',
  htm: 'text/html',
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
};

/** For the file dialog. */
export const ACCEPTED = Object.keys(CONTENT_TYPES)
  .map((ending) => `.${ending}`)
  .join(',');

/** By the file's name: browsers do not know all of them. @throws ApiError for a kind that cannot be read. */
export function contentTypeOf({ name }: File): string {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  const type = CONTENT_TYPES[ending];
  if (type !== undefined) return type;
  const kind = ending === '' ? 'A file without an ending' : `A .${ending} file`;
  throw new ApiError('unreadable_file', `${kind} cannot be read here.`);
}

/** The file's name is its id, so that the same file again replaces the document. */
export function toDocumentId(name: string): string {
  const id = name
    .replace(/[/\\\p{Cc}]/gu, '-')
    .slice(0, 200)
    .toWellFormed();
  return /^\.{1,2}$|^__.*__$|^$/.test(id) ? `file-${id}` : id;
}

/** The file's bytes as base64. @throws ApiError when the file cannot be read or is empty. */
export function readBase64(file: File): Promise<string> {
  if (file.size === 0) return Promise.reject(new ApiError('invalid_request', 'The file is empty.'));
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(new ApiError('unreadable_file', 'The browser cannot read this file.'));
    reader.readAsDataURL(file);
  });
}
