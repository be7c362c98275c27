import type { Distance } from '../../config/names.ts';
import type { StoreScope, TextQuery, VectorQuery } from '../../contracts/vector-store.ts';
import { normalise } from './exact-search.ts';
import { type QdrantCondition, type QdrantFilter, toQdrantCondition } from './qdrant-filter.ts';
import { type QdrantRecord, RESULT_FIELDS } from './qdrant-point.ts';
import type { NearestPoints, QdrantPoints, ScoredRecord } from './qdrant-points.ts';
import type { SparseVector } from './qdrant-words.ts';
import { toScopeKey } from './scope-sizes.ts';
import { byScoreThenId } from './score.ts';

/**
 * Most results of one equal score that are fetched to order them by id; among more, Qdrant decides which it returns.
 */
const MAX_TIED = 10_000;
const TIE_MARGIN = 8;
const ID_PAGE_SIZE = 1_000;

/** The points of a scope that match a filter and more. */
export function toScopeFilter(
  scope: Pick<StoreScope, 'collection' | 'tenant'> & Pick<VectorQuery, 'filter'>,
  ...more: readonly QdrantCondition[]
): QdrantFilter {
  return {
    must: [
      { key: 'scope', match: { value: toScopeKey(scope) } },
      ...(scope.filter === undefined ? [] : [toQdrantCondition(scope.filter)]),
      ...more,
    ],
  };
}

/**
 * The points of a collection, of every tenant. Points written by older versions have no field `collection`; of these,
 * the ones without a tenant are recognised by their scope.
 */
export function toCollectionFilter(collection: string): QdrantFilter {
  return {
    should: [
      { key: 'collection', match: { value: collection } },
      { key: 'scope', match: { value: toScopeKey({ collection, tenant: null }) } },
    ],
  };
}

/**
 * A vector as Qdrant gets it. Under cosine it makes them all one long, except very short ones, which it takes for zero;
 * so that is done here, where it is exact.
 */
export function toQdrantVector(vector: Float32Array, distance: Distance): number[] {
  return Array.from(distance === 'cosine' ? normalise(vector) : vector);
}

/**
 * At least the `topK` best points of what there is, in no order; among them all that share the score of the last one.
 */
export async function searchPoints(
  points: QdrantPoints,
  query: VectorQuery,
  { distance, exact }: { readonly distance: Distance; readonly exact: boolean },
): Promise<readonly ScoredRecord[]> {
  if (distance === 'cosine' && query.vector.every((value) => value === 0)) return await firstById(points, query);
  return await nearestWithTies(points, query, { vector: toQdrantVector(query.vector, distance), exact });
}

/** The same for words. */
export function searchWords(
  points: QdrantPoints,
  query: TextQuery,
  vector: SparseVector,
): Promise<readonly ScoredRecord[]> {
  return nearestWithTies(points, query, { vector, exact: true });
}

async function nearestWithTies(
  points: QdrantPoints,
  query: Omit<TextQuery, 'text'>,
  how: Pick<NearestPoints, 'vector' | 'exact'>,
): Promise<readonly ScoredRecord[]> {
  const search = { ...how, filter: toScopeFilter(query), fields: fieldsOf(query) };
  for (let limit = query.topK + TIE_MARGIN; ; limit = Math.min(limit * 4, MAX_TIED)) {
    const found = await points.nearest({ ...search, limit }, query.signal);
    const isComplete = found.length < limit || found[query.topK - 1]?.score !== found.at(-1)?.score;
    if (isComplete || limit === MAX_TIED) return found;
  }
}

/** A zero query is equally far from everything: its cosine is 0 by definition, and results are ordered by id. */
async function firstById(points: QdrantPoints, query: VectorQuery): Promise<readonly ScoredRecord[]> {
  const known: QdrantRecord[] = [];
  const options = { limit: ID_PAGE_SIZE, fields: ['chunk_id'], signal: query.signal } as const;
  for await (const page of points.scroll(toScopeFilter(query), options)) {
    known.push(...page);
    if (known.length >= MAX_TIED) break;
  }
  const first = known
    .map(({ id, payload }) => ({ pointId: id, id: payload.chunk_id, score: 0 }))
    .sort(byScoreThenId)
    .slice(0, query.topK);
  if (first.length === 0) return [];
  const ids = first.map(({ pointId }) => pointId);
  const records = await points.get(ids, fieldsOf(query), query.signal);
  return records.map((record) => ({ ...record, score: 0 }));
}

function fieldsOf({ withEmbeddings }: Pick<VectorQuery, 'withEmbeddings'>) {
  return withEmbeddings ? ([...RESULT_FIELDS, 'embedding'] as const) : RESULT_FIELDS;
}
