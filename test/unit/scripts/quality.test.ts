import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readJudgedSet } from '../../../scripts/quality/judged-set.ts';
import type { QualityRow } from '../../../scripts/quality/measure.ts';
import { averageMetrics, judgeRanking } from '../../../scripts/quality/metrics.ts';
import { listShortfalls, measureMemory, toTable } from '../../../scripts/quality.ts';

const CRANFIELD = fileURLToPath(new URL('../../../../shared/data/retrieval/cranfield/', import.meta.url));

/** Short texts on close subjects: a ranking that is broken anywhere puts the wrong one first. */
const TEXTS: Readonly<Record<string, string>> = {
  pump: 'How to replace the pump: close the water supply, loosen both screws and pull the pump out of its housing.',
  'pump noise': 'A pump that makes noise has taken in air. Open the vent until water comes out, then close it again.',
  valve: 'The valve limits the pressure of the water in the boiler. Test the valve once a year by lifting its lever.',
  boiler: 'The boiler heats water to sixty degrees. A higher temperature costs more and leaves limescale behind.',
  limescale: 'Limescale is removed from heating elements with citric acid: fill, wait for an hour, rinse twice.',
  warranty: 'The warranty covers faults of material for two years. It ends when the housing has been opened.',
  invoice: 'Invoices are due within thirty days. Later payments cost interest of five per cent per year.',
  returns: 'Goods may be sent back within fourteen days when they are unused and in their packaging.',
  contact: 'Our service answers the telephone from Monday to Friday between eight and five.',
  garden: 'Water the garden in the evening, when less of it evaporates, and not on the leaves of the roses.',
};
const QUESTIONS: readonly (readonly [string, readonly string[]])[] = [
  ['replacing a pump', ['pump']],
  ['why is my pump noisy, noise in the pump', ['pump noise']],
  ['testing the pressure valve', ['valve']],
  ['water temperature of the boiler', ['boiler', 'valve']],
  ['removing limescale with acid', ['limescale', 'boiler']],
  ['how long is the warranty', ['warranty']],
  ['when is an invoice due', ['invoice']],
  ['sending goods back', ['returns']],
  ['telephone of the service', ['contact']],
  ['roses in the evening', ['garden']],
];
const SMALL_SET = {
  documents: Object.entries(TEXTS).map(([id, text]) => ({ id, text })),
  queries: QUESTIONS.map(([text, relevant]) => ({ id: text, text, relevant: new Set(relevant) })),
};

describe('the measures of a ranking', () => {
  const log2 = Math.log2;
  it.each([
    ['perfect', ['a', 'b'], ['a', 'b'], { ndcg: 1, recall: 1, reciprocalRank: 1 }],
    ['second', ['x', 'a'], ['a'], { ndcg: 1 / log2(3), recall: 1, reciprocalRank: 0.5 }],
    ['half', ['a', 'x'], ['a', 'b'], { ndcg: 1 / (1 + 1 / log2(3)), recall: 0.5, reciprocalRank: 1 }],
    ['too late', [...'0123456789', 'a'], ['a'], { ndcg: 0, recall: 0, reciprocalRank: 0 }],
    ['empty', [], ['a'], { ndcg: 0, recall: 0, reciprocalRank: 0 }],
    ['about nothing', ['a'], [], { ndcg: 0, recall: 0, reciprocalRank: 0 }],
  ])('are right for one that is %s', (_title, ranked, relevant, expected) => {
    const { ndcg, recall, reciprocalRank } = judgeRanking(ranked, new Set(relevant));
    expect([ndcg, recall, reciprocalRank]).toEqual(
      [expected.ndcg, expected.recall, expected.reciprocalRank].map((value) => expect.closeTo(value, 12)),
    );
  });

  it('count more relevant documents than places as ten', () => {
    const relevant = new Set('abcdefghijklmnop');
    expect(judgeRanking([...'abcdefghij'], relevant).ndcg).toBeCloseTo(1, 12);
    expect(judgeRanking([...'abcdefghij'], relevant).recall).toBeCloseTo(10 / 16, 12);
  });

  it('are averaged', () => {
    const average = averageMetrics([
      { ndcg: 1, recall: 0, reciprocalRank: 0.5 },
      { ndcg: 0, recall: 0.5, reciprocalRank: 0.5 },
    ]);
    expect(average).toEqual({ ndcg: 0.5, recall: 0.25, reciprocalRank: 0.5 });
    expect(averageMetrics([])).toEqual({ ndcg: 0, recall: 0, reciprocalRank: 0 });
  });
});

describe('the rankings of the store in memory', () => {
  it('find what answers each question of a small set, and words and vectors together all of it', async () => {
    const rows = await measureMemory(SMALL_SET);
    const of = (name: string) => rows.find(({ ranking }) => ranking === name);
    expect(rows.map(({ ranking }) => ranking)).toEqual(['vector', 'lexical', 'hybrid', 'hybrid, by places']);
    for (const { ndcg } of rows) expect(ndcg).toBeGreaterThan(0.9);
    expect(of('hybrid')).toMatchObject({ recall: 1, reciprocalRank: 1 });
  });

  it.skipIf(!existsSync(CRANFIELD))('[optional] reach the bars on the Cranfield collection', async () => {
    const set = readJudgedSet(CRANFIELD);
    expect(set?.queries).toHaveLength(225);
    const rows = await measureMemory(set ?? SMALL_SET);
    expect(listShortfalls(rows)).toEqual([]);
    expect(rows.find(({ ranking }) => ranking === 'vector')?.ndcg).toBeGreaterThanOrEqual(0.32);
    expect(rows.find(({ ranking }) => ranking === 'lexical')?.ndcg).toBeGreaterThanOrEqual(0.355);
  });
});

describe('the report', () => {
  const row = (store: string, ranking: string, ndcg: number): QualityRow => ({
    store,
    ranking,
    ndcg,
    recall: 0.5,
    reciprocalRank: 0.25,
    p95Ms: 1.24,
  });

  it('names what is below its bar', () => {
    const rows = [row('memory', 'vector', 0.31), row('memory', 'lexical', 0.37), row('memory', 'hybrid', 0.369)];
    expect(listShortfalls(rows)).toEqual([
      'memory, vector: nDCG@10 is 0.3100, and has to be at least 0.3200',
      'memory, hybrid: nDCG@10 is 0.3690, and has to be at least 0.3700',
    ]);
    expect(listShortfalls([row('memory', 'vector', 0.32), row('memory', 'lexical', 0.355)])).toEqual([]);
    expect(listShortfalls([row('firestore', 'lexical', 0.1), row('firestore', 'hybrid', 0.1)])).toEqual([]);
    expect(listShortfalls([row('firestore', 'lexical', 0.2), row('firestore', 'hybrid', 0.1)])).toHaveLength(1);
  });

  it('is a table', () => {
    expect(toTable([row('memory', 'hybrid', 0.3832)]).at(-1)).toBe(
      '| memory | hybrid | 0.3832 | 0.5000 | 0.2500 | 1.2 |',
    );
  });
});

describe('a judged set', () => {
  it('is read from a folder, without blank documents and unanswered questions', () => {
    const folder = mkdtempSync(join(tmpdir(), 'quality-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const write = (name: string, lines: readonly unknown[]): void =>
      writeFileSync(
        join(folder, name),
        lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
      );
    write('corpus.jsonl', [
      { id: '1', title: 'T', text: 'x' },
      { id: '2', text: 'y' },
      { id: '3', title: '', text: ' ' },
    ]);
    write('queries.jsonl', [
      { id: 'q', text: 'x?' },
      { id: 'r', text: 'y?' },
    ]);
    write('qrels.tsv', ['q\t1\t3', 'q\t2\t0', 'r\t2\t0']);
    expect(readJudgedSet(folder)).toEqual({
      documents: [
        { id: '1', text: 'T\nx' },
        { id: '2', text: 'y' },
      ],
      queries: [{ id: 'q', text: 'x?', relevant: new Set(['1']) }],
    });
    expect(readJudgedSet(join(folder, 'nothing'))).toBeUndefined();
  });
});
