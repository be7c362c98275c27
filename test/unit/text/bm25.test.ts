import { describe, expect, it } from 'vitest';
import { createBm25Index } from '../../../shared/text/bm25.ts';
import { countTerms, createTermReader } from '../../../shared/text/search-terms.ts';
import { createRandom } from '../../contracts/vectors.ts';

/** The formula written down once more, over all texts each time. */
function plainScores(texts: ReadonlyMap<number, string>, query: string): Map<number, number> {
  const read = createTermReader();
  const contents = [...texts].map(([slot, text]) => ({ slot, terms: read(text) }));
  const averageLength = contents.reduce((sum, { terms }) => sum + terms.length, 0) / contents.length;
  const scores = new Map<number, number>();
  for (const [term, repeats] of countTerms(read(query))) {
    const holders = contents.filter(({ terms }) => terms.includes(term));
    const idf = Math.log(1 + (contents.length - holders.length + 0.5) / (holders.length + 0.5));
    for (const { slot, terms } of holders) {
      const frequency = terms.filter((other) => other === term).length;
      const damping = 1.2 * (0.25 + (0.75 * terms.length) / averageLength);
      scores.set(slot, (scores.get(slot) ?? 0) + (repeats * idf * frequency) / (frequency + damping));
    }
  }
  return scores;
}

function createIndex() {
  const texts = new Map<number, string>();
  const moves: [number, number][] = [];
  const index = createBm25Index({
    renumber(from, to) {
      moves.push([from, to]);
      texts.set(to, texts.get(from) as string);
      texts.delete(from);
    },
  });
  return {
    index,
    texts,
    moves,
    add(text: string) {
      const slot = index.add(text);
      texts.set(slot, text);
      return slot;
    },
    remove(slot: number) {
      texts.delete(slot);
      index.remove(slot);
    },
    search(query: string) {
      const scores = new Map<number, number>();
      index.search(query, (slot, score) => scores.set(slot, score));
      return scores;
    },
  };
}

describe('ranking by words', () => {
  it('scores as the formula says', () => {
    const { add, search } = createIndex();
    add('wing wing lift');
    add('wing');
    add('tail of the rudder');
    // Lengths 3, 1 and 2 (stop words count for nothing), 2 on average; "wing" is in 2 of 3 texts.
    const idf = Math.log(1 + 1.5 / 2.5);
    expect([...search('the wing').entries()]).toEqual([
      [0, expect.closeTo((idf * 2) / (2 + 1.2 * (0.25 + 0.75 * 1.5)), 12)],
      [1, expect.closeTo(idf / (1 + 1.2 * (0.25 + 0.75 * 0.5)), 12)],
    ]);
  });

  it('counts a word of the query as often as it is asked for', () => {
    const { add, search } = createIndex();
    add('wing lift');
    expect(search('wing wing').get(0)).toBeCloseTo(2 * (search('wing').get(0) ?? 0), 12);
  });

  it('prefers the rare word to the common one', () => {
    const { add, search } = createIndex();
    for (const text of ['flow of air', 'flow of water', 'flow of heat', 'shock of air']) add(text);
    const scores = search('flow shock');
    expect(scores.get(3)).toBeGreaterThan(scores.get(0) ?? 1);
  });

  it.each(['', 'the', 'unknown', '…'])('finds nothing for %j', (query) => {
    const { add, search } = createIndex();
    expect(search(query).size).toBe(0);
    add('the wing');
    add('');
    expect(search(query).size).toBe(0);
  });

  it('gives the same scores again: nothing of one search is left for the next', () => {
    const { add, search } = createIndex();
    add('wing lift');
    add('wing tail');
    const first = search('wing lift tail');
    expect(search('wing lift tail')).toEqual(first);
  });

  it('stays exact while texts come and go, and is compacted on the way', () => {
    const random = createRandom(11);
    const words = ['wing', 'lift', 'tail', 'rudder', 'flow', 'shock', 'heat', 'plate', 'nose', 'cone'];
    const write = (): string =>
      Array.from({ length: Math.floor(random() * 9) }, () => words[Math.floor(random() ** 2 * words.length)]).join(' ');
    const { index, texts, moves, add, remove, search } = createIndex();
    for (let step = 0; step < 3_000; step += 1) {
      if (texts.size > 40 && random() < 0.55) remove([...texts.keys()][Math.floor(random() * texts.size)] as number);
      else add(write());
      if (step % 50 !== 0) continue;
      const query = `${write()} wing`;
      const expected = plainScores(texts, query);
      const found = search(query);
      expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
      for (const [slot, score] of found) expect(score).toBeCloseTo(expected.get(slot) ?? Number.NaN, 9);
    }
    expect(index.size).toBe(texts.size);
    expect(moves.length).toBeGreaterThan(0);
    expect(moves.every(([from, to]) => to < from)).toBe(true);
  });

  it('passes over a text that is removed twice, and one that was never there', () => {
    const { index, add, search } = createIndex();
    const slot = add('wing');
    add('wing lift');
    index.remove(slot);
    index.remove(slot);
    index.remove(99);
    expect(index.size).toBe(1);
    expect([...search('wing').keys()]).toEqual([1]);
  });
});
