import { describe, expect, test } from 'vitest';
import { type Economy, type Reply, refuse, startEconomy } from '../../support/economy.ts';
import { agentsOf, isGuideThere, joinBlocks, readGuideBlock, withEndpoints, withoutKeys } from '../../support/guide.ts';
import { openAiAnswer } from '../../support/vendor-answers.ts';
import { TEXT } from '../clients/wires/wire.ts';
import { OWN_BLOCKS } from './own-blocks.ts';

type Blocks = Readonly<Record<keyof typeof OWN_BLOCKS, string>>;

/** The guide's blocks, by the words they follow. */
const GUIDE_BLOCKS: Blocks = {
  quickStart: readGuideBlock('1. Configure Aixgo:'),
  hybrid: readGuideBlock('**Hybrid Inference with Automatic Fallback:**'),
  fallback: readGuideBlock('### Fallback Configuration'),
  costOptimization: readGuideBlock('### Cost Optimization'),
  regions: readGuideBlock('### Region-Specific Routing'),
  retry: readGuideBlock('### Retry Configuration'),
  openai: readGuideBlock('### OpenAI (GPT-4, GPT-3.5)'),
  costTracking: readGuideBlock('### Cost Tracking'),
  tokenUsage: readGuideBlock('### 3. Monitor Token Usage'),
};

const KEYS = { OPENAI_API_KEY: 'sk-openai', ANTHROPIC_API_KEY: 'sk-ant', GCP_PROJECT_ID: 'my-project' };
const KEY_OF: Readonly<Record<string, string | undefined>> = {
  openai: KEYS.OPENAI_API_KEY,
  anthropic: KEYS.ANTHROPIC_API_KEY,
  vertexai: 'google-token',
};

/** Starts blocks against stand-ins; nothing but addresses and variables is added. The first agent is asked. */
async function start(
  blocks: readonly string[],
  upstreams: readonly string[],
  environment: Readonly<Record<string, string>> = KEYS,
): Promise<Economy & { ask(fields?: Readonly<Record<string, unknown>>): Promise<Reply> }> {
  const yaml = joinBlocks(...blocks);
  const [model] = agentsOf(yaml);
  const economy = await startEconomy({ upstreams, environment, yaml: (endpoints) => withEndpoints(yaml, endpoints) });
  return { ...economy, ask: (fields) => economy.chat({ model, ...fields }) };
}

function attemptsOf({ read }: Reply): (readonly [string, string | undefined])[] {
  return (read.sluice?.attempts ?? []).map(({ provider, code }) => [provider, code]);
}

const SOURCES = [
  { title: 'in blocks of our own', blocks: OWN_BLOCKS as Blocks, isThere: true },
  { title: 'in the guide’s own words [optional]', blocks: GUIDE_BLOCKS, isThere: isGuideThere },
];

for (const { title, blocks, isThere } of SOURCES) {
  describe.skipIf(!isThere)(title, () => {
    test('the quick start asks Ollama, needs no key and costs nothing', async () => {
      const { ask, calls, order } = await start([blocks.quickStart], ['ollama', 'openai'], {});
      const reply = await ask();
      expect(reply.read.text).toBe(TEXT);
      expect(reply.json).toMatchObject({ sluice: { provider: 'ollama', cost_usd: 0 } });
      expect(order()).toEqual(['ollama']);
      expect(calls[0]?.key).toBeUndefined();
      expect(calls[0]?.body).toMatchObject({
        model: 'phi3.5:3.8b-mini-instruct-q4_K_M',
        options: { temperature: 0.7, num_predict: 1000 },
        messages: [
          { role: 'system', content: expect.stringContaining('helpful AI assistant running locally') },
          { role: 'user', content: 'Hello' },
        ],
      });
    });

    describe('hybrid inference', () => {
      const hybrid = () =>
        start([withoutKeys(blocks.quickStart, 'agents'), blocks.hybrid], ['ollama', 'openai', 'anthropic']);

      test('stays at home while Ollama is there', async () => {
        const { ask, calls, order } = await hybrid();
        const reply = await ask();
        expect(reply.json).toMatchObject({ sluice: { provider: 'ollama', cost_usd: 0 } });
        expect(order()).toEqual(['ollama']);
        expect(calls[0]?.model).toBe('phi3.5:3.8b-mini-instruct-q4_K_M');
        expect(calls[0]?.request.body).toContain('resilient assistant with automatic failover');
      });

      test.each(['refuses connections', 'answers 503', 'says nothing for two seconds'])(
        'asks GPT-4 Turbo when Ollama %s',
        async (failure) => {
          const { ask, calls, order, ...economy } = await hybrid();
          if (failure.startsWith('refuses')) await economy.stop('ollama');
          else if (failure.startsWith('answers')) economy.onProbe('ollama', refuse(503));
          else economy.onProbe('ollama', { finish: 'silence' });
          const reply = await ask();
          expect(attemptsOf(reply)).toEqual([
            ['ollama', expect.stringMatching(/^(?:network|server_error|timeout)$/)],
            ['openai', undefined],
          ]);
          expect(order()).toEqual(['openai']);
          expect(calls[0]).toMatchObject({ model: 'gpt-4-turbo', key: KEYS.OPENAI_API_KEY });
          expect(calls[0]?.request.body).toContain('resilient assistant with automatic failover');
        },
      );

      test('asks Claude 3 Haiku when GPT-4 Turbo fails too', async () => {
        const { ask, calls, order, stop, always } = await hybrid();
        await stop('ollama');
        always('openai', refuse(500));
        const reply = await ask();
        expect(reply.read.text).toBe(TEXT);
        expect(order()).toEqual(['openai', 'openai', 'openai', 'anthropic']);
        expect(calls[3]).toMatchObject({ key: KEYS.ANTHROPIC_API_KEY });
        expect(calls[3]?.model).toMatch(/^claude-3-haiku/);
      });
    });

    describe('the fallback', () => {
      const fallback = () => start([blocks.fallback], ['openai', 'anthropic', 'vertexai']);

      test('asks OpenAI alone as long as it answers', async () => {
        const { ask, order } = await fallback();
        expect((await ask()).read.sluice?.provider).toBe('openai');
        expect(order()).toEqual(['openai']);
      });

      test('goes to Anthropic when OpenAI has failed three times, one and two seconds apart', async () => {
        const { ask, order, always, time } = await fallback();
        always('openai', refuse(503));
        const reply = await ask();
        expect(reply.read.text).toBe(TEXT);
        expect(attemptsOf(reply)).toEqual([
          ['openai', 'server_error'],
          ['anthropic', undefined],
        ]);
        expect(order()).toEqual(['openai', 'openai', 'openai', 'anthropic']);
        expect(time.waits).toEqual([1_000, 2_000]);
      });

      test.each([false, true])(
        'ends at Vertex AI, each leg with its own model and key (streamed: %s)',
        async (stream) => {
          const { ask, calls, always } = await fallback();
          always('openai', refuse(401));
          always('anthropic', refuse(403));
          const reply = await ask({ stream });
          expect(reply.read).toMatchObject({ text: TEXT, faults: [], sluice: { provider: 'vertexai' } });
          expect(calls.map(({ upstream, model }) => [upstream, model.slice(0, 15)])).toEqual([
            ['openai', 'gpt-4-turbo'],
            ['anthropic', 'claude-3-sonnet'],
            ['vertexai', 'gemini-1.5-flas'],
          ]);
          for (const { upstream, request, key } of calls) {
            expect(key).toBe(KEY_OF[upstream]);
            const sent = JSON.stringify(request.headers) + request.url + request.body;
            const others = Object.values(KEY_OF).filter((other) => other !== key);
            expect(others.filter((other) => sent.includes(String(other)))).toEqual([]);
          }
          expect(calls[2]?.request.url).toContain('/projects/my-project/locations/us-central1/');
        },
      );

      test('answers 503 with the code of each leg when all of them fail, and tells nothing else', async () => {
        const { ask, always } = await fallback();
        always('openai', refuse(503));
        always('anthropic', refuse(429));
        always('vertexai', { finish: 'refuse' });
        const reply = await ask();
        expect(reply.status).toBe(503);
        expect(attemptsOf(reply)).toEqual([
          ['openai', 'server_error'],
          ['anthropic', 'rate_limit'],
          ['vertexai', 'network'],
        ]);
        expect(reply.text).not.toMatch(/127\.0\.0\.1|sk-|google-token|refused"/);
      });
    });

    test('cost optimization: each agent asks its own model, at that model’s price', async () => {
      const yaml = joinBlocks(blocks.costOptimization);
      const economy = await start([blocks.costOptimization], ['openai']);
      const costs: unknown[] = [];
      for (const model of agentsOf(yaml)) costs.push((await economy.chat({ model })).json.sluice);
      expect(economy.calls.map(({ model }) => model)).toEqual(['gpt-3.5-turbo', 'gpt-4-turbo']);
      // 30 tokens in, 12 out, at 0.5 and 1.5 USD a million, then at 10 and 30.
      expect(costs).toMatchObject([{ cost_usd: 0.000033 }, { cost_usd: 0.00066 }]);
    });

    test('region-specific routing: the American agent asks Vertex AI there, the European one its own endpoint', async () => {
      const yaml = joinBlocks(blocks.regions);
      const economy = await start([blocks.regions], ['vertexai', 'openai']);
      const [america, europe] = agentsOf(yaml);
      await economy.chat({ model: america });
      await economy.chat({ model: europe });
      expect(economy.calls).toMatchObject([
        { upstream: 'vertexai', model: 'gemini-1.5-flash' },
        { upstream: 'openai', model: 'gpt-4-turbo' },
      ]);
      expect(economy.calls[0]?.request.url).toContain('/projects/my-project/locations/us-central1/');
      expect(economy.calls[1]?.request.url).toBe('/v1/chat/completions');
    });

    describe('retry', () => {
      test('answers at the third attempt after one and two seconds', async () => {
        const { ask, next, order, time } = await start([blocks.retry], ['openai']);
        next('openai', refuse(429), refuse(429));
        expect((await ask()).read.text).toBe(TEXT);
        expect(order()).toHaveLength(3);
        expect(time.waits).toEqual([1_000, 2_000]);
      });

      test.each([
        [429, 429, 3],
        [503, 503, 3],
        [408, 504, 3],
        [400, 400, 1],
      ])('of a model that keeps answering %i ends in %i after %i attempts', async (status, seen, attempts) => {
        const { ask, always, order, time } = await start([blocks.retry], ['openai']);
        always('openai', refuse(status));
        expect((await ask()).status).toBe(seen);
        expect(order()).toHaveLength(attempts);
        expect(time.waits).toEqual([1_000, 2_000].slice(0, attempts - 1));
      });
    });

    test('cost tracking: one alert a day, when the day’s cost goes above 100 USD', async () => {
      const { ask, next, get, time, server } = await start([blocks.openai, blocks.costTracking], ['openai']);
      const alerts = () => server.logged.filter(({ message }) => message === 'cost alert');
      const spend = async (promptTokens: number) => {
        next('openai', openAiAnswer({ text: 'x', promptTokens, completionTokens: 0 }));
        expect((await ask()).status).toBe(200);
      };
      await spend(10_000_000);
      expect(alerts()).toEqual([]);
      await spend(1_000);
      expect(alerts()).toMatchObject([{ severity: 'ERROR', day: '2026-11-22', threshold_usd: 100, cost_usd: 100.01 }]);
      await spend(5_000_000);
      expect(alerts()).toHaveLength(1);
      expect((await get('/v1/usage')).json).toMatchObject({
        today: { requests: 3, cost_usd: 150.01, by: { model: { 'gpt-4-turbo': { prompt_tokens: 15_001_000 } } } },
        cost_alert_threshold_usd: 100,
      });
      time.passUntil('2026-11-23T00:00:01Z');
      await spend(10_001_000);
      expect(alerts()).toMatchObject([{ day: '2026-11-22' }, { day: '2026-11-23' }]);
    });

    test('token usage: after a million tokens a day requests are refused until midnight UTC', async () => {
      const { ask, next, time } = await start([blocks.openai, blocks.tokenUsage], ['openai']);
      next('openai', openAiAnswer({ text: 'x', promptTokens: 999_000, completionTokens: 999 }));
      expect((await ask()).status).toBe(200);
      next('openai', openAiAnswer({ text: 'x', promptTokens: 1, completionTokens: 0 }));
      expect((await ask()).status).toBe(200);
      const refused = await ask();
      expect(refused).toMatchObject({ status: 429, json: { error: { code: 'budget_exceeded' } } });
      expect(refused.headers.get('retry-after')).toBe('43200');
      time.passUntil('2026-11-23T00:00:00Z');
      expect((await ask()).status).toBe(200);
    });
  });
}
