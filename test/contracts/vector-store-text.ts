import { describe, expect, it } from 'vitest';
import type { ScoredChunk, TextQuery } from '../../shared/contracts/vector-store.ts';
import { freshCollection, idsOf, useStore, type VectorStoreSuite } from './vector-store-harness.ts';
import { makeChunk } from './vectors.ts';

const VECTOR = [1, 0, 0];

/** Search by words, for the stores that have it. How they rank is theirs; what they find is not. */
export function describeVectorStoreText(suite: VectorStoreSuite): void {
  describe('search by words', () => {
    const target = useStore(suite, 3);
    if (suite.searchesText !== true) {
      it('is not there', () => {
        expect(target.store.searchText).toBeUndefined();
      });
      return;
    }

    const put = (contents: Readonly<Record<string, string>>, fields: object = {}): Promise<void> =>
      target.put(...Object.entries(contents).map(([id, content]) => makeChunk(id, VECTOR, { content, ...fields })));
    const search = async (text: string, options: Partial<TextQuery> = {}): Promise<ScoredChunk[]> =>
      (await target.store.searchText?.({ text, topK: 10, ...target.scope, ...options })) ?? [];

    it('finds the chunks that share a word with the text, and no others', async () => {
      await put({ wing: 'The lift of a wing.', tail: 'A tail and its rudder.', none: 'Nothing of interest.' });
      expect(idsOf(await search('Which wing?'))).toEqual(['wing']);
      expect(idsOf(await search('wings and tails')).sort()).toEqual(['tail', 'wing']);
      expect(await search('helicopter')).toEqual([]);
    });

    it('puts a chunk with more of the words first, and scores all of them above 0', async () => {
      await put({
        one: 'The pump was installed in the cellar.',
        both: 'The pump has a valve in the cellar.',
        other: 'The roof was painted in the summer.',
      });
      const results = await search('pump valve');
      expect(idsOf(results)).toEqual(['both', 'one']);
      const [first = 0, second = 0] = results.map(({ score }) => score);
      expect(first).toBeGreaterThan(second);
      expect(second).toBeGreaterThan(0);
    });

    it('takes inflections of a word, and its capitals, for the same word', async () => {
      await put({ a: 'CONNECTED systems' });
      expect(idsOf(await search('connecting a system'))).toEqual(['a']);
    });

    it.each([
      ['a blank text', ' \n '],
      ['punctuation', '?! … --'],
      ['nothing but little words', 'the of and'],
    ])('finds nothing for %s', async (_title, text) => {
      await put({ a: 'The name of the rose, and the rest.' });
      expect(await search(text)).toEqual([]);
    });

    it('takes any text as words, whatever it means to the backend', async () => {
      await put({ a: `it's a "quoted" valve`, b: 'nothing' });
      for (const text of [
        `valve' OR '1'='1`,
        'valve & | ! ( ) : * <->',
        '"valve',
        'valve\\',
        '$valve {valve}',
        '%valve%',
      ]) {
        expect(idsOf(await search(text))).toEqual(['a']);
      }
    });

    it('gives at most top_k, ties in the order of the ids', async () => {
      await put(Object.fromEntries(['d', 'b', 'c', 'a'].map((id) => [id, 'one and the same valve'])));
      const results = await search('valve', { topK: 3 });
      expect(idsOf(results)).toEqual(['a', 'b', 'c']);
      expect(new Set(results.map(({ score }) => score)).size).toBe(1);
    });

    it('keeps to the filter, and fills top_k from the matches', async () => {
      await put(Object.fromEntries(Array.from({ length: 12 }, (_, number) => [`near-${number}`, 'valve valve valve'])));
      await put({ wanted: 'a pump, a tank, a pipe and a valve' }, { metadata: { kind: 'x' } });
      const filter = { type: 'eq', key: 'kind', value: 'x' } as const;
      expect(idsOf(await search('valve', { filter, topK: 2 }))).toEqual(['wanted']);
    });

    it('shows a tenant its own chunks alone, and keeps collections apart', async () => {
      await put({ common: 'valve' });
      await put({ own: 'valve' }, { tenant: 't1' });
      await target.store.upsert([makeChunk('elsewhere', VECTOR, { content: 'valve' })], {
        collection: freshCollection(),
      });
      expect(idsOf(await search('valve'))).toEqual(['common']);
      expect(idsOf(await search('valve', { tenant: 't1' }))).toEqual(['own']);
      expect(await search('valve', { tenant: 't2' })).toEqual([]);
    });

    it('follows what is replaced and deleted', async () => {
      await put({ a: 'valve', b: 'valve' });
      expect(idsOf(await search('valve'))).toEqual(['a', 'b']);
      await put({ a: 'rudder' });
      expect(idsOf(await search('valve'))).toEqual(['b']);
      expect(idsOf(await search('rudder'))).toEqual(['a']);
      await target.store.delete({ ids: ['b'] }, target.scope);
      expect(await search('valve')).toEqual([]);
      await target.store.delete({ documentId: 'document' }, target.scope);
      expect(await search('rudder')).toEqual([]);
    });

    it('gives whole chunks', async () => {
      await put({ a: 'A valve.' }, { metadata: { page: 3 }, index: 4 });
      const [found] = await search('valve');
      expect(found).toMatchObject({ content: 'A valve.', metadata: { page: 3 }, index: 4, documentId: 'document' });
      expect(found).not.toHaveProperty('embedding');
      expect(found).not.toHaveProperty('lexical');
    });

    it.each([
      ['no results at all', { topK: 0 }, 'top_k'],
      ['more than 1,000 results', { topK: 1_001 }, 'top_k'],
      ['a collection of no name', { collection: '' }, 'collection'],
      ['an unknown filter', { filter: { type: 'like', key: 'a', value: 'x' } as never }, 'filter'],
    ])('refuses %s', async (_title, options, param) => {
      await expect(search('valve', options)).rejects.toMatchObject({
        code: 'invalid_request',
        param: expect.stringContaining(param),
      });
    });

    it('does not begin for a signal that is aborted', async () => {
      await expect(search('valve', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    });
  });
}

/** The vectors beside the results, for the stores that give them. */
export function describeVectorStoreExtras(suite: VectorStoreSuite): void {
  describe('what is asked for besides', () => {
    const target = useStore(suite, 3);

    it('is the vectors of the results, as they were given, or none at all', async () => {
      const vectors = { a: [0.5, -2, 7], b: [3, 0, 4] };
      await target.put(...Object.entries(vectors).map(([id, vector]) => makeChunk(id, vector)));
      const plain = await target.search([0, 0, 1]);
      expect(plain.map(({ embedding }) => embedding)).toEqual([undefined, undefined]);
      const results = await target.search([0, 0, 1], { withEmbeddings: true });
      expect(idsOf(results)).toEqual(idsOf(plain));
      expect(results.map(({ embedding }) => embedding)).toEqual(
        suite.givesEmbeddings ? [Float32Array.from(vectors.a), Float32Array.from(vectors.b)] : [undefined, undefined],
      );
    });

    it('is some of the chunks of a document, by index', async () => {
      await target.put(...[0, 1, 2, 3, 4].map((index) => makeChunk(`c${index}`, VECTOR, { index })));
      const some = await target.store.listDocument('document', { ...target.scope, indexes: [3, 1, 7] });
      const wanted = some.filter(({ index }) => [3, 1, 7].includes(index));
      expect(idsOf(wanted)).toEqual(['c1', 'c3']);
    });
  });
}
