import type { SluiceConfig } from '../shared/config/types.ts';
import { listVectorFields } from '../shared/stores/vector/firestore-index.ts';

/** The database of a configuration: what `infra/` creates, and `firestore.indexes.json` for those who use neither. */
export interface FirestoreNeeds {
  readonly database: string;
  /** Where users write documents; every write starts an ingestion. */
  readonly documents_collection: string;
  /**
   * The collection of passages and those that are embedded anew beside it; another one, `x`, is `<collection>_x`. None
   * where passages are kept elsewhere.
   */
  readonly search_collections: readonly string[];
  readonly indexes: readonly IndexDefinition[];
  readonly field_overrides: readonly FieldOverride[];
}

/** An index in the form of the Firebase command line, without the fields that Firestore adds by itself. */
export interface IndexDefinition {
  readonly collectionGroup: string;
  readonly queryScope: 'COLLECTION';
  readonly fields: readonly IndexField[];
}

type IndexField =
  | { readonly fieldPath: string; readonly order: 'ASCENDING' }
  | { readonly fieldPath: string; readonly vectorConfig: { readonly dimension: number; readonly flat: object } };

/** A field without indexes of its own, in the same form. */
export interface FieldOverride {
  readonly collectionGroup: string;
  readonly fieldPath: string;
  readonly ttl: boolean;
  readonly indexes: readonly never[];
}

/** Where the semantic cache keeps its questions: a collection of passages of its own. */
const QUESTIONS = 'sluice_cache';

/**
 * Fields that no query asks for by themselves: long ones, whose index entries cost more than they do, and times, which
 * would hold a collection to 500 writes per second. What a map holds is exempt with it.
 */
const UNQUERIED = {
  passages: [
    'chunkId',
    'content',
    'contentHash',
    'embeddingModel',
    'metadata',
    'embedding',
    'lexical',
    'createdAt',
    'updatedAt',
  ],
  documents: ['text', 'metadata', 'title', 'source'],
  ingestions: ['contentHash', 'error', 'attempt', 'updatedAt', 'claimedUntil', 'doubtUntil'],
  cache: ['value'],
  shards: ['byDimension', 'day'],
  claims: ['owner', 'day'],
} as const;

/** The time after which Firestore may remove a document. */
const EXPIRY = 'expireAt';

export function describeFirestore(config: SluiceConfig): FirestoreNeeds {
  const { vectorstore, ingestion, cache, observability } = config;
  const firestore = vectorstore?.provider === 'firestore' ? vectorstore : undefined;
  const collections = firestore === undefined ? [] : [firestore.collection];
  const questions = firestore !== undefined && cache?.semantic.enabled ? [`${firestore.collection}_${QUESTIONS}`] : [];
  const vectorFields =
    firestore?.embeddingDimensions === undefined
      ? []
      : listVectorFields({ dimensions: firestore.embeddingDimensions, lexical: usesWords(config) });
  const tenant = firestore?.tenancy ? [ascending('tenant')] : [];

  const vectorIndex = (collectionGroup: string, dimension: number, field: string, before: readonly IndexField[]) => ({
    collectionGroup,
    queryScope: 'COLLECTION' as const,
    fields: [...before, { fieldPath: field, vectorConfig: { dimension, flat: {} } }],
  });
  const [embedding] = vectorFields;
  const beside = firestore?.beside ?? [];

  return {
    database: firestore?.databaseId ?? '(default)',
    documents_collection: ingestion.documentsCollection,
    search_collections: [...collections, ...beside.map(({ collection }) => collection)],
    indexes: [
      ...collections.flatMap((collection) =>
        vectorFields.map(({ field, dimensions }) => vectorIndex(collection, dimensions, field, tenant)),
      ),
      ...beside.flatMap(({ collection, dimensions: length }) =>
        listVectorFields({ dimensions: length, lexical: usesWords(config) }).map(({ field, dimensions }) =>
          vectorIndex(collection, dimensions, field, tenant),
        ),
      ),
      ...(embedding === undefined ? [] : questions).map((collection) =>
        vectorIndex(collection, embedding?.dimensions ?? 0, 'embedding', [...tenant, ascending('metadata.scope')]),
      ),
    ],
    field_overrides: [
      ...[...collections, ...beside.map(({ collection }) => collection), ...questions].flatMap((collection) =>
        exempt(collection, UNQUERIED.passages),
      ),
      ...(ingestion.store === 'firestore'
        ? [
            ...exempt(ingestion.documentsCollection, UNQUERIED.documents),
            ...exempt(ingestion.ingestionsCollection, UNQUERIED.ingestions, true),
          ]
        : []),
      ...(cache?.provider === 'firestore' ? exempt(cache.collection, UNQUERIED.cache, true) : []),
      ...(observability.ledger === 'firestore'
        ? [...exempt('shards', UNQUERIED.shards, true), ...exempt('claims', UNQUERIED.claims, true)]
        : []),
    ],
  };
}

/** Whether passages are found by their words too, which takes a second vector. */
function usesWords({ retrieval }: SluiceConfig): boolean {
  return retrieval.mode !== undefined && retrieval.mode !== 'vector';
}

function exempt(collectionGroup: string, fields: readonly string[], expires = false): FieldOverride[] {
  const override = (fieldPath: string, ttl: boolean) => ({ collectionGroup, fieldPath, ttl, indexes: [] });
  return [...fields.map((field) => override(field, false)), ...(expires ? [override(EXPIRY, true)] : [])];
}

function ascending(fieldPath: string): IndexField {
  return { fieldPath, order: 'ASCENDING' };
}
