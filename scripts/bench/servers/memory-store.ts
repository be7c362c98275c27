import type { Chunk } from '../../../shared/contracts/vector-store.ts';
import { fuseHybrid } from '../../../shared/rag/ranking.ts';
import { createMemoryVectorStore } from '../../../shared/stores/vector/memory.ts';
import { createTexts } from '../growth/texts.ts';
import { createRandom, fillVector, makeQueries, TOP_K, VECTOR_SEED } from '../search/data.ts';

/**
 * Our memory store at one size, in a process of its own.
 *
 *   node --expose-gc index.js COUNT DIMENSIONS
 */
export type StoreThing = 'put' | 'analyse' | 'vector' | 'filtered' | 'lexical' | 'hybrid';

/** Microseconds of processor time, for a passage or for a search. */
export type StoreTimes = Readonly<Record<StoreThing, number>>;

const BATCH = 500;
/** So many passages are put in at least, into as many stores as that takes, so that a small one is measured as long. */
const LEAST_PUT = 20_000;
const MEASURE_MS = 150;
/** As many hits as hybrid search asks for when ten are wanted. */
const CHOICE = 30;
const SCOPE = { collection: 'default', tenant: null } as const;

const [count = 0, dimensions = 0] = process.argv.slice(2).map(Number);
const random = createRandom(VECTOR_SEED);
const { writeText, writeQuery } = createTexts(random);
const chunks = Array.from({ length: count }, (_, row): Chunk => {
  return {
    id: `c${row}`,
    documentId: `d${row >> 4}`,
    index: row & 15,
    content: writeText(),
    embedding: fillVector(random, new Float32Array(dimensions)),
    contentHash: '',
    embeddingModel: 'bench',
    metadata: { hundredth: row % 100 },
    tenant: null,
  };
});
const vectors = makeQueries(dimensions);
const texts = vectors.map(() => writeQuery());
const collect = (globalThis as { gc?: () => void }).gc ?? (() => undefined);

process.send?.({});
process.on('message', () => void measure().then((times) => process.send?.(times)));

async function measure(): Promise<StoreTimes> {
  const times = { put: 0, analyse: 0 };
  const stores = Math.max(1, Math.ceil(LEAST_PUT / count));
  let store = createMemoryVectorStore({ dimensions, maxDocuments: count });
  for (let made = 0; made < stores; made += 1) {
    await store.close();
    collect();
    store = createMemoryVectorStore({ dimensions, maxDocuments: count });
    const filled = store;
    times.put += await cpuOf(async () => {
      for (let row = 0; row < count; row += BATCH) await filled.upsert(chunks.slice(row, row + BATCH), SCOPE);
    });
    // The words of the passages are analysed when somebody first searches by words.
    times.analyse += await cpuOf(async () => void (await filled.searchText?.({ ...SCOPE, text: 'x', topK: 1 })));
  }

  const searchOf = async (search: (vector: Float32Array, text: string) => Promise<unknown>): Promise<number> => {
    let asked = 0;
    const startedAt = performance.now();
    const cpu = await cpuOf(async () => {
      while (performance.now() - startedAt < MEASURE_MS || asked < 3) {
        const place = asked % vectors.length;
        await search(vectors[place] as Float32Array, texts[place] as string);
        asked += 1;
      }
    });
    return cpu / asked;
  };
  const byVector = (vector: Float32Array, topK: number, more = {}) => store.query({ ...SCOPE, vector, topK, ...more });
  const byWords = async (text: string, topK: number, more = {}) =>
    (await store.searchText?.({ ...SCOPE, text, topK, ...more })) ?? [];
  const filter = { type: 'eq', key: 'hundredth', value: 7 } as const;
  const answer = {
    put: times.put / (stores * count),
    analyse: times.analyse / (stores * count),
    vector: await searchOf((vector) => byVector(vector, TOP_K)),
    filtered: await searchOf((vector) => byVector(vector, TOP_K, { filter })),
    lexical: await searchOf((_, text) => byWords(text, TOP_K)),
    hybrid: await searchOf(async (vector, text) => {
      const more = { withEmbeddings: true };
      const [near, matching] = [await byVector(vector, CHOICE, more), await byWords(text, CHOICE, more)];
      const fusion = { method: 'rrf' } as const;
      return fuseHybrid({ vector, byVector: near, byWords: matching, minScore: undefined, fusion });
    }),
  };
  await store.close();
  return answer;
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
