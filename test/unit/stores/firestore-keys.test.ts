import { describe, expect, it } from 'vitest';
import { idFromKey, isReadableFromKey, toCollectionKey, toTenantKey } from '../../../shared/stores/firestore-keys.ts';

const IDS = ['a', 'a b', '#a', 'x'.repeat(512), '文'.repeat(512), '文'.repeat(511), '-', 'a.b'];
const TENANTS = [null, 'null', 'a', 't/1', '文'.repeat(200)];

describe('document ids in Firestore', () => {
  it('are the own ids where there is neither a tenant nor another collection', () => {
    expect(toTenantKey('guide-0', null)).toBe('guide-0');
    expect(toCollectionKey('guide', 'default', null)).toBe('guide');
  });

  it('are different for different ids, tenants and collections', () => {
    const keys = ['default', 'other', 'c'.repeat(64)].flatMap((collection) =>
      TENANTS.flatMap((tenant) => IDS.map((id) => toCollectionKey(id, collection, tenant))),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('keep within the limits of Firestore', () => {
    for (const collection of ['default', 'c'.repeat(64)]) {
      for (const tenant of TENANTS) {
        for (const id of IDS) {
          const key = toCollectionKey(id, collection, tenant);
          expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1_500);
          expect(key).not.toContain('/');
        }
      }
    }
  });

  it('give the own id back, or say that they cannot', () => {
    for (const tenant of TENANTS) {
      for (const id of IDS) expect(idFromKey(toTenantKey(id, tenant))).toBe(isReadableFromKey(id) ? id : undefined);
    }
  });
});
