import type { SluiceConfig } from '../../config/types.ts';
import { AppError } from '../../contracts/app-error.ts';
import { isDocumentFault } from '../../rag/document-fault.ts';
import type { Ingestion } from '../../rag/ingest.ts';
import type { DocumentEvent, DocumentName } from '../../stores/document/firestore-event.ts';
import { toSeconds } from '../../telemetry/call.ts';
import { describeError } from '../../telemetry/log.ts';
import { safeText } from '../../telemetry/safe-text.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { EmbeddingUsage } from '../accounting/embedding-usage.ts';
import type { Lazy } from '../lazy.ts';

/** Event functions run for at most nine minutes; what is not done by then is better ended than cut off. */
const TIMEOUT_MS = 8 * 60_000;

export interface EventOutcome {
  /**
   * `ready`, `unchanged`, `deleted`: the chunks are what the document says. `failed`: recorded, and no further attempt
   * helps. `dead_letter`: recorded as failed because the event is too old. `ignored`: not about a document of ours.
   */
  readonly status: 'ready' | 'unchanged' | 'deleted' | 'failed' | 'dead_letter' | 'ignored';
  /** For the log line. Never content. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface IngestEventOptions {
  readonly config: SluiceConfig;
  readonly ingestion: Lazy<Ingestion>;
  readonly usage: EmbeddingUsage;
  readonly telemetry: Pick<Telemetry, 'documentIngested'>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/**
 * Handles the event that a document was written or deleted. What resolves is acknowledged; what rejects is delivered
 * again by the platform, so only what time or an operator can heal does that.
 */
export function createIngestEvent({
  config,
  ingestion,
  usage,
  telemetry,
  now = Date.now,
}: IngestEventOptions): (event: unknown) => Promise<EventOutcome> {
  const { maxEventAgeMs } = config.ingestion;
  const receive = async (event: DocumentEvent): Promise<EventOutcome> => {
    const id = idOf(event.document, config);
    if (id === undefined) {
      const reason = event.document === undefined ? 'names no document' : 'another collection or database';
      return { status: 'ignored', facts: { event_id: event.id, event_type: event.type, reason } };
    }
    const facts = { event_id: event.id, document: safeText(id) };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const ingest = await ingestion.get();

    if (event.timeMs !== undefined && now() - event.timeMs > maxEventAgeMs) {
      const error = tooOld(maxEventAgeMs);
      const isRecorded = await ingest.abandon(id, error, { signal });
      return isRecorded
        ? { status: 'dead_letter', facts: { ...facts, code: error.code } }
        : { status: 'unchanged', facts };
    }

    await usage.check({ tenant: null });
    const { status, chunks, embedded, skipped, tokens, tenant, error } = await ingest.converge(id, { signal });
    await usage.record({ target: config.embeddings, tokens, caller: { tenant }, tenant });
    if (error !== undefined && !isFinal(error)) throw error;
    return {
      status,
      facts: { ...facts, chunks, embedded, skipped, tokens, ...(error && failureFacts(error)) },
    };
  };

  return async (input) => {
    const { readDocumentEvent } = await import('../../stores/document/firestore-event.ts');
    const event = readDocumentEvent(input);
    const outcome = await receive(event);
    // Another machine's clock may be ahead of ours.
    const lagMs = event.timeMs === undefined ? undefined : Math.max(0, now() - event.timeMs);
    telemetry.documentIngested({
      via: 'event',
      outcome: outcome.status,
      ...(lagMs === undefined || outcome.status === 'ignored' ? {} : { lagMs }),
    });
    return {
      ...outcome,
      facts: { ...outcome.facts, ...(lagMs === undefined ? {} : { lag_seconds: toSeconds(lagMs) }) },
    };
  };
}

/** The id of the document, when it is directly in the collection of the documents. */
function idOf(document: DocumentName | undefined, { ingestion, vectorstore }: SluiceConfig): string | undefined {
  if (document === undefined) return undefined;
  const { database, path } = document;
  const ownDatabase = vectorstore?.provider === 'firestore' ? vectorstore.databaseId : '(default)';
  if (database !== undefined && database !== ownDatabase) return undefined;
  const prefix = `${ingestion.documentsCollection}/`;
  const id = path.slice(prefix.length);
  return path.startsWith(prefix) && id !== '' && !id.includes('/') ? id : undefined;
}

function failureFacts(error: AppError) {
  return { code: error.code, param: error.param, error: describeError(error) };
}

/**
 * Whether another attempt would end the same way: the document is at fault, or our own code. A provider's unusable answer
 * is neither, for what stood in its way may pass.
 */
function isFinal(error: AppError): boolean {
  return isDocumentFault(error) || (error.code === 'server_error' && !error.retryable);
}

function tooOld(maxEventAgeMs: number): AppError {
  return new AppError(
    'timeout',
    `The document could not be ingested within ${describeAge(maxEventAgeMs)} after it was written. Write it again, or ask ` +
      'for another attempt with POST /v1/documents/{id}/retry.',
    { retryable: false },
  );
}

function describeAge(ageMs: number): string {
  const minutes = Math.round(ageMs / 60_000);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
