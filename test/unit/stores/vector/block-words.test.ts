import { describe, expect, it } from 'vitest';
import { createBlockWords } from '../../../../shared/stores/vector/block-words.ts';
import { createMemoryVectorStore } from '../../../../shared/stores/vector/memory.ts';
import { createTermReader } from '../../../../shared/text/search-terms.ts';
import { createRandom, makeChunk } from '../../../contracts/vectors.ts';

const numbered = (count: number, content: string) =>
  Array.from({ length: count }, (_, number) => ({ id: `c${String(number).padStart(4, '0')}`, content }));

describe('the words of a block', () => {
  const readTerms = createTermReader();
  const search = (words: ReturnType<typeof createBlockWords>, text: string): string[] =>
    words.search({ text, topK: 1_000, accepts: undefined }).map(({ id }) => id);

  it('are analysed in slices, between which other work gets its turn', async () => {
    const words = createBlockWords({ chunks: numbered(500, 'valve'), readTerms });
    let turns = 0;
    let done = false;
    const count = (): void => {
      turns += 1;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    await words.prepare();
    done = true;
    expect(turns).toBeGreaterThan(5);
    expect(search(words, 'valve')).toHaveLength(500);
  });

  it('are those of the last content, whatever is put and removed while they are analysed', async () => {
    const words = createBlockWords({ chunks: numbered(200, 'valve'), readTerms });
    const first = words.prepare();
    words.put({ id: 'c0000', content: 'rudder' });
    words.put({ id: 'c0199', content: 'rudder' });
    words.remove('c0001');
    words.remove('c0198');
    await Promise.all([first, words.prepare()]);
    await words.prepare();
    expect(search(words, 'rudder')).toEqual(['c0000', 'c0199']);
    expect(search(words, 'valve')).toHaveLength(196);
  });
});

describe('the memory store’s search by words under change', () => {
  it('finds what is there and nothing else, while chunks are put, replaced and removed at random', async () => {
    const random = createRandom(5);
    const scope = { collection: 'default', tenant: null };
    const store = createMemoryVectorStore({ dimensions: 1 });
    const vocabulary = ['valve', 'pump', 'rudder', 'wing', 'tail', 'roof'];
    const expected = new Map<string, string>();
    for (let step = 0; step < 1_500; step += 1) {
      const id = `c${Math.floor(random() * 300)}`;
      if (random() < 0.4) {
        await store.delete({ ids: [id] }, scope);
        expected.delete(id);
      } else {
        const content = vocabulary.filter(() => random() < 0.3).join(' ') || 'nothing';
        await store.upsert([makeChunk(id, [1], { content })], scope);
        expected.set(id, content);
      }
      if (step % 60 !== 0) continue;
      const word = vocabulary[Math.floor(random() * vocabulary.length)] as string;
      const holders = [...expected]
        .filter(([, content]) => content.split(' ').includes(word))
        .map(([holder]) => holder);
      const found = (await store.searchText?.({ text: word, topK: 1_000, ...scope })) ?? [];
      expect(found.map((chunk) => chunk.id).sort()).toEqual(holders.sort());
    }
  });
});
