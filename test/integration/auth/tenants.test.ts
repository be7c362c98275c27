import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFirestoreDocumentStore } from '../../../shared/stores/document/firestore.ts';
import { type Economy, startEconomy } from '../../support/economy.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../../support/services.ts';
import { openAiAnswer } from '../../support/vendor-answers.ts';

const KEYS = { one: 'key-of-tenant-one', two: 'key-of-tenant-two', none: 'key-of-no-tenant-' } as const;
type Who = keyof typeof KEYS;

const as = (who: Who) => ({ authorization: `Bearer ${KEYS[who]}` });
const SECRET = 'The vault of tenant one opens with the word marzipan.';
const OTHER = 'Tenant two keeps its bicycles in the cellar.';
const QUESTION = 'Which word opens the vault?';

interface Backends {
  readonly vectorstore: () => string;
  readonly store: 'memory' | 'firestore';
  /** Only what the store itself decides: every start of it takes long. */
  readonly brief?: boolean;
}

/** The gateway with a key for each of two tenants and one of no tenant, and a document of each tenant under one id. */
async function start({ vectorstore, store }: Backends, more = ''): Promise<Economy> {
  const economy = await startEconomy({
    upstreams: ['openai'],
    environment: store === 'firestore' ? { GOOGLE_CLOUD_PROJECT: EMULATOR_PROJECT } : {},
    yaml: ({ openai }) => `
agents:
  - {name: agent, provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${openai}"}
  - {name: researcher, role: react, tools: [search], provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${openai}"}
embeddings: {provider: local, local: {}}
vectorstore: ${vectorstore()}
ingestion: {store: ${store}, documents_collection: docs-${randomUUID()}, ingestions_collection: ing-${randomUUID()}}
observability: {ledger: memory}
auth:
  keys:
    - {name: one, key: ${KEYS.one}, tenant: t1}
    - {name: two, key: ${KEYS.two}, tenant: t2}
    - {name: none, key: ${KEYS.none}}
${more}`,
  });
  for (const [who, text] of [
    ['one', SECRET],
    ['two', OTHER],
  ] as const) {
    expect((await economy.post('/v1/documents', { id: 'shared-id', title: who, text }, as(who))).status).toBe(200);
  }
  return economy;
}

const remove = (economy: Economy, path: string, who: Who) =>
  fetch(`${economy.server.url}${path}`, { method: 'DELETE', headers: as(who) });

/** What reaches the model of a chat: what was retrieved for it. */
const seenByModel = ({ calls }: Economy): string => JSON.stringify(calls.map(({ body }) => body));

function describeIsolation(title: string, backends: Backends): void {
  describe(title, () => {
    it('a document is what its own tenant stored, under the same id in both', async () => {
      const economy = await start(backends);
      for (const [who, mine, theirs] of [
        ['one', SECRET, OTHER],
        ['two', OTHER, SECRET],
      ] as const) {
        const { text } = await economy.post('/v1/search', { query: QUESTION, top_k: 50 }, as(who));
        expect(text).toContain(mine);
        expect(text).not.toContain(theirs);
        const openai = await economy.post('/v1/vector_stores/default/search', { query: QUESTION }, as(who));
        expect(openai.text).toContain(mine);
        expect(openai.text).not.toContain(theirs);
      }
    });

    it('a search reaches no other tenant by mode, filter, neighbours, offset or a low score', async () => {
      const economy = await start(backends);
      const filters = [
        { type: 'eq', key: 'tenant', value: 't1' },
        { type: 'exists', key: 'title', value: true },
        {
          type: 'or',
          filters: [
            { type: 'ne', key: 'title', value: 'x' },
            { type: 'in', key: 'title', value: ['one', 'two'] },
          ],
        },
      ];
      const searches = [
        {},
        { neighbors: 5 },
        { offset: 1 },
        { min_score: 0, top_k: 1000 },
        ...(backends.store === 'firestore' ? [] : [{ mode: 'lexical' }, { mode: 'hybrid' }]),
        ...filters.map((filter) => ({ filter })),
      ];
      for (const fields of searches) {
        const { text, status } = await economy.post('/v1/search', { query: QUESTION, ...fields }, as('two'));
        expect([200, 400]).toContain(status);
        expect(text).not.toContain('marzipan');
      }
    });

    it('deleting, repeating and asking about a document touches nobody else’s', async () => {
      const economy = await start(backends);
      expect((await economy.post('/v1/documents', { id: 'only-one', text: SECRET }, as('one'))).status).toBe(200);
      expect((await economy.get('/v1/documents/only-one', as('two'))).status).toBe(404);
      expect((await economy.post('/v1/documents/only-one/retry', {}, as('two'))).status).toBe(404);
      expect((await remove(economy, '/v1/documents/only-one', 'two')).status).toBe(404);
      expect((await remove(economy, '/v1/documents/shared-id', 'two')).status).toBe(200);
      expect((await economy.get('/v1/documents/only-one', as('one'))).status).toBe(200);
      expect((await economy.post('/v1/search', { query: QUESTION }, as('one'))).text).toContain('marzipan');
    });

    if (backends.brief) return;

    it('naming another tenant is refused in every request that can name one', async () => {
      const economy = await start(backends);
      const sluice = { tenant: 't1' };
      const messages = [{ role: 'user', content: QUESTION }];
      const refused = await Promise.all([
        economy.post('/v1/search', { query: QUESTION, sluice }, as('two')),
        economy.post('/v1/vector_stores/default/search', { query: QUESTION, sluice }, as('two')),
        economy.post('/v1/documents', { id: 'shared-id', text: 'Overwritten.', sluice }, as('two')),
        economy.post('/v1/documents', { documents: [{ id: 'shared-id', text: 'Overwritten.' }], sluice }, as('two')),
        economy.get('/v1/documents/shared-id?tenant=t1', as('two')),
        economy.post('/v1/documents/shared-id/retry?tenant=t1', {}, as('two')),
        economy.chat({ sluice: { ...sluice, retrieval: true } }, as('two')),
        economy.chat({ sluice: { ...sluice, retrieval: true }, stream: true }, as('two')),
        economy.post('/v1/responses', { model: 'agent', input: QUESTION, sluice }, as('two')),
        economy.post('/v1/messages', { model: 'agent', max_tokens: 9, messages, sluice }, as('two')),
        economy.post('/v1/completions', { model: 'agent', prompt: QUESTION, sluice }, as('two')),
      ]);
      expect(refused.map(({ status }) => status)).toEqual(new Array(11).fill(403));
      expect((await remove(economy, '/v1/documents/shared-id?tenant=t1', 'two')).status).toBe(403);
      expect(economy.calls).toEqual([]);
      expect((await economy.post('/v1/search', { query: QUESTION }, as('one'))).text).toContain('marzipan');
    });

    it('a chat is given passages of its own tenant alone, streamed, in other dialects and by an agent that searches', async () => {
      const economy = await start(backends);
      const sluice = { retrieval: { top_k: 50 } };
      const messages = [{ role: 'user', content: QUESTION }];
      await economy.chat({ messages, sluice }, as('two'));
      await economy.chat({ messages, sluice, stream: true }, as('two'));
      await economy.post('/v1/responses', { model: 'agent', input: QUESTION, sluice }, as('two'));
      await economy.post('/v1/messages', { model: 'agent', max_tokens: 9, messages, sluice }, as('two'));
      await economy.post('/v1/completions', { model: 'agent', prompt: QUESTION, sluice }, as('two'));
      economy.next('openai', openAiAnswer({ calls: [['search', { query: QUESTION, tenant: 't1' }]] }));
      await economy.chat({ model: 'researcher', messages }, as('two'));
      economy.next('openai', openAiAnswer({ calls: [['search', { query: QUESTION }]] }));
      await economy.chat({ model: 'researcher', messages }, as('two'));
      expect(economy.calls.length).toBeGreaterThanOrEqual(8);
      expect(seenByModel(economy)).toContain('bicycles');
      expect(seenByModel(economy)).not.toContain('marzipan');
    });

    it('who belongs to no tenant sees what belongs to none, and any tenant it names', async () => {
      const economy = await start(backends);
      const { json } = await economy.post('/v1/search', { query: QUESTION }, as('none'));
      expect(json.data).toEqual([]);
      expect((await economy.get('/v1/documents/shared-id', as('none'))).status).toBe(404);
      const named = await economy.post('/v1/search', { query: QUESTION, sluice: { tenant: 't1' } }, as('none'));
      expect(named.text).toContain('marzipan');
      expect(named.text).not.toContain('bicycles');
    });

    it('requests of both at the same time get their own', async () => {
      const economy = await start(backends);
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const who: Who = index % 2 === 0 ? 'one' : 'two';
          return { who, text: (await economy.post('/v1/search', { query: QUESTION }, as(who))).text };
        }),
      );
      for (const { who, text } of answers) {
        expect(text.includes('marzipan')).toBe(who === 'one');
        expect(text.includes('bicycles')).toBe(who === 'two');
      }
    });
  });
}

describeIsolation('tenants over vectors in memory', {
  store: 'memory',
  vectorstore: () => '{provider: memory, embedding_dimensions: 768, memory: {}}',
});

describeIsolation('tenants over pgvector', {
  brief: true,
  store: 'memory',
  vectorstore: () =>
    '{provider: pgvector, embedding_dimensions: 768, pgvector: {connection_string: "pglite://memory", table: chunks}}',
});

describeWithFirestore('with Firestore', () => {
  describeIsolation('tenants over Firestore', {
    store: 'firestore',
    vectorstore: () =>
      `{provider: firestore, embedding_dimensions: 768, tenancy: true, firestore: {collection: chunks-${randomUUID()}}}`,
  });

  it('a document that was written to Firestore belongs to the tenant it names, and can be repeated by nobody else', async () => {
    const economy = await start({
      store: 'firestore',
      vectorstore: () =>
        `{provider: firestore, embedding_dimensions: 768, tenancy: true, firestore: {collection: chunks-${randomUUID()}}}`,
    });
    const { config, documents } = economy.server.app;
    const { documentsCollection } = config.ingestion;
    const source = createFirestoreDocumentStore({ projectId: EMULATOR_PROJECT, documentsCollection });
    onTestFinished(() => source.close());
    await source.putDocument({ id: 'written', text: `${SECRET} It is written.`, tenant: 't1' });
    const event = {
      id: 'e1',
      type: 'google.cloud.firestore.document.v1.written',
      source: `//firestore.googleapis.com/projects/${EMULATOR_PROJECT}/databases/(default)`,
      subject: `documents/${documentsCollection}/written`,
    };
    expect(await (await documents.get()).receive(event)).toMatchObject({ status: 'ready' });
    expect((await economy.get('/v1/documents/written', as('one'))).status).toBe(200);
    for (const who of ['two', 'none'] as const) {
      expect((await economy.get('/v1/documents/written', as(who))).status).toBe(404);
      expect((await economy.post('/v1/documents/written/retry', {}, as(who))).status).toBe(404);
      expect((await economy.post('/v1/search', { query: 'It is written' }, as(who))).text).not.toContain('marzipan');
    }
    expect((await economy.post('/v1/documents/written/retry', {}, as('one'))).status).toBe(200);
  });
});

describe('what answers are remembered and counted', () => {
  const memory: Backends = {
    store: 'memory',
    vectorstore: () => '{provider: memory, embedding_dimensions: 768, memory: {}}',
  };

  it.each([
    ['the cache', 'cache: {provider: memory}', QUESTION],
    [
      'the semantic cache',
      'cache: {provider: memory, semantic: {enabled: true, threshold: 0.9}}',
      `${QUESTION} Please.`,
    ],
  ])('%s gives nobody an answer of another tenant', async (_, cache, again) => {
    const economy = await start(memory, cache);
    const ask = (content: string, who: Who, fields = {}) =>
      economy.chat({ messages: [{ role: 'user', content }], ...fields }, as(who));
    economy.next('openai', openAiAnswer({ text: 'For one: marzipan.' }));
    economy.always('openai', openAiAnswer({ text: 'For somebody else.' }));
    expect((await ask(QUESTION, 'one')).read.text).toBe('For one: marzipan.');
    expect((await ask(again, 'one')).read).toMatchObject({ text: 'For one: marzipan.', sluice: { cached: true } });
    for (const who of ['two', 'none'] as const) {
      for (const question of [QUESTION, again]) {
        expect((await ask(question, who)).text).not.toContain('marzipan');
        expect((await ask(question, who, { stream: true })).text).not.toContain('marzipan');
      }
    }
  });

  it('equal requests at the same time are one call within a tenant alone', async () => {
    const economy = await start(memory, 'cache: {provider: memory}');
    await Promise.all(['one', 'two', 'none'].map((who) => economy.chat({}, as(who as Who))));
    expect(economy.calls).toHaveLength(3);
  });

  it('the usage that a tenant sees is its own', async () => {
    const economy = await start(memory);
    await economy.chat({}, as('one'));
    await economy.chat({}, as('one'));
    await economy.chat({}, as('two'));
    const report = async (who: Who) => (await economy.get('/v1/usage?days=1', as(who))).json;
    const [one, two, all] = [await report('one'), await report('two'), await report('none')] as const;
    expect(one).toMatchObject({
      scope: 'tenant',
      today: { completion_tokens: (two.today as { completion_tokens: number }).completion_tokens * 2 },
    });
    expect(JSON.stringify([one, two])).not.toMatch(/t1|t2|"by"/);
    expect(all).toMatchObject({ scope: 'all', today: { by: { tenant: { t1: {}, t2: {} } } } });
  });
});
