import type { Distance } from '../../config/names.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { QdrantClient } from './qdrant-client.ts';
import { WORDS } from './qdrant-words.ts';

export interface QdrantCollectionOptions {
  readonly collection: string;
  readonly dimensions: number;
  readonly distance: Distance;
  /** The collection has a sparse vector for the words of each chunk. */
  readonly lexical: boolean;
}

const QDRANT_DISTANCES = {
  cosine: 'Cosine',
  euclidean: 'Euclid',
  dot_product: 'Dot',
} as const satisfies Record<Distance, string>;

interface CollectionInfo {
  readonly config: {
    readonly params: {
      readonly vectors?: { readonly size?: unknown; readonly distance?: unknown };
      readonly sparse_vectors?: Readonly<Record<string, unknown>> | null;
    };
  };
  readonly payload_schema: Readonly<Record<string, unknown>>;
}

/** Fields that requests filter by. Points of one scope are kept together, which is what `is_tenant` asks for. */
const INDEXES = {
  scope: { type: 'keyword', is_tenant: true },
  collection: { type: 'keyword' },
  document_id: { type: 'keyword' },
  present: { type: 'keyword' },
} as const;

export function toCollectionPath(collection: string): string {
  return `/collections/${encodeURIComponent(collection)}`;
}

/**
 * Makes sure that the collection is there, fits, and has its payload indexes; creates what is missing.
 * @throws AppError `configuration` when it holds other vectors.
 */
export async function prepareCollection(client: QdrantClient, options: QdrantCollectionOptions): Promise<void> {
  const path = toCollectionPath(options.collection);
  const info = (await readInfo(client, path)) ?? (await create(client, path, options));
  checkVectors(info, options);
  for (const [field, schema] of Object.entries(INDEXES)) {
    if (Object.hasOwn(info.payload_schema, field)) continue;
    await client({
      method: 'PUT',
      path: `${path}/index?wait=true`,
      body: { field_name: field, field_schema: schema },
    });
  }
}

/** Undefined when there is no such collection. */
export async function readInfo(client: QdrantClient, path: string): Promise<CollectionInfo | undefined> {
  try {
    return await client<CollectionInfo>({ method: 'GET', path });
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return undefined;
    throw error;
  }
}

async function create(
  client: QdrantClient,
  path: string,
  { dimensions, distance, lexical }: QdrantCollectionOptions,
): Promise<CollectionInfo> {
  const body = {
    vectors: { size: dimensions, distance: QDRANT_DISTANCES[distance] },
    ...(lexical && { sparse_vectors: { [WORDS]: { modifier: 'idf' } } }),
    on_disk_payload: true,
  };
  const failure = await client({ method: 'PUT', path, body }).then(
    () => undefined,
    (error: unknown) => error,
  );
  // Another instance may have been faster, which older versions do not tell from other faults.
  const info = await readInfo(client, path);
  if (info !== undefined) return info;
  throw failure ?? new AppError('server_error', 'Qdrant created the collection, and does not know it.');
}

function checkVectors(
  info: CollectionInfo,
  { collection, dimensions, distance, lexical }: QdrantCollectionOptions,
): void {
  const { vectors, sparse_vectors: sparse } = info.config.params;
  const { size, distance: stored } = vectors ?? {};
  const fault =
    typeof size !== 'number'
      ? 'has no vector without a name'
      : size !== dimensions
        ? `holds vectors of ${size} dimensions, but ${dimensions} are configured`
        : stored !== QDRANT_DISTANCES[distance]
          ? `compares by ${String(stored)}, but ${QDRANT_DISTANCES[distance]} is configured`
          : lexical && !Object.hasOwn(sparse ?? {}, WORDS)
            ? 'was made for vectors alone, and cannot be searched by words'
            : undefined;
  if (fault === undefined) return;
  throw new AppError(
    'configuration',
    `The Qdrant collection "${collection}" ${fault}. Name another collection in vectorstore.qdrant.collection, or delete this one.`,
    { param: 'vectorstore.qdrant.collection' },
  );
}
