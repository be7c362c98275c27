import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../../shared/contracts/app-error.ts';
import type { DocumentStore, SourceDocument } from '../../shared/contracts/document-store.ts';
import type { IngestionJournal } from '../../shared/contracts/ingestion-journal.ts';
import { mapConcurrently } from '../../shared/rag/concurrency.ts';
import { extractText } from '../../shared/rag/extract.ts';
import type { InputFile } from './collect-files.ts';
import type { FileResult } from './report.ts';
import { failure, titleOf } from './send-files.ts';

const FILES_AT_ONCE = 8;
/** A Firestore document holds 1 MiB, and its other fields need some of that. */
const MAX_TEXT_BYTES = 1_000_000;

export interface WriteOptions {
  readonly store: DocumentStore & IngestionJournal;
  readonly collection?: string | undefined;
  readonly tenant?: string | undefined;
  readonly signal: AbortSignal;
  readonly onResult: (result: FileResult) => void;
}

/** Writes files to Firestore as documents, whose events ingest them; what is there already is not written again. */
export async function writeFiles(files: readonly InputFile[], options: WriteOptions): Promise<void> {
  await mapConcurrently(
    files,
    FILES_AT_ONCE,
    async (file) => {
      options.onResult(
        await writeFile(file, options).catch((error: unknown) =>
          failure(file, error instanceof AppError ? error.message : 'The file cannot be read.'),
        ),
      );
    },
    options.signal,
  );
}

async function writeFile(file: InputFile, { store, collection, tenant }: WriteOptions): Promise<FileResult> {
  const { text, title } = await extractText({ content: await readFile(file.path), contentType: file.contentType });
  if (text.trim() === '') throw new AppError('invalid_request', 'The document holds no text.');
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES) {
    throw new AppError('too_large', 'Its text does not fit in a Firestore document. Send it without --firestore.');
  }
  const name = title ?? titleOf(file, text);
  const document: SourceDocument = {
    id: file.id,
    text,
    // What is extracted is Markdown, whatever it was.
    contentType: file.contentType === 'text/plain' ? 'text/plain' : 'text/markdown',
    source: file.source,
    tenant: tenant ?? null,
    ...(name === undefined ? {} : { title: name }),
    ...(collection === undefined ? {} : { collection }),
  };
  const reading = await store.readSource(file.id);
  const isThere = reading !== undefined && 'document' in reading && isDeepStrictEqual(reading.document, document);
  if (!isThere) await store.putDocument(document);
  return { path: file.source, id: file.id, status: isThere ? 'unchanged' : 'written' };
}
