import { describe, expect, test } from 'vitest';
import { startEconomy } from '../../support/economy.ts';

const start = (blocks: string, key = 'key') =>
  startEconomy({
    upstreams: ['openai'],
    environment: { SLUICE_SECRETS: 'environment' },
    yaml: ({ openai }) => `
agents: [{name: agent, provider: openai, model: gpt-4o-mini, api_key: "${key}", endpoint: "${openai}"}]
${blocks}`,
  });

describe('/health and /ready', () => {
  test('are 200 where everything can be used, and say nothing in the log', async () => {
    const economy = await start('vectorstore: {provider: memory, embedding_dimensions: 768}');
    expect(await economy.get('/health')).toMatchObject({ status: 200, json: { status: 'ok' } });
    expect(await economy.get('/ready')).toMatchObject({ status: 200, json: { status: 'ready' } });
    expect(economy.server.logged).toEqual([]);
    expect(economy.calls).toEqual([]);
  });

  test('a key that is nowhere makes it live and not ready', async () => {
    const economy = await start('', 'secret://key-that-is-nowhere');
    expect((await economy.get('/health')).status).toBe(200);
    const ready = await economy.get('/ready');
    expect(ready).toMatchObject({ status: 503, json: { status: 'not_ready' } });
    expect(ready.json.problems).toEqual(['Every key of the agent agent is not usable (configuration).']);
    expect(ready.text).not.toContain('key-that-is-nowhere');
    expect(economy.server.logged).toContainEqual(expect.objectContaining({ severity: 'ERROR', message: 'not ready' }));
  });

  test('a store that cannot be used makes it live and not ready', async () => {
    const economy = await start(
      `vectorstore: {provider: qdrant, embedding_dimensions: 768, qdrant: {url: "http://127.0.0.1:9", collection: c}}`,
    );
    expect((await economy.get('/health')).status).toBe(200);
    const ready = await economy.get('/ready');
    expect(ready.status).toBe(503);
    expect(ready.text).not.toContain('127.0.0.1');
  });
});
