import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryVectorStore } from '../../../shared/stores/vector/memory.ts';
import type { SearchSize } from './data.ts';

/** A store as the bench sees it. Rows are numbered in the order they are added. */
export interface SearchContender {
  add(vectors: readonly Float32Array[], firstRow: number): Promise<void> | void;
  /** The rows of the nearest vectors by cosine, best first. */
  search(query: Float32Array, topK: number): Promise<readonly number[]> | readonly number[];
  /** The same among every hundredth row. */
  searchOnePercent?(query: Float32Array, topK: number): Promise<readonly number[]>;
}

/** Imports a package of the peers, which neither the repository nor the types know. */
export type Load = <Module>(specifier: string) => Promise<Module>;

type Make = (size: SearchSize, load: Load) => Promise<SearchContender> | SearchContender;

const SCOPE = { collection: 'default', tenant: null };

function createSluice({ count, dimensions }: SearchSize, prescan: boolean): SearchContender {
  const store = createMemoryVectorStore({ dimensions, maxDocuments: count, prescan });
  const rowsOf = (found: readonly { id: string }[]): number[] => found.map(({ id }) => Number(id.slice(1)));
  return {
    async add(vectors, firstRow) {
      await store.upsert(
        vectors.map((embedding, place) => ({
          id: `c${firstRow + place}`,
          documentId: `d${(firstRow + place) >> 4}`,
          index: place,
          content: 'a chunk',
          embedding,
          contentHash: '',
          embeddingModel: 'bench',
          metadata: { hundredth: (firstRow + place) % 100 },
          tenant: null,
        })),
        SCOPE,
      );
    },
    search: async (vector, topK) => rowsOf(await store.query({ vector, topK, ...SCOPE })),
    async searchOnePercent(vector, topK) {
      const filter = { type: 'eq', key: 'hundredth', value: 7 } as const;
      return rowsOf(await store.query({ vector, topK, filter, ...SCOPE }));
    },
  };
}

const hnswlib: Make = async ({ count, dimensions }, load) => {
  interface Index {
    initIndex(maxElements: number): void;
    addPoint(point: number[], label: number): void;
    searchKnn(query: number[], neighbors: number): { neighbors: number[] };
  }
  interface Module {
    default: { BruteforceSearch: new (space: string, dimensions: number) => Index };
  }
  const { BruteforceSearch } = (await load<Module>('hnswlib-node')).default;
  const index = new BruteforceSearch('ip', dimensions);
  index.initIndex(count);
  return {
    add(vectors, firstRow) {
      for (const [place, vector] of vectors.entries()) index.addPoint(Array.from(vector), firstRow + place);
    },
    // Worst first, as its heap gives them.
    search: (query, topK) => index.searchKnn(Array.from(query), topK).neighbors,
  };
};

const usearch: Make = async ({ count, dimensions }, load) => {
  interface Usearch {
    MetricKind: { IP: unknown };
    exactSearch(
      rows: Float32Array,
      queries: Float32Array,
      dimensions: number,
      count: number,
      metric: unknown,
    ): { keys: BigUint64Array };
  }
  const module = await load<Usearch & { default?: Usearch }>('usearch');
  const { MetricKind, exactSearch } = module.default ?? module;
  const rows = new Float32Array(count * dimensions);
  return {
    add(vectors, firstRow) {
      for (const [place, vector] of vectors.entries()) rows.set(vector, (firstRow + place) * dimensions);
    },
    search: (query, topK) => Array.from(exactSearch(rows, query, dimensions, topK, MetricKind.IP).keys, Number),
  };
};

const sqliteVec: Make = async ({ dimensions }, load) => {
  interface Database {
    exec(sql: string): void;
    prepare(sql: string): { run(...values: unknown[]): void; all(...values: unknown[]): { rowid: number }[] };
  }
  const { default: Sqlite } = await load<{ default: new (file: string) => Database }>('better-sqlite3');
  const extension = await load<{ load(database: Database): void }>('sqlite-vec');
  const database = new Sqlite(':memory:');
  extension.load(database);
  database.exec(`create virtual table v using vec0(embedding float[${dimensions}] distance_metric=cosine)`);
  const insert = database.prepare('insert into v(rowid, embedding) values (?, ?)');
  const select = database.prepare('select rowid from v where embedding match ? and k = ? order by distance');
  return {
    add(vectors, firstRow) {
      database.exec('begin');
      for (const [place, vector] of vectors.entries()) insert.run(BigInt(firstRow + place + 1), bytesOf(vector));
      database.exec('commit');
    },
    search: (query, topK) => select.all(bytesOf(query), topK).map(({ rowid }) => rowid - 1),
  };
};

const lanceDb: Make = async (_size, load) => {
  interface Query {
    distanceType(name: string): Query;
    select(columns: string[]): Query;
    limit(count: number): Query;
    toArray(): Promise<{ row: number }[]>;
  }
  interface Table {
    add(rows: object[]): Promise<unknown>;
    vectorSearch(vector: number[]): Query;
  }
  interface Connection {
    createTable(name: string, rows: object[]): Promise<Table>;
  }
  const { connect } = await load<{ connect(path: string): Promise<Connection> }>('@lancedb/lancedb');
  const connection = await connect(await mkdtemp(join(tmpdir(), 'sluice-bench-lance-')));
  let table: Table | undefined;
  return {
    async add(vectors, firstRow) {
      const rows = vectors.map((vector, place) => ({ row: firstRow + place, vector: Array.from(vector) }));
      if (table === undefined) table = await connection.createTable('vectors', rows);
      else await table.add(rows);
    },
    async search(query, topK) {
      const search = table?.vectorSearch(Array.from(query)).distanceType('cosine').select(['row']).limit(topK);
      return ((await search?.toArray()) ?? []).map(({ row }) => row);
    },
  };
};

const langChain: Make = async (_size, load) => {
  interface Store {
    addVectors(vectors: number[][], documents: object[]): Promise<void>;
    similaritySearchVectorWithScore(query: number[], count: number): Promise<[{ metadata: { row: number } }, number][]>;
  }
  const { MemoryVectorStore } = await load<{ MemoryVectorStore: new (embeddings: object) => Store }>(
    '@langchain/classic/vectorstores/memory',
  );
  const store = new MemoryVectorStore({});
  return {
    async add(vectors, firstRow) {
      await store.addVectors(
        vectors.map((vector) => Array.from(vector)),
        vectors.map((_, place) => ({ pageContent: 'a chunk', metadata: { row: firstRow + place } })),
      );
    },
    async search(query, topK) {
      const found = await store.similaritySearchVectorWithScore(Array.from(query), topK);
      return found.map(([{ metadata }]) => metadata.row);
    },
  };
};

const orama: Make = async ({ dimensions }, load) => {
  interface Module {
    create(options: object): object;
    insertMultiple(database: object, documents: object[], batchSize: number): Promise<unknown>;
    search(database: object, query: object): Promise<{ hits: { id: string }[] }>;
  }
  const { create, insertMultiple, search } = await load<Module>('@orama/orama');
  const database = create({ schema: { embedding: `vector[${dimensions}]` } });
  return {
    async add(vectors, firstRow) {
      const documents = vectors.map((vector, place) => ({ id: `c${firstRow + place}`, embedding: Array.from(vector) }));
      await insertMultiple(database, documents, 500);
    },
    async search(query, topK) {
      const vector = { value: Array.from(query), property: 'embedding' };
      const { hits } = await search(database, { mode: 'vector', vector, similarity: 0, limit: topK });
      return hits.map(({ id }) => Number(id.slice(1)));
    },
  };
};

/** Ours first. */
export const CONTENDERS = {
  Sluice: (size) => createSluice(size, true),
  'Sluice, prescan off': (size) => createSluice(size, false),
  'hnswlib brute force': hnswlib,
  'usearch exact': usearch,
  'sqlite-vec': sqliteVec,
  'LanceDB flat': lanceDb,
  'LangChain MemoryVectorStore': langChain,
  Orama: orama,
} as const satisfies Record<string, Make>;

export type ContenderName = keyof typeof CONTENDERS;

function bytesOf(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}
