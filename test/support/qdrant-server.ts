import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { matchesQdrantFilter } from './qdrant-filter.ts';
import { createQdrantValidation, type QdrantOperation } from './qdrant-schema.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Sparse {
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

interface Point {
  readonly id: string;
  readonly vector: Float32Array;
  /** Sparse vectors by their names. */
  readonly sparse: Readonly<Record<string, Sparse>>;
  readonly payload: Fields;
}

interface Collection {
  readonly size: number;
  readonly distance: string;
  readonly sparse?: Fields;
  readonly indexes: Map<string, Fields>;
  readonly points: Map<string, Point>;
}

export interface QdrantServer {
  readonly url: string;
  readonly collections: ReadonlyMap<string, Collection>;
  /** Requests so far, as `PUT /points`, without the collection's own path. */
  readonly requests: readonly { readonly operation: string; readonly body: Fields; readonly bytes: number }[];
  /** What does not follow Qdrant's interface, in a request or in an answer of this stand-in. */
  readonly faults: readonly string[];
  /** Answers the next requests that are no `GET` in this way, one each, or never at `silence`. What was said before is off. */
  failNext(...failures: readonly (Failure | 'silence')[]): void;
  drop(collection: string): void;
  close(): Promise<void>;
}

export interface Failure {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Fails the requests whose body has this text, all of them, and lets the others through. */
  readonly when?: string;
}

const MAX_REQUEST_BYTES = 32 * 1_048_576;
/** Below, Qdrant takes the square of a length for zero and leaves the vector as it is. */
const ZERO_LENGTH = 1.1920929e-7;

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * A stand-in for Qdrant: it carries requests out in memory, comparing every vector, and holds each request and each of
 * its own answers against Qdrant's interface. Points of equal score come in the order opposite to their creation, since
 * Qdrant promises none.
 */
export async function startQdrantServer({ apiKey }: { readonly apiKey?: string } = {}): Promise<QdrantServer> {
  const collections = new Map<string, Collection>();
  const requests: { operation: string; body: Fields; bytes: number }[] = [];
  const faults: string[] = [];
  const failures: (Failure | 'silence')[] = [];
  const validation = createQdrantValidation();

  const find = (name: string): Collection => {
    const collection = collections.get(name);
    if (collection === undefined) throw new Refusal(404, `Not found: Collection \`${name}\` doesn't exist!`);
    return collection;
  };

  const carryOut = (operation: QdrantOperation, name: string, body: Fields): unknown => {
    if (operation === 'createCollection') {
      if (collections.has(name)) throw new Refusal(409, `Wrong input: Collection \`${name}\` already exists!`);
      const { size, distance } = body.vectors as { size: number; distance: string };
      const sparse = body.sparse_vectors as Fields | undefined;
      collections.set(name, { size, distance, ...(sparse && { sparse }), indexes: new Map(), points: new Map() });
      return true;
    }
    return OPERATIONS[operation](find(name), body);
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const bytes = Buffer.concat(parts);
    const { pathname, search } = new URL(request.url ?? '/', 'http://qdrant');
    const [, root, name = '', ...rest] = pathname.split('/').map(decodeURIComponent);
    const route = `${request.method} ${rest.join('/')}`;
    const failure = request.method === 'GET' ? undefined : takeFailure(failures, bytes);
    if (failure === 'silence') return;
    if (failure !== undefined) {
      response
        .writeHead(failure.status, failure.headers)
        .end(failure.body ?? JSON.stringify({ status: { error: 'x' } }));
      return;
    }
    let status = 200;
    let sent: Fields;
    try {
      if (apiKey !== undefined && request.headers['api-key'] !== apiKey) throw new Refusal(401, 'Invalid API key');
      if (bytes.length > MAX_REQUEST_BYTES) throw new Refusal(413, 'Payload too large');
      const operation = ROUTES[route];
      if (root !== 'collections' || operation === undefined) throw new Refusal(404, 'no such route');
      const body = bytes.length === 0 ? undefined : (JSON.parse(bytes.toString('utf8')) as Fields);
      requests.push({ operation, body: body ?? {}, bytes: bytes.length });
      const fault = validation.request(operation, body) ?? waitFault(operation, search);
      if (fault !== undefined) {
        faults.push(`${route}: ${fault}`);
        throw new Refusal(400, 'Format error in JSON body');
      }
      const result = carryOut(operation, name, body ?? {});
      const wrong = validation.result(operation, result);
      if (wrong !== undefined) faults.push(`answer to ${route}: ${wrong}`);
      sent = { result, status: 'ok', time: 0.001 };
    } catch (error) {
      status = error instanceof Refusal ? error.status : 400;
      sent = { status: { error: String(error) }, time: 0.001 };
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(sent));
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    collections,
    requests,
    faults,
    failNext: (...next) => void failures.splice(0, failures.length, ...next),
    drop: (name) => void collections.delete(name),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const ROUTES: Readonly<Record<string, QdrantOperation>> = {
  'GET ': 'info',
  'PUT ': 'createCollection',
  'PUT index': 'createIndex',
  'PUT points': 'upsert',
  'POST points': 'retrieve',
  'POST points/delete': 'delete',
  'POST points/scroll': 'scroll',
  'POST points/count': 'count',
  'POST points/query': 'query',
};
const WRITES: ReadonlySet<QdrantOperation> = new Set(['createIndex', 'upsert', 'delete']);

const OPERATIONS: Readonly<Record<QdrantOperation, (collection: Collection, body: Fields) => unknown>> = {
  createCollection: () => true,
  info: ({ size, distance, sparse, indexes, points }) => ({
    status: 'green',
    optimizer_status: 'ok',
    segments_count: 1,
    points_count: points.size,
    config: {
      params: { vectors: { size, distance }, ...(sparse && { sparse_vectors: sparse }), on_disk_payload: true },
      hnsw_config: { m: 16, ef_construct: 100, full_scan_threshold: 10_000 },
      optimizer_config: { default_segment_number: 0, flush_interval_sec: 5 },
    },
    payload_schema: Object.fromEntries(
      [...indexes].map(([field, params]) => [field, { data_type: 'keyword', params, points: points.size }]),
    ),
  }),
  createIndex({ indexes }, { field_name, field_schema }) {
    indexes.set(field_name as string, field_schema as Fields);
    return COMPLETED;
  },
  upsert(collection, body) {
    const sent = body.points as { id: string; vector: number[] | Fields; payload?: Fields | null }[];
    const given = sent.map(({ vector, ...point }) => {
      const { '': dense, ...sparse } = Array.isArray(vector) ? { '': vector } : vector;
      return { ...point, vector: dense as number[], sparse: sparse as Record<string, Sparse> };
    });
    const unknown = given
      .flatMap(({ sparse }) => Object.keys(sparse))
      .find((name) => !(name in (collection.sparse ?? {})));
    if (unknown !== undefined) throw new Refusal(400, `Wrong input: Not existing vector name error: ${unknown}`);
    const wrong = given.find(({ vector }) => vector.length !== collection.size);
    if (wrong !== undefined) {
      const got = wrong.vector.length;
      throw new Refusal(400, `Wrong input: Vector dimension error: expected dim: ${collection.size}, got ${got}`);
    }
    for (const { id, vector, sparse, payload } of given) {
      collection.points.set(id, { id, sparse, vector: toKept(vector, collection.distance), payload: payload ?? {} });
    }
    return COMPLETED;
  },
  retrieve: ({ points }, { ids, with_payload }) =>
    (ids as string[]).flatMap((id) => {
      const point = points.get(id);
      return point === undefined ? [] : [toRecord(point, with_payload ?? true)];
    }),
  delete(collection, { points, filter }) {
    const ids = points === undefined ? select(collection, filter).map(({ id }) => id) : (points as string[]);
    for (const id of ids) collection.points.delete(id);
    return COMPLETED;
  },
  scroll(collection, { filter, limit = 10, offset, with_payload }) {
    const found = select(collection, filter).sort((left, right) => (left.id < right.id ? -1 : 1));
    const start = offset === undefined ? 0 : found.findIndex(({ id }) => id >= (offset as string));
    const page = start < 0 ? [] : found.slice(start, start + (limit as number));
    return {
      points: page.map((point) => toRecord(point, with_payload ?? true)),
      next_page_offset: start < 0 ? null : (found[start + (limit as number)]?.id ?? null),
    };
  },
  count: (collection, { filter }) => ({ count: select(collection, filter).length }),
  query(collection, { query, using, filter, limit = 10, with_payload }) {
    if (using !== undefined) {
      const found = bySparse(collection, using as string, query as Sparse, filter).slice(0, limit as number);
      return {
        points: found.map(({ point, score }) => ({ ...toRecord(point, with_payload ?? false), version: 1, score })),
      };
    }
    const wanted = query as number[];
    if (wanted.length !== collection.size) throw new Refusal(400, 'Wrong input: Vector dimension error');
    const vector = toKept(wanted, collection.distance);
    const best = collection.distance === 'Euclid' ? 1 : -1;
    const points = select(collection, filter)
      .reverse()
      .map((point) => ({ point, score: scoreOf(point.vector, vector, collection.distance) }))
      .sort((left, right) => best * (left.score - right.score))
      .slice(0, limit as number)
      .map(({ point, score }) => ({ ...toRecord(point, with_payload ?? false), version: 1, score }));
    return { points };
  },
};

/** Points that share a place with the query, by the product of the weights and, where it was asked for, of rarity. */
function bySparse(collection: Collection, name: string, { indices, values }: Sparse, filter: unknown) {
  const settings = collection.sparse?.[name] as { modifier?: string } | undefined;
  if (settings === undefined) throw new Refusal(400, `Wrong input: Not existing vector name error: ${name}`);
  const all = [...collection.points.values()];
  const rarityOf = (index: number): number => {
    if (settings.modifier !== 'idf') return 1;
    const having = all.filter(({ sparse }) => sparse[name]?.indices.includes(index)).length;
    return Math.log((all.length - having + 0.5) / (having + 0.5) + 1);
  };
  const wanted = new Map(indices.map((index, place) => [index, (values[place] ?? 0) * rarityOf(index)]));
  return select(collection, filter)
    .reverse()
    .map((point) => {
      const { indices: places = [], values: weights = [] } = point.sparse[name] ?? {};
      const shared = places.flatMap((index, place) =>
        wanted.has(index) ? [(wanted.get(index) ?? 0) * (weights[place] ?? 0)] : [],
      );
      return { point, isFound: shared.length > 0, score: shared.reduce((sum, product) => sum + product, 0) };
    })
    .filter(({ isFound }) => isFound)
    .sort((left, right) => right.score - left.score);
}

const COMPLETED = { operation_id: 1, status: 'completed' };

function select({ points }: Collection, filter: unknown): Point[] {
  const all = [...points.values()];
  return filter === undefined ? all : all.filter(({ payload }) => matchesQdrantFilter(filter as Fields, payload));
}

function toRecord({ id, payload }: Point, withPayload: unknown): Fields {
  if (withPayload === false) return { id };
  if (withPayload === true) return { id, payload };
  const fields = (withPayload as string[]).filter((field) => Object.hasOwn(payload, field));
  return { id, payload: Object.fromEntries(fields.map((field) => [field, payload[field]])) };
}

/** Vectors are kept in 32 bits, and under cosine at length 1. */
function toKept(vector: readonly number[], distance: string): Float32Array {
  const kept = Float32Array.from(vector);
  if (distance !== 'Cosine') return kept;
  const square = kept.reduce((sum, value) => Math.fround(sum + Math.fround(value * value)), 0);
  return square < ZERO_LENGTH ? kept : kept.map((value) => value / Math.sqrt(square));
}

function scoreOf(left: Float32Array, right: Float32Array, distance: string): number {
  let sum = 0;
  for (const [position, value] of left.entries()) {
    const other = right[position] ?? 0;
    sum = Math.fround(sum + (distance === 'Euclid' ? (value - other) ** 2 : value * other));
  }
  return distance === 'Euclid' ? Math.fround(Math.sqrt(sum)) : sum;
}

function waitFault(operation: QdrantOperation, search: string): string | undefined {
  return search === (WRITES.has(operation) ? '?wait=true' : '') ? undefined : `the query "${search}"`;
}

function takeFailure(failures: (Failure | 'silence')[], bytes: Buffer): Failure | 'silence' | undefined {
  const [first] = failures;
  if (first === undefined) return undefined;
  if (first !== 'silence' && first.when !== undefined) return bytes.includes(first.when) ? first : undefined;
  return failures.shift();
}
