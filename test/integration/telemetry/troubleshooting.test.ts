import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';
import { SYMPTOMS, symptomTable } from '../../../scripts/doctor/symptoms.ts';
import { fromFirestoreError } from '../../../shared/stores/firestore-errors.ts';
import { vectorStores } from '../../../shared/stores/vector/registry.ts';
import { makeChunk } from '../../contracts/vectors.ts';
import { type Economy, refuse, startEconomy } from '../../support/economy.ts';

const KEYS = `auth:
  mode: api_key
  keys: [{name: narrow, key: "narrow-key-0123456789", models: [another]}]`;
const RAG = `embeddings: {provider: local, local: {}}
vectorstore: {provider: memory, embedding_dimensions: 768}
ingestion: {store: memory}`;

function start({
  provider = 'openai',
  agent = '',
  leg = '',
  blocks = '',
}: {
  readonly provider?: string;
  readonly agent?: string;
  readonly leg?: string;
  readonly blocks?: string;
} = {}): Promise<Economy> {
  return startEconomy({
    upstreams: [provider],
    yaml: (endpoints) => `
agents:
  - name: agent
    retry: {max_attempts: 1}
    ${agent}
    providers:
      - {provider: ${provider}, model: gpt-4o-mini, ${provider === 'ollama' ? '' : 'api_key: key, '}${leg || `endpoint: "${endpoints[provider]}"`}}
${blocks}`,
  });
}

/** Makes each thing go wrong once, as it does in life. */
const HAPPENINGS: Readonly<Record<string, () => Promise<Economy>>> = {
  'caller-key': async () => {
    const economy = await start({ blocks: KEYS });
    await economy.chat({}, { authorization: 'Bearer a-wrong-key' });
    return economy;
  },
  'key-refused': () => refused(401),
  'caller-permission': async () => {
    const economy = await start({ blocks: KEYS });
    await economy.chat({}, { authorization: 'Bearer narrow-key-0123456789' });
    return economy;
  },
  'key-forbidden': () => refused(403),
  'rate-limit': async () => {
    const economy = await start({ blocks: 'limits: {requests_per_minute: 1}' });
    await economy.chat();
    await economy.chat();
    return economy;
  },
  quota: () => refused(402),
  budget: async () => {
    const economy = await start({ blocks: 'observability: {llm_observability: {daily_token_limit: 1}}' });
    await economy.chat();
    await economy.chat();
    return economy;
  },
  unreachable: async () => {
    const economy = await start({ agent: 'timeout: 100ms' });
    economy.always('openai', { finish: 'silence' });
    await economy.chat();
    return economy;
  },
  model: async () => {
    const economy = await start();
    await economy.chat({ model: 'gpt-of-next-year' });
    return economy;
  },
  'ollama-model': async () => {
    const economy = await start({ provider: 'ollama' });
    economy.always('ollama', { status: 404, body: { error: 'model "gpt-4o-mini" not found' } });
    await economy.chat();
    return economy;
  },
  'ollama-down': async () => {
    const economy = await start({ provider: 'ollama' });
    await economy.stop('ollama');
    await economy.chat();
    return economy;
  },
  blocked: async () => {
    const economy = await start({ provider: 'ollama', leg: 'endpoint: "https://10.1.2.3"' });
    await economy.chat();
    return economy;
  },
  index: async () => {
    const { memory } = vectorStores;
    vi.spyOn(vectorStores, 'memory').mockImplementation(async (options) => {
      const store = await memory(options);
      // What Firestore's client throws where an index is missing: the emulator needs none.
      const query = () => Promise.reject(fromFirestoreError({ code: 9 }, () => 'gcloud firestore indexes …'));
      return Object.assign(Object.create(store) as typeof store, { query });
    });
    const economy = await start({ blocks: `${RAG}\nretrieval: {mode: vector}` });
    await economy.post('/v1/search', { query: 'holiday' });
    return economy;
  },
  'foreign-model': async () => {
    const { memory } = vectorStores;
    vi.spyOn(vectorStores, 'memory').mockImplementation(async (options) => {
      const store = await memory(options);
      const vector = new Float32Array(options.dimensions).fill(1);
      await store.upsert([makeChunk('a', vector, { embeddingModel: 'openai/older@768' })], { collection: 'default' });
      return store;
    });
    const economy = await start({ blocks: RAG });
    await economy.post('/v1/documents', { id: 'b', text: 'Some text.' });
    return economy;
  },
  'search-empty': async () => {
    const economy = await start({ blocks: RAG });
    await economy.post('/v1/search', { query: 'holiday' });
    return economy;
  },
  'stream-cut': async () => {
    const economy = await start();
    const choices = [{ index: 0, delta: { role: 'assistant', content: 'Hal' }, finish_reason: null }];
    const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices };
    economy.next('openai', {
      headers: { 'content-type': 'text/event-stream' },
      pieces: [`data: ${JSON.stringify(chunk)}\n\n`],
      finish: 'reset',
    });
    await economy.chat({ stream: true });
    return economy;
  },
};

async function refused(status: number): Promise<Economy> {
  const economy = await start();
  economy.always('openai', refuse(status));
  await economy.chat();
  return economy;
}

describe('the lines by which troubles are known', () => {
  test.each(SYMPTOMS.flatMap(({ seen, causes }) => causes.map(({ advice, line }) => [seen, advice, line] as const)))(
    '%s, %s: are what the service logs',
    async (_seen, advice, line) => {
      const { server } = await (HAPPENINGS[advice] as () => Promise<Economy>)();
      expect(server.logged).toContainEqual(expect.objectContaining(line));
    },
  );

  test('stand in the README as the doctor has them', async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    // The page's columns are aligned, by however much its widest cell needs.
    const plain = (table: string): string => table.replaceAll(/ {2,}/g, ' ').replaceAll(/-{3,}/g, '---');
    expect(plain(readme)).toContain(plain(symptomTable()));
  });
});
