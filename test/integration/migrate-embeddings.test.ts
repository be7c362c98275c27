import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Firestore } from '@google-cloud/firestore';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkTarget } from '../../scripts/migrate-embeddings/check-migration.ts';
import { migrateEmbeddings } from '../../scripts/migrate-embeddings.ts';
import type { CollectionParts } from '../../shared/app/collection-parts.ts';
import { type App, createApp } from '../../shared/app/create-app.ts';
import { parseConfig } from '../../shared/config/parse.ts';
import { createEmbedder } from '../../shared/rag/embed.ts';
import { createFirestoreVectorStore } from '../../shared/stores/vector/firestore.ts';
import { createFakeEmbeddings } from '../support/fake-embeddings.ts';
import { createScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';
import { describeWithFirestore } from '../support/services.ts';

const { signal } = new AbortController();
setMaxListeners(0, signal);

describe('the look at the new collection', () => {
  it('ends with the command for the index that is missing', async () => {
    const missing = async () => Promise.reject(Object.assign(new Error('no index'), { code: 9 }));
    const query = { where: () => query, select: () => query, findNearest: () => ({ get: missing }) };
    const vectorStore = createFirestoreVectorStore({
      dimensions: 2,
      collection: 'vectors-2',
      client: { collection: () => query } as unknown as Firestore,
    });
    const embedder = createEmbedder({ provider: createFakeEmbeddings().provider });
    await expect(checkTarget({ embedder, vectorStore } as CollectionParts, signal)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/gcloud firestore indexes composite create .*vectors-2.*"dimension":"2"/),
    });
  });
});

/** Vectors that tell the length of the text and of themselves. */
const vectorOf = (text: string, dimensions: number) =>
  Array.from({ length: dimensions }, (_, i) => text.length + i + 1);

describeWithFirestore('the command that migrates embeddings', (host) => {
  const environment = { FIRESTORE_EMULATOR_HOST: host, METADATA_SERVER_DETECTION: 'none' };
  let directory: string;
  let project: string;
  let upstream: ScriptedServer;
  let database: Firestore;
  let apps: App[];
  let files: { old: string; next: string };
  /** Texts by the length of the vectors that were asked for. */
  let embedded: Record<number, string[]>;
  /** Requests for new vectors that are still answered; afterwards the key is refused. */
  let answers: number;

  const yamlOf = ({ dimensions, collection, model = 'text-embedding-3-small' }: Record<string, unknown>) => `
agents: [{name: a, role: assistant, provider: local, model: extractive}]
embeddings:
  provider: openai
  openai: {api_key: k, model: ${model}, dimensions: ${dimensions}, endpoint: "${upstream.origin}/v1"}
  retry: {max_attempts: 1}
vectorstore:
  provider: firestore
  embedding_dimensions: ${dimensions}
  tenancy: true
  firestore: {project_id: ${project}, collection: ${collection}}
ingestion: {store: firestore, chunk_size: 60, chunk_overlap: 0}
`;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-migrate-'));
    project = `demo-${randomUUID()}`;
    apps = [];
    embedded = {};
    answers = Number.POSITIVE_INFINITY;
    upstream = await createScriptedServer((request) => {
      const { input, dimensions } = request.json() as { input: string[]; dimensions: number };
      if (dimensions === 6 && !input.includes('migration')) {
        answers -= 1;
        if (answers < 0) return { status: 401, body: { error: { message: 'no' } } };
      }
      embedded[dimensions] = [...(embedded[dimensions] ?? []), ...input.filter((text) => text !== 'migration')];
      const data = input.map((text, index) => ({ index, embedding: vectorOf(text, dimensions) }));
      return { body: { data, usage: { prompt_tokens: input.length, total_tokens: input.length } } };
    });
    database = new Firestore({ projectId: project });
    files = { old: join(directory, 'agents.yaml'), next: join(directory, 'next.yaml') };
    await writeFile(files.old, yamlOf({ dimensions: 4, collection: 'vectors' }));
    await writeFile(files.next, yamlOf({ dimensions: 6, collection: 'vectors-2', model: 'text-embedding-3-large' }));
  });
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await database.terminate();
    await upstream.close();
    await rm(directory, { recursive: true, force: true });
  });

  const start = async (file: string): Promise<App> => {
    const app = createApp(parseConfig(await readFile(file, 'utf8'), { environment }).config, {
      environment,
      log: () => {},
    });
    apps.push(app);
    return app;
  };
  const ingest = async (app: App, id: string, text: string, more: { collection?: string; tenant?: string } = {}) => {
    const { tenant = null, collection } = more;
    const body = { id, text, ...(collection === undefined ? {} : { collection }) };
    const { data } = await (await app.documents.get()).ingest({ body, caller: { tenant }, signal, facts: {} });
    expect(data[0]).toMatchObject({ status: 'ready' });
  };
  const remove = async (app: App, id: string) =>
    await (await app.documents.get()).remove({ id, caller: { tenant: null }, signal });
  const run = async (...args: string[]) => {
    const outcome = await migrateEmbeddings([...args, '--json'], { environment, signal });
    return { exitCode: outcome.exitCode, ...(JSON.parse(outcome.output) as Record<string, unknown>) };
  };
  const migrate = (...args: string[]) => run('--from', files.old, '--to', files.next, ...args);
  const afterSwitch = (...args: string[]) => run('--from', `${files.old}.before-migration`, '--to', files.old, ...args);
  /** Texts and lengths of the vectors in a collection, by document. */
  const stored = async (collection: string) => {
    const chunks = (await database.collection(collection).get()).docs;
    const found: Record<string, string[]> = {};
    for (const chunk of chunks) {
      const name = [chunk.get('tenant'), chunk.get('documentId')].filter(Boolean).join('/');
      const line = `${chunk.get('content')} (${chunk.get('embedding').toArray().length})`;
      found[name] = [...(found[name] ?? []), line].sort();
    }
    return found;
  };

  it('copies, keeps up with what changes meanwhile, switches, catches up, and removes the old', async () => {
    const old = await start(files.old);
    await ingest(old, 'stays', 'First half of it is here.\n\nThe second half is over there, and is longer.');
    await ingest(old, 'changes', 'Before.');
    await ingest(old, 'goes', 'Gone soon.');
    await ingest(old, 'manual', 'How to do it.', { collection: 'manuals', tenant: 't1' });

    const calls = upstream.requests.length;
    expect(await migrate('--dry-run')).toMatchObject({ exitCode: 0, documents: 4, copied: 4, dry_run: true });
    // One word, which shows that the model answers with vectors of the right length.
    expect(upstream.requests.length - calls).toBe(1);
    expect((await database.listCollections()).map(({ id }) => id)).not.toContain('vectors-2');

    expect(await migrate()).toMatchObject({ exitCode: 0, copied: 4, unchanged: 0, failed: 0 });
    expect(await stored('vectors-2')).toEqual({
      changes: ['Before. (6)'],
      goes: ['Gone soon. (6)'],
      stays: ['First half of it is here. (6)', 'The second half is over there, and is longer. (6)'],
    });
    expect(await stored('vectors-2_manuals')).toEqual({ 't1/manual': ['How to do it. (6)'] });
    const texts = embedded[6]?.length;
    expect(await migrate()).toMatchObject({ copied: 0, unchanged: 4, embedded: 0 });
    expect(embedded[6]).toHaveLength(texts ?? 0);

    // Written while the old configuration serves.
    await ingest(old, 'changes', 'After.');
    await ingest(old, 'late', 'A new one.');
    await ingest(old, 'missed', 'Missed.');
    await remove(old, 'goes');
    expect(await migrate('--switch')).toMatchObject({ copied: 3, removed: 1, unchanged: 2, switched: true });
    expect(await readFile(files.old, 'utf8')).toBe(await readFile(files.next, 'utf8'));
    expect(Object.keys(await stored('vectors-2')).sort()).toEqual(['changes', 'late', 'missed', 'stays']);

    // Written by the old revision before the new one took over, and by the new one.
    await ingest(old, 'missed', 'Not missed any more.');
    await ingest(old, 'deleted-later', 'Short lived.');
    const next = await start(files.old);
    await ingest(next, 'changes', 'After the switch.');
    await ingest(next, 'brand-new', 'Never in the old one.');
    await remove(next, 'late');
    await database.recursiveDelete(database.collection('ingestions').doc('deleted-later'));
    expect(await afterSwitch('--finish')).toMatchObject({ exitCode: 0, copied: 1, newer: 2, gone: 2, removed: 0 });
    expect(await afterSwitch('--finish')).toMatchObject({ copied: 0, removed: 0 });
    const expected = {
      'brand-new': ['Never in the old one. (6)'],
      changes: ['After the switch. (6)'],
      missed: ['Not missed any more. (6)'],
      stays: ['First half of it is here. (6)', 'The second half is over there, and is longer. (6)'],
    };
    expect(await stored('vectors-2')).toEqual(expected);
    const { data } = await (await next.search.get()).search({
      body: { query: 'x', top_k: 10, collection: 'manuals' },
      caller: { tenant: 't1' },
      signal,
      facts: {},
    });
    expect(data).toMatchObject([{ document_id: 'manual' }]);

    expect(await afterSwitch('--remove-old')).toEqual({ exitCode: 0, removed: 7, dry_run: true });
    expect(Object.keys(await stored('vectors'))).toHaveLength(5);
    expect(await afterSwitch('--remove-old', '--yes')).toMatchObject({ exitCode: 0, removed: 7 });
    expect(await stored('vectors')).toEqual({});
    // What the old collection lacks now must not be taken for deleted.
    expect(await afterSwitch('--finish')).toMatchObject({ exitCode: 1, error: expect.stringContaining('finished') });
    expect(await afterSwitch('--remove-old', '--yes')).toEqual({ exitCode: 0, removed: 0, dry_run: false });
    expect(await stored('vectors-2')).toEqual(expected);
  });

  it('goes on where it was stopped, and embeds nothing twice', async () => {
    const old = await start(files.old);
    const texts = Array.from({ length: 60 }, (_, index) => `Text of document ${index}.`);
    await Promise.all(texts.map((text, index) => ingest(old, `doc-${index}`, text)));
    answers = 2;
    expect(await migrate()).toMatchObject({ exitCode: 1, error: expect.stringContaining('key') });
    const before = Object.keys(await stored('vectors-2')).length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(60);
    answers = Number.POSITIVE_INFINITY;
    expect(await migrate()).toMatchObject({ exitCode: 0, copied: 60 - before, unchanged: before });
    expect([...(embedded[6] ?? [])].sort()).toEqual([...texts].sort());
  });

  it('is the cure for another model in the place of the one that a collection holds', async () => {
    const old = await start(files.old);
    await ingest(old, 'a', 'One.');
    await ingest(old, 'b', 'Two.', { tenant: 't1' });
    const model = 'text-embedding-3-large';
    await writeFile(files.old, yamlOf({ dimensions: 4, collection: 'vectors', model }));
    const misled = await start(files.old);
    for (const tenant of ['t1', 't2']) {
      await expect(ingest(misled, 'c', 'Three.', { tenant })).rejects.toMatchObject({
        code: 'configuration',
        message: expect.stringContaining('npm run migrate-embeddings'),
      });
    }
    expect(await stored('vectors')).toEqual({ a: ['One. (4)'], 't1/b': ['Two. (4)'] });
    await writeFile(files.next, yamlOf({ dimensions: 4, collection: 'vectors-2', model }));
    expect(await migrate('--switch')).toMatchObject({ exitCode: 0, copied: 2, switched: true });
    const next = await start(files.old);
    await ingest(next, 'c', 'Three.', { tenant: 't1' });
    const { data } = await (await next.search.get()).search({
      body: { query: 'x', top_k: 10 },
      caller: { tenant: 't1' },
      signal,
      facts: {},
    });
    expect(data.map(({ document_id: id }) => id).sort()).toEqual(['b', 'c']);
  });

  it('removes nothing before the switch, however complete the copy is, and while it lacks something', async () => {
    const old = await start(files.old);
    await ingest(old, 'a', 'One.');
    await migrate();
    const early = { exitCode: 1, error: expect.stringContaining('Deploy the new configuration') };
    expect(await migrate('--remove-old', '--yes')).toEqual(early);
    expect(await migrate('--remove-old')).toEqual(early);
    expect(await migrate('--finish', '--dry-run')).toMatchObject({ exitCode: 0, copied: 0 });
    expect(await migrate('--remove-old', '--yes')).toEqual(early);
    await migrate('--finish');
    await ingest(old, 'a', 'Two.');
    expect(await migrate('--remove-old', '--yes')).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining('lacks changes of 1 documents'),
    });
    expect(await stored('vectors')).toEqual({ a: ['Two. (4)'] });
  });

  describe('refuses, with the cure', () => {
    const refusal = async (yaml: string) => {
      await writeFile(files.next, yaml);
      const outcome = await migrateEmbeddings(['--from', files.old, '--to', files.next], { environment, signal });
      expect(outcome.exitCode).toBe(1);
      return outcome.output;
    };

    it('the same collection, and one whose name would mix the two', async () => {
      expect(await refusal(yamlOf({ dimensions: 6, collection: 'vectors' }))).toContain('Name another one');
      expect(await refusal(yamlOf({ dimensions: 6, collection: 'vectors_2' }))).toContain('vectors-2');
    });

    it('more dimensions than Firestore stores, and a store other than Firestore', async () => {
      expect(await refusal(yamlOf({ dimensions: 3072, collection: 'v', model: 'text-embedding-3-large' }))).toContain(
        'at most 2048 dimensions',
      );
      const memory = yamlOf({ dimensions: 6, collection: 'v' }).replace('provider: firestore', 'provider: memory');
      expect(await refusal(memory)).toContain('ingest the documents again');
    });

    it('an empty source, a collection with vectors of another model, and one filled from elsewhere', async () => {
      const next = yamlOf({ dimensions: 6, collection: 'vectors-2' });
      expect(await refusal(next)).toContain('holds nothing');
      const [old, other] = [await start(files.old), await start(files.next)];
      await ingest(old, 'a', 'One.');
      // That it is a tenant's hides nothing.
      await ingest(other, 'b', 'Two.', { tenant: 't1' });
      expect(await refusal(next.replace('3-small', '3-large'))).toContain('Name an empty collection');
      await writeFile(files.next, next);
      expect(await migrate()).toMatchObject({ exitCode: 0, copied: 1, newer: 1 });
      await writeFile(files.old, yamlOf({ dimensions: 4, collection: 'elsewhere' }));
      expect(await refusal(next)).toContain('was filled from vectors');
    });

    it('wrong usage', async () => {
      for (const args of [
        [],
        ['--to'],
        ['--to', 'x', '--finish'],
        ['--to', 'x', '--switch', '--finish', '--from', 'y'],
      ]) {
        const outcome = await migrateEmbeddings(args, { environment, signal });
        expect(outcome).toMatchObject({ exitCode: 2, output: expect.stringContaining('Usage') });
      }
    });
  });
});
