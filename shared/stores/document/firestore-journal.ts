import type { DocumentData, DocumentReference, DocumentSnapshot, Timestamp } from '@google-cloud/firestore';
import { ERROR_CODES, type ErrorCode } from '../../contracts/app-error.ts';
import type { IngestionRecord, IngestionState } from '../../contracts/document-store.ts';
import type { JournalEntry, VersionedEntry } from '../../contracts/ingestion-journal.ts';
import { GRPC, grpcStatus } from '../../resilience/grpc-status.ts';
import type { FirestoreSdk } from '../firestore-client.ts';
import { isTime } from './firestore-document.ts';

/** How long entries of deleted documents are kept; a TTL policy on `expireAt` removes them afterwards. */
const DELETED_DAYS = 30;
const DAY_MS = 86_400_000;

/** Fields that an entry may lack, and that a later version of it must not inherit. */
const OPTIONAL_FIELDS = ['error', 'claimedUntil', 'doubtUntil', 'expireAt'] as const;

export function toIngestionRecord(data: DocumentData): IngestionRecord {
  const error = data.error as { code?: unknown; message?: unknown } | undefined;
  return {
    documentId: String(data.documentId),
    collection: String(data.collection),
    tenant: typeof data.tenant === 'string' ? data.tenant : null,
    state: data.state as IngestionState,
    chunks: Number(data.chunks ?? 0),
    contentHash: String(data.contentHash ?? ''),
    ...(error !== undefined && { error: { code: toErrorCode(error.code), message: String(error.message ?? '') } }),
    updatedAt: isTime(data.updatedAt) ? data.updatedAt.toDate() : new Date(0),
  };
}

export function toVersionedEntry(snapshot: DocumentSnapshot): VersionedEntry | undefined {
  const data = snapshot.data();
  if (data === undefined || snapshot.updateTime === undefined) return undefined;
  return {
    version: toVersion(snapshot.updateTime),
    entry: {
      ...toIngestionRecord(data),
      fromStore: data.fromStore === true,
      attempt: typeof data.attempt === 'string' ? data.attempt : '',
      ...(isTime(data.claimedUntil) && { claimedUntil: data.claimedUntil.toDate() }),
      ...(isTime(data.doubtUntil) && { doubtUntil: data.doubtUntil.toDate() }),
    },
  };
}

/** One write with the version it replaces as its precondition; see `IngestionJournal.swapEntry`. */
export async function swapDocument(
  reference: DocumentReference,
  next: JournalEntry | undefined,
  expected: string | undefined,
  sdk: FirestoreSdk,
): Promise<string | undefined> {
  try {
    const written = await write(reference, next, expected, sdk);
    return written === undefined ? undefined : toVersion(written);
  } catch (error) {
    const status = grpcStatus(error);
    const isOvertaken = status === GRPC.failedPrecondition || status === GRPC.alreadyExists || status === GRPC.notFound;
    // A database that does not exist is "not found" as well, but then it was not found when the entry was read either.
    if (isOvertaken && (expected !== undefined || status === GRPC.alreadyExists)) return undefined;
    throw error;
  }
}

async function write(
  reference: DocumentReference,
  next: JournalEntry | undefined,
  expected: string | undefined,
  sdk: FirestoreSdk,
): Promise<Timestamp | undefined> {
  if (expected === undefined) {
    // Nothing is to be there: creating proves it, and for nothing there is nothing to do.
    return next && (await reference.create(toFields(next))).writeTime;
  }
  const precondition = { lastUpdateTime: fromVersion(expected, sdk) };
  if (next === undefined) return (await reference.delete(precondition)).writeTime;
  const absent = Object.fromEntries(OPTIONAL_FIELDS.map((field) => [field, sdk.FieldValue.delete()]));
  return (await reference.update({ ...absent, ...toFields(next) }, precondition)).writeTime;
}

function toFields(entry: JournalEntry): DocumentData {
  const fields = Object.entries(entry).filter(([, value]) => value !== undefined);
  if (entry.state === 'deleted') {
    fields.push(['expireAt', new Date(entry.updatedAt.getTime() + DELETED_DAYS * DAY_MS)]);
  }
  return Object.fromEntries(fields);
}

function toVersion({ seconds, nanoseconds }: Timestamp): string {
  return `${seconds}.${nanoseconds}`;
}

function fromVersion(version: string, sdk: FirestoreSdk): Timestamp {
  const [seconds, nanoseconds] = version.split('.');
  return new sdk.Timestamp(Number(seconds), Number(nanoseconds));
}

function toErrorCode(value: unknown): ErrorCode {
  return ERROR_CODES.find((code) => code === value) ?? 'server_error';
}
