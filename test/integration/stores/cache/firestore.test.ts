import { Firestore, Timestamp } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createFirestoreResponseCache } from '../../../../shared/stores/cache/firestore.ts';
import { describeResponseCache } from '../../../contracts/response-cache.ts';
import { freshCollection } from '../../../contracts/vector-store-harness.ts';
import { freePort } from '../../../support/service-process.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../../../support/services.ts';

const ttl = { ttlMs: 60_000 };

describeWithFirestore('the Firestore response cache', (emulatorHost) => {
  const collection = freshCollection();
  const projectId = EMULATOR_PROJECT;

  describeResponseCache({
    name: 'firestore',
    createCache: ({ now }) => createFirestoreResponseCache({ projectId, collection, now, timeoutMs: 20_000 }),
  });

  describe('what is in a document', () => {
    const nowMs = Date.UTC(2030, 0, 1);
    const cache = createFirestoreResponseCache({ projectId, collection, now: () => nowMs, timeoutMs: 20_000 });
    let database: Firestore;
    beforeAll(() => {
      database = new Firestore({ projectId });
    });
    afterAll(() => Promise.all([database.terminate(), cache.close()]));

    it('is the value, and the time that a TTL policy removes it at', async () => {
      await cache.set('a-hash', 'value', ttl);
      const document = await database.doc(`${collection}/a-hash`).get();
      expect(document.data()).toEqual({ value: 'value', expireAt: Timestamp.fromMillis(nowMs + 60_000) });
    });

    it('is never more than Firestore holds', async () => {
      await cache.set('large', 'small', ttl);
      await cache.set('large', 'é'.repeat(450_001), ttl);
      expect((await database.doc(`${collection}/large`).get()).exists).toBe(false);
      await cache.set('large', 'é'.repeat(450_000), ttl);
      expect(await cache.get('large')).toHaveLength(450_000);
    });

    it('is nothing when somebody else wrote it', async () => {
      const expireAt = Timestamp.fromMillis(nowMs + 60_000);
      const foreign = {
        number: { value: 1, expireAt },
        eternal: { value: 'v' },
        text: { value: 'v', expireAt: 'soon' },
      };
      for (const [key, data] of Object.entries(foreign)) {
        await database.doc(`${collection}/${key}`).set(data);
        expect(await cache.get(key)).toBeUndefined();
      }
    });
  });

  it('has nothing while Firestore cannot be reached, and does not wait for it each time', async () => {
    vi.stubEnv('FIRESTORE_EMULATOR_HOST', `127.0.0.1:${await freePort()}`);
    const onFault = vi.fn();
    const clock = { now: 0 };
    const cache = createFirestoreResponseCache({ projectId, timeoutMs: 200, now: () => clock.now, onFault });
    await cache.set('key', 'value', ttl);
    for (let round = 0; round < 100; round += 1) expect(await cache.get('key')).toBeUndefined();
    clock.now += 2_000;
    expect(await cache.get('key')).toBeUndefined();
    expect(onFault.mock.calls).toEqual([[expect.objectContaining({ name: 'AppError' })]]);
  });

  it('works once Firestore is back', async () => {
    vi.stubEnv('FIRESTORE_EMULATOR_HOST', emulatorHost);
    const clock = { now: 0 };
    let isDown = true;
    const database = new Firestore({ projectId });
    const client = new Proxy(database, {
      get(target, name) {
        if (name === 'collection' && isDown) throw Object.assign(new Error('away'), { code: 14 });
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    const cache = createFirestoreResponseCache({ client, collection, now: () => clock.now, timeoutMs: 20_000 });
    await cache.set('back', 'lost', ttl);
    isDown = false;
    expect(await cache.get('back')).toBeUndefined();
    clock.now += 2_000;
    await cache.set('back', 'value', ttl);
    expect(await cache.get('back')).toBe('value');
    await cache.close();
    await database.terminate();
  });
});
