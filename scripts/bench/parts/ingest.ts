import { type IngestRig, startIngestRig } from '../ingest-rig.ts';
import type { BenchPart, BenchRow } from '../part.ts';
import { type Contender, compare, runRounds } from '../rounds.ts';

const CHUNKS_PER_DOCUMENT = 100;
const SMALL_DOCUMENT = 10;
/** 500 writes with vectors of 768 dimensions are above the 4 MiB that the emulator takes. */
const LARGEST_COMMIT = 300;
const REQUEST_SIZE = 100;

export const part: BenchPart = {
  name: 'ingest',
  description:
    'Into the Firestore emulator, texts of 1,000 characters, 768 dimensions, a model that takes 40 ms and 0.2 ms for each text. ' +
    'The others store text and vector alone. No package writes vectors to Firestore for LangChain.js or Genkit, so what ' +
    'LangChain’s Python package does, and what Genkit’s documentation shows, is done again here.',
  async run({ quick, log, random }) {
    const rig = await startIngestRig(quick ? 600 : 1_800);
    try {
      log('  bulk writes alone, one at a time, batches, LangChain, Genkit, Sluice');
      const rounds = await runRounds(contenders(rig), { rounds: quick ? 3 : 7, random });
      const row = (what: string, peer: string, atLeast?: number): BenchRow =>
        compare(rounds, {
          what,
          unit: 'chunks/s',
          ours: 'Sluice',
          peer,
          ...(atLeast === undefined ? {} : { goal: { atLeast } }),
        });
      return [
        row('ingestion, and writing alone', 'bulk writer, nothing embedded', 0.7),
        row('ingestion, and one text at a time', 'one at a time, as Genkit shows', 40),
        row('ingestion, and a call for each text at once', 'all at once'),
        row('ingestion, and batch after batch', 'sequential batches', 2),
        row('ingestion, and 500 texts after 500', 'as LangChain does'),
        compare(rounds, { what: 'documents of ten chunks', unit: 'documents/s', ours: 'small documents' }),
        ...(await countUnchanged(rig)),
      ];
    } finally {
      await rig.close();
    }
  },
};

/** Chunks, or documents, per second. */
function contenders(rig: IngestRig): Contender[] {
  const { texts, database, embed, toDocument } = rig;
  const collection = database.collection('others');

  const contender = (name: string, run: () => Promise<number>): Contender => ({
    name,
    async measure() {
      const startedAt = performance.now();
      const count = await run();
      const perSecond = count / ((performance.now() - startedAt) / 1_000);
      await rig.clear();
      return perSecond;
    },
  });
  const commit = async (batch: readonly string[], vectors: readonly Float32Array[]): Promise<void> => {
    const write = database.batch();
    for (const [place, text] of batch.entries()) {
      write.set(collection.doc(), toDocument(text, vectors[place] as Float32Array));
    }
    await write.commit();
  };
  const addOne = async (text: string): Promise<void> => {
    const [vector] = await embed([text]);
    await collection.add(toDocument(text, vector as Float32Array));
  };

  return [
    contender('Sluice', async () => (await rig.ingest(toDocuments(texts, CHUNKS_PER_DOCUMENT))).chunks),
    contender('small documents', async () => {
      const documents = toDocuments(texts, SMALL_DOCUMENT);
      await rig.ingest(documents);
      return documents.length;
    }),
    contender('bulk writer, nothing embedded', async () => {
      const writer = database.bulkWriter({ throttling: false });
      const [vector] = await embed(['']);
      for (const [place, batch] of toBatches(texts, REQUEST_SIZE).entries()) {
        if (place > 0) void writer.flush();
        for (const text of batch) void writer.create(collection.doc(), toDocument(text, vector as Float32Array));
      }
      await writer.close();
      return texts.length;
    }),
    contender('one at a time, as Genkit shows', async () => {
      const few = texts.slice(0, 40);
      for (const text of few) await addOne(text);
      return few.length;
    }),
    contender('all at once', async () => {
      await Promise.all(texts.map(addOne));
      return texts.length;
    }),
    contender('sequential batches', async () => {
      for (const batch of toBatches(texts, REQUEST_SIZE)) await commit(batch, await embed(batch));
      return texts.length;
    }),
    contender('as LangChain does', async () => {
      for (const batch of toBatches(texts, LARGEST_COMMIT)) {
        const vectors = await Promise.all(toBatches(batch, REQUEST_SIZE).map(embed));
        await commit(batch, vectors.flat());
      }
      return texts.length;
    }),
  ];
}

/** What documents that have not changed cost, and what a search reads. */
async function countUnchanged(rig: IngestRig): Promise<BenchRow[]> {
  const documents = toDocuments(rig.texts, SMALL_DOCUMENT);
  await rig.ingest(documents);
  const before = rig.calls();
  const writes = await rig.watchWrites(() => rig.ingest(documents));
  const calls = await rig.search();
  const queries = calls.filter(({ isNearest }) => isNearest);
  const row = (what: string, ours: number, atMost: number): BenchRow => ({
    what,
    ours,
    unit: '',
    goal: { atMost },
    noise: 0,
  });
  return [
    row(`embedding calls for ${documents.length} unchanged documents`, rig.calls() - before - 1, 0),
    row(`writes for ${documents.length} unchanged documents`, writes, 0),
    row(
      'calls to Firestore for a search, all of them nearest-neighbour queries',
      calls.length + (calls.length - queries.length),
      1,
    ),
    row(
      'documents read by a search for ten',
      calls.reduce((sum, call) => sum + call.documents, 0),
      10,
    ),
  ];
}

function toDocuments(texts: readonly string[], size: number): { id: string; content: string }[] {
  return toBatches(texts, size).map((batch, index) => ({ id: `document-${index}`, content: batch.join('\n\n') }));
}

function toBatches<Item>(items: readonly Item[], size: number): Item[][] {
  const batches: Item[][] = [];
  for (let start = 0; start < items.length; start += size) batches.push(items.slice(start, start + size));
  return batches;
}
