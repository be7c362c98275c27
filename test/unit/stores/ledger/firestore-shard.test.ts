import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addShard, fromFieldName, splitRecord, toFieldName } from '../../../../shared/stores/ledger/firestore-shard.ts';
import { type DayRecord, emptyRecord, mergeRecord, totalsOf } from '../../../../shared/usage/day-record.ts';

function recordOf(models: number): DayRecord {
  const record = emptyRecord();
  record.totals.requests = models;
  for (let index = 0; index < models; index += 1) totalsOf(record.byDimension.model, `m${index}`).requests = 1;
  return record;
}

describe('field names for labels', () => {
  it('give the label back, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (label) => {
        expect(fromFieldName(toFieldName(label))).toBe(label);
      }),
      { examples: [[''], ['%'], ['%2E'], ['__proto__'], ['%5F_proto__'], ['____']] },
    );
  });

  it('are none that Firestore refuses or reads as a path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (label) => {
        const name = toFieldName(label);
        expect(name).not.toMatch(/^__.*__$|^$|[./`~*[\]\\]/s);
      }),
      { examples: [['__name__'], ['gpt-4.1'], ['']] },
    );
  });

  it('stay as they are where nothing is wrong with them', () => {
    expect(toFieldName('claude-3-haiku_2@x:y 文')).toBe('claude-3-haiku_2@x:y 文');
  });
});

describe('a record in parts', () => {
  it.each([0, 1, 99, 100, 250])('of %d labels adds up to the record, none with more than 500 amounts', (models) => {
    const record = recordOf(models);
    const parts = splitRecord(record);
    const sum = emptyRecord();
    for (const part of parts) {
      mergeRecord(sum, part);
      const labels = Object.values(part.byDimension).reduce((count, { size }) => count + size, 0);
      const hasTotals = part.totals.requests > 0 ? 1 : 0;
      expect((labels + hasTotals) * 5).toBeLessThanOrEqual(500);
    }
    expect(sum).toEqual(record);
    expect(parts).toHaveLength(Math.ceil((models + 1) / 100));
  });
});

it('a shard with fields of other types counts what can be counted', () => {
  const record = emptyRecord();
  addShard(record, { requests: 2, promptTokens: 'many', byDimension: { model: { 'gpt-4%2E1': null }, tenant: 5 } });
  addShard(record, {});
  expect(record.totals).toMatchObject({ requests: 2, promptTokens: 0 });
  expect([...record.byDimension.model.keys()]).toEqual(['gpt-4.1']);
});
