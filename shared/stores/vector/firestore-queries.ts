import type { CollectionReference, Query } from '@google-cloud/firestore';
import { AppError } from '../../contracts/app-error.ts';
import type { Filter } from '../../contracts/filter.ts';
import { RESERVED_NAME } from '../../contracts/metadata-rules.ts';
import type { StoreScope } from '../../contracts/vector-store.ts';
import type { FirestoreConnection } from '../firestore-client.ts';
import { checkScope } from './chunk-rules.ts';
import { checkFirestoreFilter, toFirestoreFilter } from './firestore-filter.ts';
import { indexCommand, type VectorField } from './firestore-index.ts';

export interface FirestoreQueriesOptions {
  /** Firestore collection of the `default` collection. */
  readonly baseCollection: string;
  readonly databaseId: string | undefined;
  /** Whether chunks may belong to tenants. */
  readonly tenancy: boolean;
  /** The fields that the store searches by. */
  readonly fields: readonly VectorField[];
}

/**
 * The queries over a store's chunks: which Firestore collection they read, what keeps them within a scope, and which
 * index they need.
 */
export interface FirestoreQueries {
  collectionOf(connection: FirestoreConnection, collection: string): CollectionReference;
  /** The chunks of a scope, for every query but the nearest-neighbour ones. */
  chunksOf(connection: FirestoreConnection, scope: StoreScope, filter?: Filter): Query;
  /** The chunks that a nearest-neighbour query looks at; without tenancy, those of the whole collection. */
  candidatesOf(connection: FirestoreConnection, scope: StoreScope, filter?: Filter): Query;
  /** The gcloud command that creates the index of such a query. */
  indexCommandFor(scope: Pick<StoreScope, 'collection'>, filter?: Filter, nearest?: VectorField['field']): string;
  /** @throws AppError `configuration` for a tenant in a store that is not set up for tenants. */
  checkTenant(tenant: string | null): void;
  /** @throws AppError for a scope or a filter that this store cannot read by. */
  checkReading(scope: StoreScope, filter?: Filter): void;
}

/** @throws AppError `configuration` for a name that no Firestore collection can have. */
export function createFirestoreQueries({
  baseCollection,
  databaseId,
  tenancy,
  fields,
}: FirestoreQueriesOptions): FirestoreQueries {
  checkBaseCollection(baseCollection);
  const nameOf = (collection: string): string =>
    collection === 'default' ? baseCollection : `${baseCollection}_${collection}`;

  const collectionOf: FirestoreQueries['collectionOf'] = ({ firestore }, collection) =>
    firestore.collection(nameOf(collection));

  const withFilter = (query: Query, { sdk }: FirestoreConnection, filter: Filter | undefined): Query =>
    filter === undefined ? query : query.where(toFirestoreFilter(filter, sdk));

  const chunksOf: FirestoreQueries['chunksOf'] = (connection, { collection, tenant }, filter) =>
    withFilter(collectionOf(connection, collection).where('tenant', '==', tenant), connection, filter);

  const checkTenant = (tenant: string | null): void => {
    if (tenant === null || tenancy) return;
    throw new AppError(
      'configuration',
      'This vector store is not set up for tenants. Set vectorstore.tenancy: true and create the index for it.',
      { param: 'vectorstore.tenancy' },
    );
  };

  return {
    collectionOf,
    chunksOf,
    checkTenant,

    candidatesOf(connection, scope, filter) {
      if (tenancy) return chunksOf(connection, scope, filter);
      return withFilter(collectionOf(connection, scope.collection), connection, filter);
    },

    indexCommandFor({ collection }, filter, nearest) {
      const vector = fields.find(({ field }) => field === nearest);
      return indexCommand({
        collectionGroup: nameOf(collection),
        databaseId,
        equalityFields: vector !== undefined && !tenancy ? [] : ['tenant'],
        filter,
        ...(vector && { vector }),
      });
    },

    checkReading(scope, filter) {
      checkScope(scope);
      checkTenant(scope.tenant);
      if (filter !== undefined) checkFirestoreFilter(filter);
    },
  };
}

function checkBaseCollection(name: string): void {
  if (name !== '' && !name.includes('/') && !RESERVED_NAME.test(name)) return;
  throw new AppError(
    'configuration',
    'A Firestore collection has a name without slashes, not of the form "__name__".',
    { param: 'vectorstore.firestore.collection' },
  );
}
