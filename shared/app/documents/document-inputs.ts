import type * as z from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { checkDocumentMetadata } from '../../contracts/metadata-rules.ts';
import type { DocumentInput, documentsSchema } from '../../http/schemas/documents-schema.ts';
import { checkDocumentId } from '../../rag/document-key.ts';
import type { IngestInput } from '../../rag/ingest.ts';

export type DocumentsBody = z.output<typeof documentsSchema>;

export interface IngestInputsOptions {
  readonly maxDocuments: number;
  readonly tenant: string | null;
}

/**
 * The documents of a request, all of them checked, so that a bad request stores nothing.
 * @throws AppError `invalid_request` naming the field.
 */
export function toIngestInputs(body: DocumentsBody, { maxDocuments, tenant }: IngestInputsOptions): IngestInput[] {
  return toDocuments(body, maxDocuments).map(({ document, path }) => toIngestInput(document, path, tenant));
}

interface PlacedDocument {
  readonly document: DocumentInput;
  /** Where it stands in the request, for errors. */
  readonly path: string;
}

function toDocuments(body: DocumentsBody, limit: number): PlacedDocument[] {
  const { documents, sluice: _sluice, ...single } = body;
  if (documents === undefined) return [{ document: single, path: '' }];
  const [extra] = Object.keys(single);
  if (extra !== undefined) {
    throw new AppError('invalid_request', 'Give one document, or several under `documents`, not both.', {
      param: extra,
    });
  }
  if (documents.length > limit) {
    throw new AppError('invalid_request', `At most ${limit} documents are accepted at once.`, { param: 'documents' });
  }
  return documents.map((document, index) => ({ document, path: `documents[${index}].` }));
}

function toIngestInput(document: DocumentInput, path: string, tenant: string | null): IngestInput {
  const { id, text, content_base64: base64, content_type: contentType, title, source, metadata, collection } = document;
  if (id !== undefined) checkDocumentId(id, `${path}id`);
  if ((text === undefined) === (base64 === undefined)) {
    throw new AppError('invalid_request', 'A document needs either `text` or `content_base64`.', {
      param: `${path}text`,
    });
  }
  if ((text ?? base64)?.trim() === '') {
    throw new AppError('invalid_request', 'A document must not be empty.', {
      param: `${path}${text === undefined ? 'content_base64' : 'text'}`,
    });
  }
  if (metadata !== undefined) checkDocumentMetadata(metadata, `${path}metadata`);
  return {
    content: text ?? decodeBase64(base64 ?? '', `${path}content_base64`),
    tenant,
    ...(id === undefined ? {} : { id }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(title ? { title } : {}),
    ...(source ? { source } : {}),
    ...(metadata === undefined ? {} : { metadata }),
    ...(collection === undefined ? {} : { collection }),
  };
}

function decodeBase64(text: string, param: string): Uint8Array {
  const digits = text.replace(/={1,2}$/, '').length;
  // Node decodes what it can of a text that was cut off: one digit too many, or padding that does not fill its group of
  // four, says that something is missing.
  const isWhole = digits % 4 !== 1 && (digits === text.length || text.length % 4 === 0);
  if (!isWhole || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new AppError('invalid_request', 'The content is not whole base64 (RFC 4648, in one line).', { param });
  }
  return Buffer.from(text, 'base64');
}
