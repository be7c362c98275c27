import { describe, expect, it } from 'vitest';
import { createCredentials } from '../../../../shared/app/credentials.ts';
import { createLegPolicies } from '../../../../shared/app/legs/leg-policies.ts';
import { createLegRunner } from '../../../../shared/app/legs/leg-runner.ts';
import { DEFAULT_RETRY } from '../../../../shared/config/normalize/retry.ts';
import type { AgentConfig, LegConfig, SluiceConfig } from '../../../../shared/config/types.ts';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import type { ChatCall, ChatProvider } from '../../../../shared/contracts/chat-provider.ts';
import type { SecretSource } from '../../../../shared/contracts/secret-source.ts';
import { createIdTokenSource } from '../../../../shared/security/id-token.ts';
import { plainCall } from '../../../../shared/telemetry/call.ts';
import { createTelemetry } from '../../../../shared/telemetry/telemetry.ts';
import { createCatalogue } from '../../../../shared/usage/catalogue.ts';

const telemetry = createTelemetry([]);
const notUsed = () => Promise.reject(new Error('not used'));

/** A leg whose upstream accepts one key only; says which keys were tried. */
function run({
  provider = 'openai',
  accepted,
  secrets = [],
  tokens = [],
}: {
  readonly provider?: 'openai' | 'vertexai';
  readonly accepted: string;
  /** What the secret holds, before and after a refresh. */
  readonly secrets?: readonly string[];
  readonly tokens?: readonly string[];
}) {
  const tried: (string | undefined)[] = [];
  let refreshes = 0;
  let drops = 0;
  const secretSource: SecretSource = {
    id: 'test',
    async get(_reference, options) {
      if (options?.refresh) refreshes += 1;
      return secrets[Math.min(refreshes, secrets.length - 1)] as string;
    },
    async close() {},
  };
  const runLegs = createLegRunner({
    config: { limits: { idleTimeoutMs: 1_000, providers: {} } } as SluiceConfig,
    provider: async () =>
      ({
        capabilities: { tools: true, jsonMode: true, jsonSchema: true, choices: true, parameters: {} },
      }) as ChatProvider,
    credentials: createCredentials({
      idTokens: createIdTokenSource({ openClient: async () => ({}) }),
      secrets: secretSource,
      accessTokens: {
        get: async () => tokens[Math.min(drops, tokens.length - 1)] as string,
        drop: () => {
          drops += 1;
        },
      },
    }),
    catalogue: createCatalogue(),
    fetchFor: () => notUsed,
    fetchPublic: notUsed,
    policies: createLegPolicies(telemetry),
    telemetry,
  });
  const leg: LegConfig = {
    provider,
    model: 'm',
    apiKeys: secrets.length > 0 ? [{ secret: 'a-key' }] : provider === 'vertexai' ? [] : [{ value: 'literal' }],
    allowedCidrs: [],
    timeoutMs: 1_000,
    weight: 1,
  };
  const result = runLegs({
    route: { legs: [leg], agent: { retry: DEFAULT_RETRY } as AgentConfig },
    request: { model: 'm', messages: [{ role: 'user', content: 'x' }] },
    signal: new AbortController().signal,
    call: plainCall('r'),
    streamed: false,
    deadlineAtMs: Number.POSITIVE_INFINITY,
    finish: async (_chat: ChatProvider, { credential }: ChatCall) => {
      tried.push(credential);
      if (credential === accepted) return 'answer';
      throw new AppError('authentication', 'refused', { upstreamStatus: 401 });
    },
  });
  return { tried, result };
}

describe('a leg whose key is refused', () => {
  it('is tried once more with the secret’s newer version', async () => {
    const { tried, result } = run({ accepted: 'new', secrets: ['old', 'new'] });
    expect((await result).result.result).toBe('answer');
    expect(tried).toEqual(['old', 'new']);
  });

  it('is not tried again when the secret has nothing newer', async () => {
    const { tried, result } = run({ accepted: 'other', secrets: ['old'] });
    await expect(result).rejects.toMatchObject({ code: 'server_error' });
    expect(tried).toEqual(['old']);
  });

  it('is not tried a third time', async () => {
    const { tried, result } = run({ accepted: 'other', secrets: ['old', 'new'] });
    await expect(result).rejects.toThrow('authentication');
    expect(tried).toEqual(['old', 'new']);
  });

  it('is not tried again with a key that is written in the configuration', async () => {
    const { tried, result } = run({ accepted: 'other' });
    await expect(result).rejects.toThrow('authentication');
    expect(tried).toEqual(['literal']);
  });

  it('gets a new access token for Vertex AI', async () => {
    const { tried, result } = run({ provider: 'vertexai', accepted: 'fresh', tokens: ['stale', 'fresh'] });
    expect((await result).result.result).toBe('answer');
    expect(tried).toEqual(['stale', 'fresh']);
  });
});
