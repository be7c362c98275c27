import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DocumentStore, IngestionRecord, SourceDocument } from '../../shared/contracts/document-store.ts';
import type { IngestionJournal, JournalEntry } from '../../shared/contracts/ingestion-journal.ts';

export interface DocumentStoreSuite {
  readonly name: string;
  /** The suite closes it. It may be shared and persistent: every test uses ids of its own. */
  createStore(): Store | Promise<Store>;
}

type Store = DocumentStore & IngestionJournal;

/** What every document store does. */
export function describeDocumentStore({ name, createStore }: DocumentStoreSuite): void {
  describe(`${name} as a document store`, () => {
    let store: Store;
    let id: string;
    beforeEach(async () => {
      store = await createStore();
      id = `d-${randomUUID()}`;
    });
    afterEach(() => store.close());

    const recordOf = (fields: Partial<IngestionRecord> = {}): IngestionRecord => ({
      documentId: id,
      collection: 'default',
      tenant: null,
      state: 'ready',
      chunks: 3,
      contentHash: 'abc',
      updatedAt: new Date('2030-01-02T03:04:05.678Z'),
      ...fields,
    });

    it('gives a document back as it was put', async () => {
      const document: SourceDocument = {
        id,
        text: 'Text – 文字 🙂',
        contentType: 'text/markdown',
        title: 'Title',
        source: 'https://example.com/a',
        metadata: { year: 2030, tags: ['a', 'b'], draft: false, none: null },
        collection: 'manuals',
        tenant: 't1',
      };
      await store.putDocument(document);
      expect(await store.getDocument(id)).toEqual(document);
    });

    it('gives a document without the optional fields back without them', async () => {
      await store.putDocument({ id, text: 'x', tenant: null });
      expect(await store.getDocument(id)).toEqual({ id, text: 'x', tenant: null });
    });

    it('replaces a document as a whole', async () => {
      await store.putDocument({ id, text: 'old', title: 'old', tenant: null });
      await store.putDocument({ id, text: 'new', tenant: null });
      expect(await store.getDocument(id)).toEqual({ id, text: 'new', tenant: null });
    });

    it('deletes a document, and does not mind one that is not there', async () => {
      await store.putDocument({ id, text: 'x', tenant: null });
      await store.deleteDocument(id);
      expect(await store.getDocument(id)).toBeUndefined();
      await expect(store.deleteDocument(id)).resolves.toBeUndefined();
    });

    it('keeps what became of a document, its failure included', async () => {
      const failed = recordOf({ state: 'failed', chunks: 0, error: { code: 'too_large', message: 'Too long.' } });
      await store.putIngestion(failed);
      expect(await store.getIngestion(id, failed)).toEqual(failed);
      await store.putIngestion(recordOf());
      expect(await store.getIngestion(id, failed)).toEqual(recordOf());
    });

    it('keeps ingestions of one id apart by collection and tenant', async () => {
      const records = [
        recordOf({ contentHash: '1' }),
        recordOf({ contentHash: '2', tenant: 't1' }),
        recordOf({ contentHash: '3', collection: 'other' }),
        recordOf({ contentHash: '4', collection: 'other', tenant: 't1' }),
        recordOf({ contentHash: '5', collection: 'other', tenant: 'null' }),
      ];
      for (const record of records) await store.putIngestion(record);
      for (const record of records) expect(await store.getIngestion(id, record)).toEqual(record);
      await store.deleteIngestion(id, { collection: 'default', tenant: 't1' });
      const left = await Promise.all(records.map((record) => store.getIngestion(id, record)));
      expect(left.map((record) => record?.contentHash)).toEqual(['1', undefined, '3', '4', '5']);
    });

    it('has no ingestion of an unknown document, and does not mind deleting it', async () => {
      const scope = { collection: 'default', tenant: null };
      expect(await store.getIngestion(id, scope)).toBeUndefined();
      await expect(store.deleteIngestion(id, scope)).resolves.toBeUndefined();
    });

    it('does not show an ingestion as a document', async () => {
      await store.putIngestion(recordOf());
      expect(await store.getDocument(id)).toBeUndefined();
    });

    it('accepts ids of 512 characters of any script', async () => {
      const long = `${id}${'文'.repeat(512 - id.length)}`;
      const record = recordOf({ documentId: long, collection: 'c'.repeat(64), tenant: 't'.repeat(200) });
      await store.putIngestion(record);
      expect(await store.getIngestion(long, record)).toEqual(record);
    });

    it('is not changed by what callers do to what they put in or got out', async () => {
      const tags = ['a'];
      await store.putDocument({ id, text: 'x', metadata: { tags }, tenant: null });
      tags.push('changed');
      const first = await store.getDocument(id);
      expect(first?.metadata).toEqual({ tags: ['a'] });
      (first?.metadata?.tags as string[] | undefined)?.push('changed');
      expect((await store.getDocument(id))?.metadata).toEqual({ tags: ['a'] });
    });

    describe('its journal', () => {
      const scope = { collection: 'default', tenant: null };
      const entryOf = (fields: Partial<JournalEntry> = {}): JournalEntry => ({
        ...recordOf({ state: 'processing' }),
        fromStore: true,
        attempt: 'a1',
        claimedUntil: new Date('2030-01-02T03:05:05.678Z'),
        ...fields,
      });
      const swap = (next: JournalEntry | undefined, expected: string | undefined) =>
        store.swapEntry({ documentId: id, ...scope }, next, expected);

      it('keeps an entry with its claim, and shows the record in it', async () => {
        const entry = entryOf({ doubtUntil: new Date('2030-01-02T04:00:00.000Z') });
        const version = await swap(entry, undefined);
        expect(await store.readEntry(id, scope)).toEqual({ entry, version });
        const { fromStore: _1, attempt: _2, claimedUntil: _3, doubtUntil: _4, ...record } = entry;
        expect(await store.getIngestion(id, scope)).toEqual(record);
      });

      it('leaves nothing of an entry to the one that takes its place', async () => {
        const first = await swap(entryOf({ error: { code: 'network', message: 'x' } }), undefined);
        const { claimedUntil: _claim, ...settled } = entryOf({ state: 'ready' });
        const second = await swap(settled, first);
        expect(await store.readEntry(id, scope)).toEqual({ entry: settled, version: second });
        expect(second).not.toBe(first);
      });

      it('writes only over the version that is expected', async () => {
        const version = (await swap(entryOf(), undefined)) as string;
        expect(await swap(entryOf({ attempt: 'late' }), undefined)).toBeUndefined();
        const next = await swap(entryOf({ attempt: 'a2' }), version);
        expect(await swap(entryOf({ attempt: 'late' }), version)).toBeUndefined();
        expect(await swap(undefined, version)).toBeUndefined();
        expect((await store.readEntry(id, scope))?.entry.attempt).toBe('a2');
        expect(await swap(undefined, next)).toBeDefined();
        expect(await store.readEntry(id, scope)).toBeUndefined();
        expect(await swap(entryOf(), next)).toBeUndefined();
        expect(await swap(entryOf(), undefined)).toBeDefined();
      });

      it('lets one of many win who expect the same', async () => {
        const attempts = Array.from({ length: 8 }, (_, index) => entryOf({ attempt: `a${index}` }));
        const versions = await Promise.all(attempts.map((entry) => swap(entry, undefined)));
        const winners = attempts.filter((_, index) => versions[index] !== undefined);
        expect(winners).toHaveLength(1);
        expect((await store.readEntry(id, scope))?.entry).toEqual(winners[0]);
      });

      it('lists the entries of a document over collections and tenants, and takes plain records for unclaimed', async () => {
        const entry = entryOf();
        await swap(entry, undefined);
        await store.putIngestion(recordOf({ collection: 'other', tenant: 't1' }));
        await store.putIngestion(recordOf({ documentId: `${id}-2` }));
        const found = (await store.listEntries(id)).map((versioned) => versioned.entry);
        expect(found).toHaveLength(2);
        expect(found).toContainEqual(entry);
        expect(found).toContainEqual({
          ...recordOf({ collection: 'other', tenant: 't1' }),
          fromStore: false,
          attempt: '',
        });
      });

      it('reads a document with the scope it belongs to', async () => {
        expect(await store.readSource(id)).toBeUndefined();
        const plain = { id, text: 'x', tenant: null };
        await store.putDocument(plain);
        expect(await store.readSource(id)).toEqual({ ...scope, document: plain });
        const placed = { id, text: 'x', collection: 'manuals', tenant: 't1' };
        await store.putDocument(placed);
        expect(await store.readSource(id)).toEqual({ collection: 'manuals', tenant: 't1', document: placed });
      });
    });
  });
}
