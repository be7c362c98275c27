import { describe, expect, it } from 'vitest';
import { createCredentials } from '../../../../shared/app/credentials.ts';
import { createLegPolicies } from '../../../../shared/app/legs/leg-policies.ts';
import { createLegRunner } from '../../../../shared/app/legs/leg-runner.ts';
import { DEFAULT_RETRY } from '../../../../shared/config/normalize/retry.ts';
import type { AgentConfig, LegConfig, SluiceConfig } from '../../../../shared/config/types.ts';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import type { ChatCall, ChatMessage, ChatProvider } from '../../../../shared/contracts/chat-provider.ts';
import { plainCall } from '../../../../shared/telemetry/call.ts';
import { createTelemetry } from '../../../../shared/telemetry/telemetry.ts';
import { createCatalogue } from '../../../../shared/usage/catalogue.ts';

const telemetry = createTelemetry([]);
const notUsed = () => Promise.reject(new Error('not used'));
const ONCE = { ...DEFAULT_RETRY, maxAttempts: 1 };

function leg(model: string, ...keys: readonly string[]): LegConfig {
  return {
    provider: 'vllm',
    endpoint: 'http://127.0.0.1:1/v1',
    model,
    apiKeys: keys.map((value) => ({ value })),
    allowedCidrs: [],
    timeoutMs: 60_000,
    weight: 1,
  };
}

/** One instance, to which requests come one after the other. */
function instance({
  answer,
  requestsPerMinute,
  imageUrls = false,
}: {
  readonly answer: (call: ChatCall) => Promise<string>;
  readonly requestsPerMinute?: number;
  readonly imageUrls?: boolean;
}) {
  const providers = requestsPerMinute === undefined ? {} : { vllm: { requestsPerMinute } };
  const runLegs = createLegRunner({
    config: { limits: { idleTimeoutMs: 1_000, providers }, privacy: { mode: 'standard' } } as unknown as SluiceConfig,
    provider: async () =>
      ({
        capabilities: {
          tools: true,
          jsonMode: true,
          imageInput: true,
          imageUrls,
          choices: true,
          parameters: {},
        },
      }) as unknown as ChatProvider,
    credentials: createCredentials({
      secrets: { id: 'none', get: notUsed, close: async () => {} },
      accessTokens: { get: notUsed, drop: () => {} },
      idTokens: { get: notUsed, drop: () => {} },
    }),
    catalogue: createCatalogue(),
    fetchFor: () => notUsed,
    fetchPublic: notUsed,
    policies: createLegPolicies(telemetry),
    telemetry,
  });
  const abandoned: string[] = [];
  const ask = (
    legs: readonly LegConfig[],
    {
      agent = {},
      content = 'x',
      signal = new AbortController().signal,
    }: {
      readonly agent?: Partial<AgentConfig>;
      readonly content?: ChatMessage['content'];
      readonly signal?: AbortSignal;
    } = {},
  ) =>
    runLegs({
      route: { legs, agent: { retry: ONCE, strategy: 'cascade', ...agent } as AgentConfig },
      request: { model: 'm', messages: [{ role: 'user', content: content as string }] },
      signal,
      call: plainCall('r'),
      streamed: false,
      deadlineAtMs: performance.now() + 5_000,
      finish: (_chat: ChatProvider, call: ChatCall) => answer(call),
      onAbandoned: ({ model }) => abandoned.push(model),
    });
  return { ask, abandoned };
}

const down = () => new AppError('server_error', 'down', { upstreamStatus: 503 });

describe('what one instance knows of its targets', () => {
  it('pauses a model that fails and goes on asking its neighbour at the same address', async () => {
    const asked: string[] = [];
    const { ask } = instance({
      answer: async ({ model }) => {
        asked.push(model);
        if (model === 'sick') throw down();
        return 'yes';
      },
    });
    for (let count = 0; count < 7; count += 1) {
      expect((await ask([leg('sick'), leg('healthy')])).result.result).toBe('yes');
    }
    expect(asked.filter((model) => model === 'sick')).toHaveLength(5);
    expect(asked.filter((model) => model === 'healthy')).toHaveLength(7);
  });

  it('counts a stream that breaks off after its first output as a failure', async () => {
    const { ask } = instance({ answer: async () => 'begun' });
    for (let count = 0; count < 5; count += 1) {
      const { leg: answered, result } = await ask([leg('cut'), leg('whole')]);
      expect(answered.model).toBe('cut');
      result.reportBroken(new AppError('network', 'reset'));
      await Promise.resolve();
    }
    expect((await ask([leg('cut'), leg('whole')])).leg.model).toBe('whole');
  });

  it('counts a rate limit by the key, wherever it stands in a list', async () => {
    const { ask } = instance({ answer: async ({ credential }) => credential ?? '', requestsPerMinute: 3 });
    for (let count = 0; count < 3; count += 1) await ask([leg('m', 'one')]);
    await expect(ask([leg('m', 'one')])).rejects.toMatchObject({ code: 'rate_limit' });
    expect((await ask([leg('m', 'two')])).result.result).toBe('two');
    for (let count = 0; count < 3; count += 1) {
      expect((await ask([leg('m', 'three', 'one')])).result.result).toBe('three');
    }
  });

  it('tells of a call that was sent and then given up', async () => {
    const gone = new AbortController();
    const { ask, abandoned } = instance({
      answer: () => {
        gone.abort(new AppError('cancelled', 'The client went away.'));
        return Promise.reject(new AppError('cancelled', 'The client went away.'));
      },
    });
    await expect(ask([leg('m')], { signal: gone.signal })).rejects.toMatchObject({ code: 'cancelled' });
    expect(abandoned).toEqual(['m']);
  });

  it('fetches no image for an agent that keeps to local models', async () => {
    const { ask } = instance({ answer: async () => 'never' });
    const content = [{ type: 'image_url', image_url: { url: 'https://img.example/p.png?d=PRIVATE' } }] as const;
    await expect(
      ask([leg('m')], { agent: { localOnly: true }, content: content as unknown as ChatMessage['content'] }),
    ).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('data URL') });
  });

  it.each([
    ['https://api.openai.com/v1', [], 'kept'],
    ['http://127.0.0.1:1/v1', [], 'kept'],
    ['https://models.example/v1', [], 'kept'],
    ['https://models.example/v1', ['10.8.0.0/24'], 'refused'],
    ['https://10.8.0.4/v1', [], 'refused'],
    ['http://models:8000/v1', [], 'refused'],
    ['https://models-123-uc.a.run.app/v1', [], 'refused'],
  ])('at %s (%o) a link to an image on somebody’s network is %s', async (endpoint, allowedCidrs, outcome) => {
    const { ask } = instance({ imageUrls: true, answer: async () => 'kept' });
    const content = [{ type: 'image_url', image_url: { url: 'https://10.0.0.5/p.png' } }] as const;
    const answered = ask([{ ...leg('m'), provider: 'openai', endpoint, allowedCidrs }], {
      content: content as unknown as ChatMessage['content'],
    }).then(
      ({ result }) => result.result,
      ({ code }) => (code === 'unsupported' ? 'refused' : code),
    );
    expect(await answered).toBe(outcome);
  });
});
