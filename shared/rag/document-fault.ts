import type { AppError, ErrorCode } from '../contracts/app-error.ts';

const DOCUMENT_FAULTS: ReadonlySet<ErrorCode> = new Set([
  'invalid_request',
  'too_large',
  'unsupported',
  'context_length_exceeded',
  'content_filtered',
]);

/** Whether the document itself is at fault, so that only another version of it can succeed. */
export function isDocumentFault({ code }: AppError): boolean {
  return DOCUMENT_FAULTS.has(code);
}
