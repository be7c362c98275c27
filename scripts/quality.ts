/**
 * How good search is, on a set of documents and questions that people have judged.
 *
 *   npm run quality -- [FOLDER] [--store memory|firestore|pgvector|qdrant]…
 *
 * The folder (default: the Cranfield collection beside the repository) holds `corpus.jsonl`, `queries.jsonl` and
 * `qrels.tsv`; without it nothing is measured. Firestore is its emulator, at FIRESTORE_EMULATOR_HOST. Postgres is the one
 * at QUALITY_POSTGRES_URL, else one inside this process; Qdrant the one at QUALITY_QDRANT_URL, else the stand-in of the
 * tests, which ranks as Qdrant documents it. Exit code 0: good, or nothing to measure; 1: below a bar;
 * 2: wrong usage.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { VectorStore } from '../shared/contracts/vector-store.ts';
import { createMemoryVectorStore } from '../shared/stores/vector/memory.ts';
import { exitWithUsage, readCommandLine } from './command-line.ts';
import { type JudgedSet, readJudgedSet } from './quality/judged-set.ts';
import { measureQuality, type QualityRow } from './quality/measure.ts';

const DIMENSIONS = 768;
const CRANFIELD = fileURLToPath(new URL('../../shared/data/retrieval/cranfield/', import.meta.url));

/** Lowest nDCG@10 on Cranfield: of exact rankings, so of the store in memory. */
const BARS: Readonly<Record<string, number>> = { vector: 0.32, lexical: 0.355 };

/** What is below its bar, one line each. On every store, words and vectors together are no worse than the words. */
export function listShortfalls(rows: readonly QualityRow[]): string[] {
  return rows.flatMap(({ store, ranking, ndcg }) => {
    const words = rows.find((row) => row.store === store && row.ranking === 'lexical')?.ndcg ?? 0;
    const bar = ranking === 'hybrid' ? words : store === 'memory' ? (BARS[ranking] ?? 0) : 0;
    if (ndcg >= bar) return [];
    return [`${store}, ${ranking}: nDCG@10 is ${ndcg.toFixed(4)}, and has to be at least ${bar.toFixed(4)}`];
  });
}

export function toTable(rows: readonly QualityRow[]): string[] {
  return [
    '| store | ranking | nDCG@10 | recall@10 | MRR | p95 ms |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(({ store, ranking, ndcg, recall, reciprocalRank, p95Ms }) => {
      const numbers = [ndcg.toFixed(4), recall.toFixed(4), reciprocalRank.toFixed(4), p95Ms.toFixed(1)];
      return `| ${[store, ranking, ...numbers].join(' | ')} |`;
    }),
  ];
}

export async function measureMemory(set: JudgedSet): Promise<QualityRow[]> {
  const store = createMemoryVectorStore({ dimensions: DIMENSIONS, maxDocuments: set.documents.length });
  return await measureQuality({ set, store, collection: 'quality', dimensions: DIMENSIONS });
}

async function measureFirestore(set: JudgedSet): Promise<QualityRow[]> {
  if (!process.env.FIRESTORE_EMULATOR_HOST) {
    throw new Error('Start the Firestore emulator and set FIRESTORE_EMULATOR_HOST; a real database is not written to.');
  }
  const { createFirestoreVectorStore } = await import('../shared/stores/vector/firestore.ts');
  const options = { dimensions: DIMENSIONS, projectId: 'demo-quality', emulator: true, lexical: true };
  return await measureOnce(createFirestoreVectorStore(options), set, true);
}

async function measurePgvector(set: JudgedSet): Promise<QualityRow[]> {
  const { createPgvectorVectorStore } = await import('../shared/stores/vector/pgvector.ts');
  const connectionString = process.env.QUALITY_POSTGRES_URL ?? 'pglite://memory';
  return await measureOnce(createPgvectorVectorStore({ dimensions: DIMENSIONS, connectionString }), set, false);
}

interface QdrantModule {
  startQdrantServer(): Promise<{ readonly url: string; close(): Promise<void> }>;
}

/** The stand-in is no part of what is shipped, so it is loaded by its address. */
async function measureQdrant(set: JudgedSet): Promise<QualityRow[]> {
  const { createQdrantVectorStore } = await import('../shared/stores/vector/qdrant.ts');
  const { createHttpClient } = await import('../shared/security/http-fetch.ts');
  const http = createHttpClient();
  const url = process.env.QUALITY_QDRANT_URL;
  const support = new URL('../test/support/qdrant-server.ts', import.meta.url).href;
  const standIn = url === undefined ? await ((await import(support)) as QdrantModule).startQdrantServer() : undefined;
  try {
    const options = { dimensions: DIMENSIONS, collection: `quality-${randomUUID()}`, lexical: true, fetch: http.fetch };
    return await measureOnce(createQdrantVectorStore({ ...options, url: url ?? standIn?.url ?? '' }), set, false);
  } finally {
    await standIn?.close();
    await http.close();
  }
}

/** In a collection of its own, which is removed again. */
async function measureOnce(store: VectorStore, set: JudgedSet, paidReads: boolean): Promise<QualityRow[]> {
  const collection = `quality-${randomUUID()}`;
  try {
    return await measureQuality({ set, store, collection, dimensions: DIMENSIONS, paidReads });
  } finally {
    await store.delete({ ids: set.documents.map(({ id }) => id) }, { collection, tenant: null });
    await store.close();
  }
}

const MEASURES: Readonly<Record<string, (set: JudgedSet) => Promise<QualityRow[]>>> = {
  memory: measureMemory,
  firestore: measureFirestore,
  pgvector: measurePgvector,
  qdrant: measureQdrant,
};

const USAGE = `Usage: npm run quality [-- [FOLDER] [--store NAME]…]

  FOLDER        a judged set: corpus.jsonl, queries.jsonl and qrels.tsv. Default: the Cranfield collection
  --store NAME  ${Object.keys(MEASURES).join(', ')}. Default: memory`;

/** What the command line says; a text when it is not to be run, see {@link readCommandLine}. */
function readOptions(args: readonly string[]) {
  const given = readCommandLine(args, {
    allowPositionals: true,
    options: { store: { type: 'string', multiple: true, default: ['memory'] } },
  });
  if (typeof given === 'string') return given;
  const [folder, another] = given.positionals;
  if (another !== undefined) return `One folder at a time is measured: ${another} is a second one.`;
  const unknown = given.values.store.find((name) => !Object.hasOwn(MEASURES, name));
  return unknown === undefined ? { folder, stores: given.values.store } : `There is no store ${unknown}.`;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (typeof options === 'string') exitWithUsage(options, USAGE);
  const { folder = CRANFIELD, stores } = options;
  const set = readJudgedSet(folder);
  if (set === undefined) {
    console.log(`Nothing was measured: there is no corpus.jsonl in ${folder}.`);
    return 0;
  }
  const rows: QualityRow[] = [];
  for (const name of stores) rows.push(...((await MEASURES[name]?.(set)) ?? []));
  for (const line of toTable(rows)) console.log(line);
  // Other sets have other bars; what holds on all of them is that words and vectors together are no worse than words.
  const shortfalls = options.folder === undefined ? listShortfalls(rows) : [];
  for (const line of shortfalls) console.error(line);
  return shortfalls.length === 0 ? 0 : 1;
}

const [, script] = process.argv;
if (script !== undefined && import.meta.url === pathToFileURL(script).href) process.exitCode = await main();
