import type { QuerySnapshot, VectorQueryOptions } from '@google-cloud/firestore';
import type { ScoredChunk, StoredChunk, TextQuery, VectorQuery } from '../../contracts/vector-store.ts';
import type { FirestoreClient } from '../firestore-client.ts';
import { checkQuery, checkTextQuery, type VectorRules } from './chunk-rules.ts';
import { embeddingFromDocument, fromDocument, RESULT_FIELDS } from './firestore-chunk.ts';
import type { VectorField } from './firestore-index.ts';
import {
  type DistanceMeasure,
  FIRESTORE_MEASURES,
  scoreFromDistance,
  thresholdFromScore,
} from './firestore-measure.ts';
import type { FirestoreQueries } from './firestore-queries.ts';
import type { FirestoreWords } from './firestore-words.ts';
import { byScoreThenId, reachesMinScore } from './score.ts';

export interface FirestoreSearchOptions {
  readonly client: FirestoreClient;
  readonly queries: FirestoreQueries;
  readonly distance: DistanceMeasure;
  readonly rules: VectorRules;
  readonly words: FirestoreWords;
}

/** The searches of a store: each is one nearest-neighbour query, on the embeddings or on the hashed words. */
export interface FirestoreSearch {
  byVector(query: VectorQuery): Promise<ScoredChunk[]>;
  byWords(query: TextQuery): Promise<ScoredChunk[]>;
}

type Documents = Pick<QuerySnapshot, 'docs'>;

interface Nearest extends Pick<VectorQueryOptions, 'distanceMeasure' | 'distanceThreshold'> {
  readonly vectorField: VectorField['field'];
  readonly vector: Float32Array;
}

export function createFirestoreSearch({
  client,
  queries,
  distance,
  rules,
  words,
}: FirestoreSearchOptions): FirestoreSearch {
  /** It reads the documents it gives, and no others. */
  const findNearest = (
    query: Omit<TextQuery, 'text'>,
    { vector, vectorField, ...measure }: Nearest,
  ): Promise<Documents> =>
    client.run(
      (connection) =>
        queries
          .candidatesOf(connection, query, query.filter)
          .select(...resultFields(query), 'distance')
          .findNearest({
            vectorField,
            queryVector: Array.from(vector),
            limit: query.topK,
            distanceResultField: 'distance',
            ...measure,
          })
          .get(),
      { signal: query.signal, indexCommand: () => queries.indexCommandFor(query, query.filter, vectorField) },
    );

  /** A zero query is equally far from everything: its cosine is 0 by definition, and Firestore's answer would be NaN. */
  const findByZeroVector = async (query: VectorQuery): Promise<ScoredChunk[]> => {
    if (!reachesMinScore(0, query.minScore)) return [];
    const documents = await client.run(
      (connection) =>
        queries
          .chunksOf(connection, query, query.filter)
          .select(...resultFields(query))
          .limit(query.topK)
          .get(),
      { signal: query.signal, indexCommand: () => queries.indexCommandFor(query, query.filter) },
    );
    return toResults(documents, query, () => 0);
  };

  return {
    async byVector(query) {
      checkQuery(query, rules);
      queries.checkReading(query, query.filter);
      if (distance === 'cosine' && query.vector.every((value) => value === 0)) return findByZeroVector(query);
      const threshold = thresholdFromScore(query.minScore, distance);
      const documents = await findNearest(query, {
        vectorField: 'embedding',
        vector: query.vector,
        distanceMeasure: FIRESTORE_MEASURES[distance],
        ...(threshold !== undefined && { distanceThreshold: threshold }),
      });
      const results = toResults(documents, query, (_, value) => scoreFromDistance(Number(value), distance));
      return results.filter(({ score }) => reachesMinScore(score, query.minScore));
    },

    async byWords(query) {
      checkTextQuery(query);
      queries.checkReading(query, query.filter);
      const wordQuery = words.read(query.text);
      if (wordQuery === undefined) return [];
      const { vector, scoreOf } = wordQuery;
      const documents = await findNearest(query, { vectorField: 'lexical', vector, distanceMeasure: 'COSINE' });
      const results = toResults(documents, query, ({ content }, value) => scoreOf(content, 1 - Number(value)));
      return results.filter(({ score }) => score > 0);
    },
  };
}

function toResults(
  { docs }: Documents,
  { tenant, withEmbeddings }: Pick<VectorQuery, 'tenant' | 'withEmbeddings'>,
  scoreOf: (chunk: StoredChunk, distance: unknown) => number,
): ScoredChunk[] {
  return docs
    .map((document) => {
      const chunk = fromDocument(document);
      const score = scoreOf(chunk, document.get('distance'));
      return { ...chunk, score, ...(withEmbeddings && { embedding: embeddingFromDocument(document) }) };
    })
    .filter((chunk) => chunk.tenant === tenant)
    .sort(byScoreThenId);
}

function resultFields({ withEmbeddings }: Pick<VectorQuery, 'withEmbeddings'>): readonly string[] {
  return withEmbeddings ? [...RESULT_FIELDS, 'embedding'] : RESULT_FIELDS;
}
