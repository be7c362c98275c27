import type { RecordStoreName } from '../names.ts';
import type { IngestionInput } from '../schema/ingestion.ts';
import type { IngestionConfig } from '../types.ts';
import type { NormalizeContext } from './context.ts';

const DAY_MS = 86_400_000;

export function normalizeIngestion(
  input: IngestionInput | undefined,
  recordStore: RecordStoreName,
  { problems }: NormalizeContext,
): IngestionConfig {
  const chunkSize = input?.chunk_size ?? 1_000;
  // The default overlap shrinks with a small chunk size; a written one is taken at its word.
  const chunkOverlap = input?.chunk_overlap ?? Math.min(150, Math.floor(chunkSize * 0.15));
  if (chunkOverlap >= chunkSize) {
    problems.add(
      'ingestion.chunk_overlap',
      `must be smaller than chunk_size (${chunkOverlap} is not below ${chunkSize})`,
    );
  }
  return {
    chunkSize,
    chunkOverlap,
    mode: input?.mode ?? 'structural',
    concurrency: input?.concurrency ?? 4,
    maxEventAgeMs: input?.max_event_age ?? DAY_MS,
    store: input?.store ?? recordStore,
    documentsCollection: input?.documents_collection ?? 'documents',
    ingestionsCollection: input?.ingestions_collection ?? 'ingestions',
  };
}
