import { describe, expect, it } from 'vitest';
import { responseCaches } from '../../../shared/stores/cache/registry.ts';
import { documentStores } from '../../../shared/stores/document/registry.ts';
import { vectorStores } from '../../../shared/stores/vector/registry.ts';

describe('the registries of stores', () => {
  it.each(Object.entries(vectorStores))('make the vector store "%s"', async (name, create) => {
    const store = await create({
      dimensions: 384,
      projectId: 'demo-sluice',
      maxDocuments: 5,
      url: 'http://127.0.0.1:6333',
      fetch: () => Promise.reject(new Error('nothing is asked for')),
    });
    expect(store.id).toBe(name);
    await store.close();
  });

  it.each(Object.entries(documentStores))('make the document store "%s"', async (name, create) => {
    const store = await create({ projectId: 'demo-sluice' });
    expect(store.id).toBe(name);
    await store.close();
  });

  it.each(Object.entries(responseCaches))('make the cache "%s"', async (name, create) => {
    const cache = await create({ maxEntries: 5 });
    expect(cache.id).toBe(name);
    await cache.close();
  });

  it('refuse a Firestore vector store for more dimensions than Firestore holds, and say what helps', async () => {
    await expect(vectorStores.firestore({ dimensions: 3_072 })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/2048.*"dimensions"/),
    });
    await expect(vectorStores.firestore({ dimensions: 384, collection: 'a/b' })).rejects.toMatchObject({
      code: 'configuration',
    });
  });
});
