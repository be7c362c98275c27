import { CHUNK_MODES, RECORD_STORE_NAMES } from '../names.ts';
import { duration, wholeNumber } from './common.ts';
import { block, type Infer, oneOf } from './schema.ts';
import { collectionName } from './vectorstore.ts';

export const ingestion = () =>
  block({
    chunk_size: wholeNumber({ max: 1_000_000 }).optional(),
    chunk_overlap: wholeNumber({ min: 0, max: 1_000_000 }).optional(),
    mode: oneOf(CHUNK_MODES).optional(),
    concurrency: wholeNumber({ max: 64 }).optional(),
    max_event_age: duration.optional(),
    store: oneOf(RECORD_STORE_NAMES).optional(),
    documents_collection: collectionName.optional(),
    ingestions_collection: collectionName.optional(),
  });
export type IngestionInput = Infer<ReturnType<typeof ingestion>>;
