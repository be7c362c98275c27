import { expect, it } from 'vitest';
import type { Filter } from '../../../../shared/contracts/filter.ts';
import { createFirestoreVectorStore } from '../../../../shared/stores/vector/firestore.ts';
import { freshCollection } from '../../../contracts/vector-store-harness.ts';
import { makeChunk } from '../../../contracts/vectors.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../../../support/services.ts';

const FIELDS = Array.from({ length: 99 }, (_, number) => [`f${number}`, number] as const);
const TEXT = 'x'.repeat(1_499);

/** What is larger is refused before Firestore is asked, which its unit test shows. */
const LARGEST: readonly (readonly [string, Filter])[] = [
  ['99 conditions', { type: 'and', filters: FIELDS.map(([key, value]) => ({ type: 'eq', key, value })) }],
  [
    'ranges of 10 fields',
    { type: 'and', filters: FIELDS.slice(0, 10).map(([key, value]) => ({ type: 'gte', key, value })) },
  ],
  ['30 alternatives', { type: 'or', filters: FIELDS.slice(0, 30).map(([key, value]) => ({ type: 'eq', key, value })) }],
  ['30 values', { type: 'in', key: 'f0', value: FIELDS.slice(0, 30).map(([, value]) => value) }],
  ['10 values to differ from', { type: 'nin', key: 'f0', value: FIELDS.slice(1, 11).map(([, value]) => value) }],
  ['a text of 1,499 bytes', { type: 'eq', key: 'text', value: TEXT }],
];

describeWithFirestore('the largest filters that are not refused', () => {
  it.each(LARGEST)('are run by Firestore: %s', async (_title, filter) => {
    const store = createFirestoreVectorStore({
      projectId: EMULATOR_PROJECT,
      emulator: true,
      dimensions: 2,
      collection: freshCollection(),
      tenancy: true,
    });
    const scope = { collection: 'default', tenant: 't1' };
    const metadata = { ...Object.fromEntries(FIELDS), text: TEXT };
    await store.upsert(
      [makeChunk('a', [1, 0], { tenant: scope.tenant, metadata }), makeChunk('b', [1, 0], { tenant: scope.tenant })],
      scope,
    );
    const found = await store.query({ vector: Float32Array.of(1, 0), topK: 5, filter, ...scope });
    expect(found.map(({ id }) => id)).toEqual(['a']);
    await store.close();
  });
});
