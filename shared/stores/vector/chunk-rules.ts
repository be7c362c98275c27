import { AppError } from '../../contracts/app-error.ts';
import { checkMetadata, HALF_CHARACTER, RESERVED_NAME } from '../../contracts/metadata-rules.ts';
import type { Chunk, DeleteSelector, StoreScope, TextQuery, VectorQuery } from '../../contracts/vector-store.ts';
import { norm } from './exact-search.ts';
import { checkFilter } from './filter-rules.ts';

/**
 * What every vector store refuses before it touches its backend, so that all of them accept the same data. Everything
 * here throws AppError `invalid_request` with the `param` at fault, except where said otherwise.
 */

export const MAX_TOP_K = 1_000;
const MAX_ID_LENGTH = 512;
const MAX_TENANT_LENGTH = 256;
/** Squares of 32-bit numbers and sums of them keep their digits between these. */
const MIN_VECTOR_LENGTH = 1e-15;
const MAX_VECTOR_LENGTH = 1e15;
/** Slash and backslash, control characters, halves of a character. */
const FORBIDDEN_IN_ID = /[/\\\p{Cc}\p{Cs}]/u;
const COLLECTION = /^[A-Za-z0-9_-]{1,64}$/;

export interface VectorRules {
  readonly dimensions: number;
  /** Scores of a dot product have no bounds, the others lie in [0, 1] or [-1, 1]. */
  readonly scores: 'unit' | 'unbounded';
  /** The backend multiplies in 32 bits, where very long and very short vectors have no right score. Default false. */
  readonly singlePrecision?: boolean;
}

/** @throws AppError `configuration` for a dimension that no vector can have. */
export function checkDimensions(dimensions: number, maxDimensions: number): void {
  if (!Number.isInteger(dimensions) || dimensions < 1) {
    throw new AppError('configuration', 'The embedding dimensions of a vector store are a whole number above 0.', {
      param: 'vectorstore.embedding_dimensions',
    });
  }
  if (dimensions > maxDimensions) {
    throw new AppError(
      'configuration',
      `The vector store holds at most ${maxDimensions} dimensions, but ${dimensions} are configured. ` +
        'Ask the embedding model for shorter vectors with "dimensions", or take another model.',
      { param: 'vectorstore.embedding_dimensions' },
    );
  }
}

/** The chunks of one call, each id once (the last one wins), after all of them were found to be valid. */
export function checkChunks(chunks: readonly Chunk[], rules: VectorRules): Chunk[] {
  const latest = new Map<string, Chunk>();
  for (const [position, chunk] of chunks.entries()) {
    checkChunk(chunk, rules, `chunks[${position}]`);
    latest.set(JSON.stringify([chunk.tenant, chunk.id]), chunk);
  }
  return [...latest.values()];
}

export function checkScope({ collection, tenant }: Pick<StoreScope, 'collection' | 'tenant'>): void {
  checkCollection(collection);
  checkTenant(tenant, 'tenant');
}

export function checkCollection(collection: string): void {
  if (typeof collection !== 'string' || !COLLECTION.test(collection)) {
    throw invalid('A collection name has 1 to 64 letters, digits, "_" or "-".', 'collection');
  }
}

export function checkQuery(query: VectorQuery, rules: VectorRules): void {
  checkTextQuery(query);
  checkVector(query.vector, rules, 'vector');
  if (query.minScore !== undefined) checkMinScore(query.minScore, rules.scores);
}

export function checkTextQuery(query: Omit<TextQuery, 'text'>): void {
  checkScope(query);
  if (!Number.isInteger(query.topK) || query.topK < 1 || query.topK > MAX_TOP_K) {
    throw invalid(`top_k is a whole number from 1 to ${MAX_TOP_K}.`, 'top_k');
  }
  if (query.filter !== undefined) checkFilter(query.filter);
}

export function checkSelector(selector: DeleteSelector): void {
  if ('ids' in selector) {
    for (const [position, id] of selector.ids.entries()) checkId(id, `ids[${position}]`);
  } else if ('documentId' in selector) {
    checkId(selector.documentId, 'document_id');
  } else {
    checkFilter(selector.filter);
  }
}

/** The rule for ids of chunks and of documents. */
export function checkId(id: string, param: string): void {
  if (typeof id !== 'string' || id.length < 1 || id.length > MAX_ID_LENGTH) {
    throw invalid(`An id has 1 to ${MAX_ID_LENGTH} characters.`, param);
  }
  if (FORBIDDEN_IN_ID.test(id)) {
    throw invalid('An id holds no slash, backslash or control character.', param);
  }
  if (id === '.' || id === '..' || RESERVED_NAME.test(id)) {
    throw invalid('An id is not ".", ".." or of the form "__name__", which are reserved.', param);
  }
}

function checkChunk(chunk: Chunk, rules: VectorRules, param: string): void {
  checkId(chunk.id, `${param}.id`);
  checkId(chunk.documentId, `${param}.document_id`);
  checkTenant(chunk.tenant, `${param}.tenant`);
  if (!Number.isInteger(chunk.index) || chunk.index < 0) {
    throw invalid('The index of a chunk is a whole number from 0.', `${param}.index`);
  }
  if (typeof chunk.content !== 'string' || chunk.content.trim() === '') {
    throw invalid('The content of a chunk is not blank.', `${param}.content`);
  }
  if (HALF_CHARACTER.test(chunk.content)) {
    throw invalid('The content of a chunk is well-formed text; it holds half a character.', `${param}.content`);
  }
  checkMetadata(chunk.metadata, `${param}.metadata`);
  checkVector(chunk.embedding, rules, `${param}.embedding`);
}

function checkVector(vector: Float32Array, { dimensions, singlePrecision }: VectorRules, param: string): void {
  if (vector.length !== dimensions) {
    throw invalid(`The vector has ${vector.length} dimensions, the store has ${dimensions}.`, param);
  }
  // One pass without a callback: this runs over every vector that is written.
  for (let position = 0; position < dimensions; position += 1) {
    if (!Number.isFinite(vector[position])) {
      throw invalid('A vector holds finite numbers only, neither NaN nor infinity.', param);
    }
  }
  if (!singlePrecision) return;
  const length = norm(vector);
  if (length !== 0 && (length < MIN_VECTOR_LENGTH || length > MAX_VECTOR_LENGTH)) {
    throw invalid(
      `The vector is ${length.toPrecision(3)} long, and this store compares in 32 bits, which takes lengths from ` +
        `${MIN_VECTOR_LENGTH.toExponential()} to ${MAX_VECTOR_LENGTH.toExponential()} and 0. Scale the vectors.`,
      param,
    );
  }
}

function checkTenant(tenant: string | null, param: string): void {
  if (tenant === null) return;
  if (typeof tenant !== 'string' || tenant === '' || tenant.length > MAX_TENANT_LENGTH || HALF_CHARACTER.test(tenant)) {
    throw invalid(`A tenant is null or a name of 1 to ${MAX_TENANT_LENGTH} characters.`, param);
  }
}

function checkMinScore(minScore: number, scores: VectorRules['scores']): void {
  const valid = scores === 'unbounded' ? Number.isFinite(minScore) : minScore >= 0 && minScore <= 1;
  if (!valid) {
    throw invalid(
      scores === 'unbounded' ? 'min_score is a finite number.' : 'min_score is a number from 0 to 1.',
      'min_score',
    );
  }
}

function invalid(message: string, param: string): AppError {
  return new AppError('invalid_request', message, { param });
}
