import { describe, expect, test } from 'vitest';
import { type Economy, refuse, startEconomy } from '../../support/economy.ts';

const LEGS = ['openai', 'anthropic', 'xai'];

function start(names: readonly string[], blocks = ''): Promise<Economy> {
  return startEconomy({
    upstreams: names,
    yaml: (endpoints) => `
agents:
  - name: agent
    retry: {max_attempts: 2, initial_backoff: 1ms}
    providers:
${names.map((name) => `      - {provider: ${name}, model: model-of-${name}, api_key: key, endpoint: "${endpoints[name]}"}`).join('\n')}
prices: {openai/model-of-openai: {input: 1, output: 2}}
${blocks}`,
  });
}

/** The samples of one metric, by their labels. */
async function samples({ get }: Economy, name: string, headers = {}): Promise<Record<string, number>> {
  const { text } = await get('/metrics', headers);
  const found = [...text.matchAll(new RegExp(`^${name}(\\{.*\\})? (\\S+)$`, 'gm'))];
  return Object.fromEntries(found.map(([, labels = '', value]) => [labels, Number(value)]));
}

const labelsOf = (provider: string): string => `{provider="${provider}",model="model-of-${provider}"}`;

describe('the metrics', () => {
  test.each([false, true])('observe one call of a provider once, in seconds (streamed: %s)', async (stream) => {
    const economy = await start(['openai']);
    await economy.chat({ stream });
    expect(await samples(economy, 'llm_provider_latency_seconds_count')).toEqual({ [labelsOf('openai')]: 1 });
    const { [labelsOf('openai')]: sum = Number.NaN } = await samples(economy, 'llm_provider_latency_seconds_sum');
    expect(sum).toBeLessThan(30);
    const firstTokens = await samples(economy, 'llm_provider_time_to_first_token_seconds_count');
    expect(firstTokens).toEqual(stream ? { [labelsOf('openai')]: 1 } : {});
    expect(await samples(economy, 'sluice_streams_in_flight')).toEqual({ '': 0 });
    expect(await samples(economy, 'sluice_requests_total')).toMatchObject({
      '{function="gateway",route="/v1/chat/completions",status="200"}': 1,
    });
  });

  test('observe each leg of a cascade under its own labels', async () => {
    const economy = await start(LEGS);
    economy.always('openai', refuse(401));
    economy.always('anthropic', refuse(500));
    await economy.chat();
    expect(await samples(economy, 'llm_provider_latency_seconds_count')).toEqual(
      Object.fromEntries(LEGS.map((name) => [labelsOf(name), 1])),
    );
    expect(await samples(economy, 'llm_provider_errors_total')).toEqual({
      '{provider="openai",model="model-of-openai",code="authentication"}': 1,
      '{provider="anthropic",model="model-of-anthropic",code="server_error"}': 1,
    });
    expect(await samples(economy, 'llm_provider_retries_total')).toEqual({
      '{provider="anthropic",model="model-of-anthropic",code="server_error"}': 1,
    });
    expect(await samples(economy, 'llm_provider_fallbacks_total')).toEqual({ [labelsOf('xai')]: 1 });
    expect(await samples(economy, 'llm_provider_requests_total')).toMatchObject({
      '{provider="xai",model="model-of-xai",outcome="answered"}': 1,
    });
  });

  test('say when no leg could answer', async () => {
    const economy = await start(['openai']);
    economy.always('openai', refuse(500));
    await economy.chat();
    expect(await samples(economy, 'sluice_cascades_exhausted_total')).toEqual({
      '{function="gateway",code="server_error"}': 1,
    });
    expect(await samples(economy, 'sluice_errors_total')).toEqual({ '{function="gateway",code="server_error"}': 1 });
  });

  test('count tokens by type, cost in USD, and calls without a price', async () => {
    const economy = await start(['openai', 'xai']);
    const { json } = await economy.chat();
    const { usage, sluice } = json as { usage: Record<string, number>; sluice: { cost_usd: number } };
    await economy.chat({ model: 'xai/model-of-xai' });
    const tokens = await samples(economy, 'llm_provider_tokens_total');
    expect(tokens).toMatchObject({
      '{provider="openai",model="model-of-openai",type="prompt"}': usage.prompt_tokens,
      '{provider="openai",model="model-of-openai",type="completion"}': usage.completion_tokens,
    });
    const cost = await samples(economy, 'llm_provider_cost_usd_total');
    expect(cost).toEqual({ [labelsOf('openai')]: sluice.cost_usd });
    expect(await samples(economy, 'llm_provider_unpriced_requests_total')).toEqual({ [labelsOf('xai')]: 1 });
  });

  test('count no cost and no tokens where these are not tracked', async () => {
    const off = 'observability: {cost_tracking: false, llm_observability: {track_tokens: false}}';
    const economy = await start(['openai'], off);
    await economy.chat();
    expect(await samples(economy, 'llm_provider_cost_usd_total')).toEqual({});
    expect(await samples(economy, 'llm_provider_tokens_total')).toEqual({});
  });

  test('have bounded labels whatever models and paths callers think of', async () => {
    const economy = await start(['openai']);
    for (let index = 0; index < 30; index += 1) {
      await economy.chat({ model: `openai/made-up-${index}` });
      await economy.get(`/made/up/${index}`);
    }
    expect(await samples(economy, 'llm_provider_latency_seconds_count')).toEqual({
      '{provider="openai",model="other"}': 30,
    });
    expect(Object.keys(await samples(economy, 'sluice_requests_total'))).toHaveLength(3);
    await economy.chat({ model: 'openai/gpt-4o-mini-2024-07-18' });
    expect(await samples(economy, 'llm_provider_latency_seconds_count')).toHaveProperty([
      '{provider="openai",model="gpt-4o-mini"}',
    ]);
  });

  test('count what the cache gave, what was ingested and searched, and a day that cost too much', async () => {
    const economy = await start(
      ['openai'],
      `cache: {provider: memory}
embeddings: {provider: local, local: {}}
vectorstore: {provider: memory, embedding_dimensions: 768}
ingestion: {store: memory}
observability: {cost_alert_threshold: 0.000000001}`,
    );
    await economy.chat();
    await economy.chat();
    expect(await samples(economy, 'sluice_cache_lookups_total')).toEqual({ '{result="miss"}': 1, '{result="hit"}': 1 });
    await economy.post('/v1/documents', { id: 'a', text: 'Everybody has thirty days of holiday.' });
    await economy.post('/v1/search', { query: 'holiday' });
    expect(await samples(economy, 'sluice_ingested_documents_total')).toEqual({
      '{via="request",outcome="ready"}': 1,
    });
    expect(await samples(economy, 'sluice_embedded_texts_total')).toEqual({
      '{provider="local",model="feature-hash-v1"}': 2,
    });
    expect(Object.values(await samples(economy, 'sluice_search_duration_seconds_count'))[0]).toBeGreaterThan(0);
    // The second call cost nothing, the third alerts nobody again.
    await economy.chat({ messages: [{ role: 'user', content: 'Another one' }] });
    expect(await samples(economy, 'sluice_cost_alerts_total')).toEqual({ '': 1 });
    expect(economy.server.logged.filter(({ message }) => message === 'cost alert')).toHaveLength(1);
  });

  test('have the state of each circuit, and requests that the guard refused', async () => {
    const economy = await start(['openai', 'anthropic']);
    economy.always('openai', refuse(500));
    for (let index = 0; index < 5; index += 1) await economy.chat();
    expect(await samples(economy, 'llm_provider_circuit_state')).toEqual({ [labelsOf('openai')]: 2 });
    const before = (await samples(economy, 'llm_provider_latency_seconds_count'))[labelsOf('openai')];
    await economy.chat();
    // Nothing was sent: what takes no time says nothing about the provider.
    expect((await samples(economy, 'llm_provider_latency_seconds_count'))[labelsOf('openai')]).toBe(before);
  });
});

describe('who may read the metrics', () => {
  const keyed = (observability = '') => `auth:
  mode: api_key
  keys:
    - {name: operator, key: "operators-key-0123456789"}
    - {name: acme, key: "key-of-acme-0123456789", tenant: acme}
    - {name: narrow, key: "narrow-key-0123456789", functions: [chat]}
observability: {${observability}}`;
  const as = (key: string) => ({ authorization: `Bearer ${key}` });

  test('everybody where no keys are asked for', async () => {
    const economy = await start(['openai']);
    const { status, headers, text } = await economy.get('/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain('# TYPE llm_provider_latency_seconds histogram');
    expect(economy.server.logged.filter(({ message }) => String(message).includes('/metrics'))).toEqual([]);
  });

  test('with keys, one that is limited to nothing; a tenant’s key sees nothing of the sums of all', async () => {
    const economy = await start(['openai'], keyed());
    expect((await economy.get('/metrics')).status).toBe(401);
    expect((await economy.get('/metrics', as('wrong-key-0123456789'))).status).toBe(401);
    for (const key of ['key-of-acme-0123456789', 'narrow-key-0123456789']) {
      const refused = await economy.get('/metrics', as(key));
      expect(refused.status).toBe(403);
      expect(refused.text).not.toContain('llm_provider');
    }
    expect((await economy.get('/metrics', as('operators-key-0123456789'))).status).toBe(200);
  });

  test('with a token, a scraper that sends it, and it opens nothing else', async () => {
    const token = 'metrics: {token: "token-of-scraper-0123456789"}';
    const economy = await start(['openai'], keyed(token));
    expect((await economy.get('/metrics', as('token-of-scraper-0123456789'))).status).toBe(200);
    expect((await economy.get('/metrics')).status).toBe(401);
    expect((await economy.chat({}, as('token-of-scraper-0123456789'))).status).toBe(401);

    const open = await start(['openai'], `observability: {${token}}`);
    expect((await open.get('/metrics')).status).toBe(401);
    expect((await open.get('/metrics', as('token-of-scraper-0123456789'))).status).toBe(200);
  });

  test('nobody where they are switched off', async () => {
    const economy = await start(['openai'], 'observability: {metrics: {enabled: false}}');
    expect((await economy.get('/metrics')).status).toBe(404);
  });
});
