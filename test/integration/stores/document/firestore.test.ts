import { Firestore, GeoPoint, Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFirestoreDocumentStore } from '../../../../shared/stores/document/firestore.ts';
import { describeDocumentStore } from '../../../contracts/document-store.ts';
import { freshCollection } from '../../../contracts/vector-store-harness.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../../../support/services.ts';

describeWithFirestore('the Firestore document store', () => {
  describeDocumentStore({
    name: 'firestore',
    createStore: () => createFirestoreDocumentStore({ projectId: EMULATOR_PROJECT }),
  });

  describe('documents that users wrote themselves', () => {
    const documentsCollection = freshCollection();
    const ingestionsCollection = freshCollection();
    const store = createFirestoreDocumentStore({
      projectId: EMULATOR_PROJECT,
      documentsCollection,
      ingestionsCollection,
    });
    let database: Firestore;
    beforeAll(() => {
      database = new Firestore({ projectId: EMULATOR_PROJECT });
    });
    afterAll(() => Promise.all([database.terminate(), store.close()]));

    it('need no more than a text', async () => {
      await database.doc(`${documentsCollection}/plain`).set({ text: 'x', unrelated: { a: 1 } });
      expect(await store.getDocument('plain')).toEqual({ id: 'plain', text: 'x', tenant: null });
    });

    it('are refused by the name of the field that is wrong', async () => {
      const bad = {
        notext: {},
        number: { text: 1 },
        title: { text: 'x', title: 5 },
        metadata: { text: 'x', metadata: [] },
      };
      for (const [id, data] of Object.entries(bad)) await database.doc(`${documentsCollection}/${id}`).set(data);
      const paramOf = (id: string) => store.getDocument(id).catch(({ code, param }) => `${code} ${param}`);
      expect(await Promise.all(Object.keys(bad).map(paramOf))).toEqual([
        'invalid_request text',
        'invalid_request text',
        'invalid_request title',
        'invalid_request metadata',
      ]);
    });

    it('that are wrong are read with what is wrong, where they belong', async () => {
      const bad = {
        'r-notext': { collection: 'manuals', tenant: 't1' },
        'r-collection': { text: 'x', collection: 'a/b', tenant: 't1' },
        'r-tenant': { text: 'x', collection: 'manuals', tenant: 7 },
      };
      for (const [id, data] of Object.entries(bad)) await database.doc(`${documentsCollection}/${id}`).set(data);
      const readings = await Promise.all(Object.keys(bad).map((id) => store.readSource(id)));
      const problem = (param: string) => expect.objectContaining({ code: 'invalid_request', param });
      expect(readings).toEqual([
        { collection: 'manuals', tenant: 't1', problem: problem('text') },
        { collection: 'default', tenant: 't1', problem: problem('collection') },
        { collection: 'manuals', tenant: null, problem: problem('tenant') },
      ]);
    });

    it('may hold maps in their metadata, whose values are named after both', async () => {
      const metadata = { author: { name: 'Ann', born: { year: 1 } }, author_name: 'own', tags: ['a'], none: null };
      await database.doc(`${documentsCollection}/maps`).set({ text: 'x', metadata });
      expect((await store.getDocument('maps'))?.metadata).toEqual({
        author_name: 'own',
        author_born_year: 1,
        tags: ['a'],
        none: null,
      });
    });

    it('may hold their text in a field of another name', async () => {
      const other = createFirestoreDocumentStore({
        projectId: EMULATOR_PROJECT,
        documentsCollection,
        ingestionsCollection,
        textField: 'page.body',
      });
      try {
        await database.doc(`${documentsCollection}/page`).set({ page: { body: 'Text.' }, text: 5 });
        expect(await other.getDocument('page')).toEqual({ id: 'page', text: 'Text.', tenant: null });
        await other.putDocument({ id: 'page', text: 'Put.', title: 'T' });
        expect((await database.doc(`${documentsCollection}/page`).get()).data()).toEqual({
          page: { body: 'Put.' },
          title: 'T',
        });
        await expect(other.getDocument('plain')).rejects.toMatchObject({ param: 'page.body' });
      } finally {
        await other.close();
      }
    });

    it('may hold times in their metadata', async () => {
      const at = Timestamp.fromDate(new Date('2030-01-02T03:04:05.000Z'));
      const metadata = { at, where: new GeoPoint(1, 2) };
      await database.doc(`${documentsCollection}/times`).set({ text: 'x', metadata });
      const document = await store.getDocument('times');
      expect(document?.metadata).toEqual({ at: '2030-01-02T03:04:05.000Z', where: new GeoPoint(1, 2) });
    });

    it('have their ingestion in the other collection, under their own id', async () => {
      await store.putIngestion({
        documentId: 'plain',
        collection: 'default',
        tenant: null,
        state: 'ready',
        chunks: 1,
        contentHash: 'h',
        updatedAt: new Date(),
      });
      const record = await database.doc(`${ingestionsCollection}/plain`).get();
      expect(record.data()).toMatchObject({ state: 'ready', chunks: 1 });
    });

    it('leave an entry behind when they are gone that goes by itself after 30 days', async () => {
      const updatedAt = new Date('2030-01-01T00:00:00.000Z');
      const target = { documentId: 'gone', collection: 'default', tenant: null };
      const entry = {
        ...target,
        state: 'deleted',
        chunks: 0,
        contentHash: '',
        updatedAt,
        fromStore: true,
        attempt: 'a',
      };
      await store.swapEntry(target, { ...entry, state: 'deleted' }, undefined);
      const kept = (await database.doc(`${ingestionsCollection}/gone`).get()).data();
      expect(kept?.expireAt.toDate()).toEqual(new Date('2030-01-31T00:00:00.000Z'));
    });

    it('cannot be reached in other collections through their id', async () => {
      for (const id of ['', 'a/b/c', 'a\\b']) {
        await expect(store.getDocument(id)).rejects.toMatchObject({ code: 'invalid_request', param: 'id' });
      }
    });
  });

  it('needs two collections', () => {
    expect(() => createFirestoreDocumentStore({ documentsCollection: 'a', ingestionsCollection: 'a' })).toThrowError(
      expect.objectContaining({ code: 'configuration' }),
    );
  });
});
