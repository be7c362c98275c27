import { randomUUID } from 'node:crypto';
import { Firestore } from '@google-cloud/firestore';
import { afterAll, describe, expect, it } from 'vitest';
import type { KeyRecord } from '../../../../shared/contracts/key-store.ts';
import { createFirestoreKeyStore } from '../../../../shared/stores/keys/firestore.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../../../support/services.ts';

describeWithFirestore('the Firestore key store', () => {
  const collection = `keys-${randomUUID()}`;
  const store = createFirestoreKeyStore({ projectId: EMULATOR_PROJECT, collection });
  const database = new Firestore({ projectId: EMULATOR_PROJECT });
  afterAll(() => Promise.all([store.close(), database.terminate()]));

  let count = 0;
  const record = (fields: Partial<KeyRecord> = {}): KeyRecord => {
    count += 1;
    return {
      sha256: count.toString(16).padStart(64, '0'),
      name: `key-${count}`,
      hint: 'sk-sluice-abcd',
      createdAtMs: 1_900_000_000_000 + count,
      ...fields,
    };
  };

  it('gives a key back as it was made, by its hash alone', async () => {
    const full = record({
      tenant: 'acme',
      models: ['default', 'openai/gpt-4o-mini'],
      functions: ['chat'],
      requestsPerMinute: 60,
      tokensPerMinute: 40_000,
      dailyBudgetUsd: 1.5,
      expiresAtMs: 1_999_999_999_000,
    });
    await store.create(full);
    expect(await store.find(full.sha256)).toEqual(full);
    expect(await store.find('f'.repeat(64))).toBeUndefined();
    const written = (await database.doc(`${collection}/${full.sha256}`).get()).data();
    expect(Object.keys(written ?? {})).not.toContain('sha256');
  });

  it('lists all keys by name, revoked ones too', async () => {
    const old = record({ name: 'rotated' });
    await store.create(old);
    await store.revoke('rotated', 1_950_000_000_000);
    const fresh = record({ name: 'rotated' });
    await store.create(fresh);
    const found = (await store.list()).filter(({ name }) => name === 'rotated');
    expect(found).toEqual([fresh, { ...old, revokedAtMs: 1_950_000_000_000 }]);
  });

  it('has one key in use of a name, even when two are made at the same moment', async () => {
    const twins = [record({ name: 'twin' }), record({ name: 'twin' })];
    const results = await Promise.allSettled(twins.map((twin) => store.create(twin)));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await store.list()).filter(({ name }) => name === 'twin')).toHaveLength(1);
    await expect(store.create(record({ name: 'twin' }))).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('revokes a key once', async () => {
    const key = record();
    await store.create(key);
    expect(await store.revoke(key.name, 5)).toMatchObject({ sha256: key.sha256, revokedAtMs: 5 });
    expect(await store.revoke(key.name, 6)).toBeUndefined();
    expect(await store.find(key.sha256)).toMatchObject({ revokedAtMs: 5 });
  });

  describe('a record that somebody wrote by hand', () => {
    it.each([
      ['models', 'default'],
      ['models', [1]],
      ['functions', {}],
      ['requestsPerMinute', '60'],
      ['dailyBudgetUsd', -1],
      ['tenant', 7],
      ['expiresAt', '2030-01-01'],
      ['name', null],
    ])('is refused where its %s is %j, and not taken for one without limits', async (field, value) => {
      const sha256 = randomUUID().replaceAll('-', '').padEnd(64, 'a');
      const data = { name: 'by-hand', hint: 'x', [field]: value };
      await database.doc(`${collection}-hand/${sha256}`).set(data);
      const hand = createFirestoreKeyStore({ projectId: EMULATOR_PROJECT, collection: `${collection}-hand` });
      await expect(hand.find(sha256)).rejects.toMatchObject({
        code: 'configuration',
        message: expect.stringContaining(field),
      });
      await hand.close();
    });
  });
});
