import { AppError } from '../../contracts/app-error.ts';
import { waitFor } from '../abort.ts';
import type { QdrantClient, QdrantRequest } from './qdrant-client.ts';
import { prepareCollection, type QdrantCollectionOptions, readInfo, toCollectionPath } from './qdrant-collection.ts';
import type { QdrantFilter } from './qdrant-filter.ts';
import type { QdrantPayload, QdrantRecord } from './qdrant-point.ts';
import { type SparseVector, WORDS } from './qdrant-words.ts';

export interface QdrantPointsOptions extends QdrantCollectionOptions {
  readonly client: QdrantClient;
  readonly timeoutMs: number;
}

type Signal = AbortSignal | undefined;
type Fields = readonly (keyof QdrantPayload)[];

export interface ScoredRecord extends QdrantRecord {
  /** As Qdrant gives it: higher is better, but for a Euclidean distance. */
  readonly score: number;
}

export interface NearestPoints {
  /** The vector of the meaning, or of the words, which are always compared with all. */
  readonly vector: readonly number[] | SparseVector;
  readonly filter: QdrantFilter;
  readonly limit: number;
  /** Compare all points that match; otherwise the index answers. */
  readonly exact: boolean;
  readonly fields: Fields;
}

/** The vector of the meaning alone, or both by their names, of which that one's is empty. */
type PointVector = readonly number[] | Readonly<Record<string, readonly number[] | SparseVector>>;

/** The points of one Qdrant collection, which is made when they are first asked for. */
export interface QdrantPoints {
  put(points: readonly { id: string; vector: PointVector; payload: QdrantPayload }[], signal: Signal): Promise<void>;
  /** Those that exist, in no order. */
  get(ids: readonly string[], fields: Fields, signal: Signal): Promise<readonly QdrantRecord[]>;
  nearest(search: NearestPoints, signal: Signal): Promise<readonly ScoredRecord[]>;
  /** All points that match, page after page, in no order. */
  scroll(
    filter: QdrantFilter,
    options: { readonly limit: number; readonly fields: Fields; readonly signal: Signal },
  ): AsyncIterable<readonly QdrantRecord[]>;
  count(filter: QdrantFilter, signal: Signal): Promise<number>;
  delete(
    selector: { readonly points: readonly string[] } | { readonly filter: QdrantFilter },
    signal: Signal,
  ): Promise<void>;
  /** Resolves when Qdrant can be reached and the collection fits. */
  ready(): Promise<void>;
}

const MIN_CANDIDATES = 128;

export function createQdrantPoints({ client, timeoutMs, ...collection }: QdrantPointsOptions): QdrantPoints {
  const path = toCollectionPath(collection.collection);
  let preparing: Promise<void> | undefined;

  const prepare = (): Promise<void> => {
    if (preparing !== undefined) return preparing;
    const made = prepareCollection(client, collection);
    preparing = made;
    made.catch(() => {
      if (preparing === made) preparing = undefined;
    });
    return made;
  };
  const forget = (cause?: unknown): AppError => {
    preparing = undefined;
    return new AppError('server_error', 'The Qdrant collection is gone; the next call creates it again.', { cause });
  };

  const send = async <Result>(
    below: string,
    body: unknown,
    signal: Signal,
    method: QdrantRequest['method'] = 'POST',
  ): Promise<Result> => {
    await waitFor(prepare, { signal, timeoutMs });
    try {
      return await client<Result>({ method, path: `${path}${below}`, body, signal });
    } catch (error) {
      throw error instanceof AppError && error.code === 'not_found' ? forget(error) : error;
    }
  };
  /** A write that Qdrant has carried out, and not only taken. */
  const write = async (
    below: string,
    body: unknown,
    signal: Signal,
    method?: QdrantRequest['method'],
  ): Promise<void> => {
    const { status } = await send<{ status: string }>(`${below}?wait=true`, body, signal, method);
    if (status === 'completed') return;
    throw new AppError('timeout', 'Qdrant took the write, and did not finish it in time.');
  };

  return {
    put: (points, signal) => write('/points', { points }, signal, 'PUT'),
    get: (ids, fields, signal) =>
      send('/points', { ids, with_payload: toSelector(fields), with_vector: false }, signal),
    async nearest({ vector, filter, limit, exact, fields }, signal) {
      const body = {
        query: vector,
        ...('indices' in vector && { using: WORDS }),
        filter,
        limit,
        params: exact ? { exact } : { hnsw_ef: Math.max(MIN_CANDIDATES, 2 * limit) },
        with_payload: toSelector(fields),
        with_vector: false,
      };
      return (await send<{ points: readonly ScoredRecord[] }>('/points/query', body, signal)).points;
    },
    async *scroll(filter, { limit, fields, signal }) {
      let offset: string | number | null | undefined;
      do {
        const page: { points: readonly QdrantRecord[]; next_page_offset?: string | number | null } = await send(
          '/points/scroll',
          {
            filter,
            limit,
            with_payload: toSelector(fields),
            with_vector: false,
            ...(offset !== undefined && { offset }),
          },
          signal,
        );
        yield page.points;
        offset = page.next_page_offset ?? undefined;
      } while (offset !== undefined);
    },
    count: async (filter, signal) =>
      (await send<{ count: number }>('/points/count', { filter, exact: true }, signal)).count,
    delete: (selector, signal) => write('/points/delete', selector, signal),
    async ready() {
      await prepare();
      if ((await readInfo(client, path)) === undefined) throw forget();
    },
  };
}

function toSelector(fields: Fields): Fields | false {
  return fields.length === 0 ? false : fields;
}
