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
