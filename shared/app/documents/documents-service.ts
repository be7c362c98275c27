import type { SluiceConfig } from '../../config/types.ts';
import { AppError, type ErrorCode } from '../../contracts/app-error.ts';
import { toErrorBody } from '../../http/error-response.ts';
import { isDocumentFault } from '../../rag/document-fault.ts';
import { checkDocumentId } from '../../rag/document-key.ts';
import type { Ingestion } from '../../rag/ingest.ts';
import type { AttemptOutcome } from '../../rag/ingest-attempt.ts';
import type { CallFacts, DocumentFailure } from '../../telemetry/call.ts';
import { describeError } from '../../telemetry/log.ts';
import { safeText } from '../../telemetry/safe-text.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { CostMeter } from '../accounting/cost-meter.ts';
import type { EmbeddingUsage } from '../accounting/embedding-usage.ts';
import { type Caller, tenantOf } from '../caller.ts';
import type { Lazy } from '../lazy.ts';
import { type DocumentsBody, toIngestInputs } from './document-inputs.ts';
import { createIngestEvent, type EventOutcome } from './ingest-event.ts';

export interface DocumentsInput {
  readonly body: DocumentsBody;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly facts: CallFacts;
}

export interface DocumentTarget {
  readonly id: string;
  readonly caller: Caller;
  readonly collection?: string;
  readonly tenant?: string;
  readonly signal: AbortSignal;
}

export interface DocumentResult {
  readonly object: 'document';
  readonly id: string;
  readonly status: string;
  readonly chunks: number;
  readonly embedded?: number;
  readonly skipped?: number;
  readonly tokens?: number;
  readonly cost_usd?: number | null;
  readonly error?: {
    readonly code: ErrorCode;
    readonly message: string;
    /** Seconds after which another attempt may succeed, where that is known. */
    readonly retry_after?: number;
  };
  readonly updated_at?: string;
}

export interface DocumentsService {
  /**
   * @throws AppError for a request that is wrong, and for a single document that is at fault itself; `configuration`
   * when that kept every document out, such as a collection that holds vectors of another model.
   */
  ingest(input: DocumentsInput): Promise<{ readonly object: 'list'; readonly data: readonly DocumentResult[] }>;
  /**
   * Ingests a document of the document store once more, whatever its record says.
   * @throws AppError `not_found` when it is not in there, as documents that callers sent are not; `configuration`.
   */
  retry(target: DocumentTarget & { readonly facts: CallFacts }): Promise<DocumentResult>;
  /**
   * Handles the event that a document was written to the document store.
   * @throws AppError for what to deliver again.
   */
  receive(event: unknown): Promise<EventOutcome>;
  /** @throws AppError `not_found`. */
  status(target: DocumentTarget): Promise<DocumentResult>;
  /** @throws AppError `not_found`. */
  remove(target: DocumentTarget): Promise<{ readonly id: string; readonly object: string; readonly deleted: true }>;
}

export interface DocumentsServiceOptions {
  readonly config: SluiceConfig;
  readonly ingestion: Lazy<Ingestion>;
  readonly meter: CostMeter;
  readonly usage: EmbeddingUsage;
  readonly telemetry: Pick<Telemetry, 'documentIngested'>;
}

export function createDocumentsService({
  config,
  ingestion,
  meter,
  usage,
  telemetry,
}: DocumentsServiceOptions): DocumentsService {
  const toResult = ({ id, status, chunks, embedded, skipped, tokens, error }: AttemptOutcome): DocumentResult => ({
    object: 'document',
    id,
    status,
    chunks,
    embedded,
    skipped,
    tokens,
    cost_usd: costOfTokens(tokens),
    ...(error === undefined ? {} : { error: toPublicError(error) }),
  });

  const costOfTokens = (tokens: number): number | null => {
    const { embeddings } = config;
    if (tokens === 0 || !embeddings) return 0;
    return meter.measure(embeddings, { prompt_tokens: tokens, completion_tokens: 0 }).costUsd;
  };

  return {
    async ingest({ body, caller, signal, facts }) {
      const tenant = tenantOf(caller, body.sluice?.tenant);
      const inputs = toIngestInputs(body, { maxDocuments: config.limits.maxDocuments, tenant });
      await usage.check(caller);
      const outcomes = await (await ingestion.get()).ingestMany(inputs, { signal });
      const tokens = outcomes.reduce((sum, outcome) => sum + outcome.tokens, 0);
      await usage.record({ target: config.embeddings, tokens, caller, tenant });
      for (const { status } of outcomes) telemetry.documentIngested({ via: 'request', outcome: status });
      Object.assign(facts, {
        tenant,
        documents: outcomes.length,
        failed: outcomes.filter(({ status }) => status === 'failed').length,
        chunks: outcomes.reduce((sum, { chunks }) => sum + chunks, 0),
        embedded: outcomes.reduce((sum, { embedded }) => sum + embedded, 0),
      } satisfies CallFacts);
      const fault = outcomes.every(({ error }) => error?.code === 'configuration') ? outcomes[0]?.error : undefined;
      // When nothing was stored because of the configuration, the caller can do nothing about it: the request fails as
      // a fault of the service, and is logged as one.
      if (fault !== undefined) throw fault;
      const [only] = body.documents === undefined ? outcomes : [];
      if (only?.error !== undefined && isDocumentFault(only.error)) throw naming(only.id, only.error);
      // The request itself succeeds, and its answer leaves out what only an operator can mend: that is for the log
      // line.
      Object.assign(facts, failuresOf(outcomes));
      return { object: 'list', data: outcomes.map(toResult) };
    },

    async retry({ id, caller, collection = 'default', tenant, signal, facts }) {
      checkDocumentId(id);
      const owner = tenantOf(caller, tenant);
      const ingest = await ingestion.get();
      const scope = await ingest.scopeOf(id);
      if (scope?.collection !== collection || scope.tenant !== owner) {
        throw new AppError(
          'not_found',
          'There is no such document in the document store. Send it again with POST /v1/documents.',
          { param: 'id' },
        );
      }
      await usage.check(caller);
      const outcome = await ingest.converge(id, { signal, force: true });
      await usage.record({ target: config.embeddings, tokens: outcome.tokens, caller, tenant: owner });
      telemetry.documentIngested({ via: 'request', outcome: outcome.status });
      Object.assign(facts, {
        tenant: owner,
        outcome: outcome.status,
        chunks: outcome.chunks,
        embedded: outcome.embedded,
      });
      if (outcome.error?.code === 'configuration') throw outcome.error;
      Object.assign(facts, failuresOf([outcome]));
      return toResult(outcome);
    },

    receive: createIngestEvent({ config, ingestion, usage, telemetry }),

    async status({ id, caller, collection = 'default', tenant, signal }) {
      checkDocumentId(id);
      const scope = { collection, tenant: tenantOf(caller, tenant), signal };
      const record = await (await ingestion.get()).status(id, scope);
      if (!record) throw new AppError('not_found', 'There is no such document.', { param: 'id' });
      return {
        object: 'document',
        id,
        status: record.state,
        chunks: record.chunks,
        updated_at: record.updatedAt.toISOString(),
        ...(record.error === undefined
          ? {}
          : { error: toPublicError(new AppError(record.error.code, record.error.message)) }),
      };
    },

    async remove({ id, caller, collection = 'default', tenant, signal }) {
      checkDocumentId(id);
      const scope = { collection, tenant: tenantOf(caller, tenant), signal };
      const found = await (await ingestion.get()).remove(id, scope);
      if (!found) throw new AppError('not_found', 'There is no such document.', { param: 'id' });
      return { id, object: 'document.deleted', deleted: true };
    },
  };
}

/** What a caller may read of an error: what an operator has to mend is for the log and the record. */
function toPublicError(error: AppError): NonNullable<DocumentResult['error']> {
  const { code, retryAfterMs } = error;
  return {
    code,
    message: toErrorBody(error).error.message,
    ...(retryAfterMs === undefined ? {} : { retry_after: Math.max(1, Math.ceil(retryAfterMs / 1000)) }),
  };
}

/** Most reasons that one log line lists: many documents that fail mostly fail for the same one. */
const MAX_FAILURES = 5;

/** One document for each reason that documents failed for. */
function failuresOf(outcomes: readonly AttemptOutcome[]): Pick<CallFacts, 'failures'> {
  const failures = new Map<string, DocumentFailure>();
  for (const { id, error } of outcomes) {
    if (error === undefined || failures.size === MAX_FAILURES) continue;
    const reason = JSON.stringify([error.code, error.message]);
    if (failures.has(reason)) continue;
    failures.set(reason, { document: safeText(id), code: error.code, error: describeError(error) });
  }
  return failures.size === 0 ? {} : { failures: [...failures.values()] };
}

function naming(id: string, error: AppError): AppError {
  return new AppError(error.code, `The document ${JSON.stringify(id)} cannot be ingested: ${error.message}`, {
    cause: error,
    ...(error.param === undefined ? {} : { param: error.param }),
  });
}
