import { describe, expect, it, test } from 'vitest';
import { createIdTokenSource, type IdTokenTarget, toIdTokenAudience } from '../../../shared/security/id-token.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AUDIENCE = 'https://ollama-abc123-uc.a.run.app';

/** A source whose tokens are numbered and live an hour. */
function createRig({ make = (count: number, exp: number) => toJwt({ sub: `token-${count}`, exp }) } = {}) {
  const clock = { nowMs: 0 };
  const asked: string[] = [];
  const source = createIdTokenSource({
    now: () => clock.nowMs,
    openClient: async () => ({
      fetchIdToken: async (audience: string) => {
        asked.push(audience);
        return make(asked.length, (clock.nowMs + HOUR) / 1000);
      },
    }),
  });
  return { source, clock, asked };
}

function toJwt(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('an ID token', () => {
  it('is renewed five minutes before its end without anybody waiting', async () => {
    const { source, clock, asked } = createRig();
    const first = await source.get(AUDIENCE);
    clock.nowMs = HOUR - 5 * MINUTE - 1;
    expect(await source.get(AUDIENCE)).toBe(first);
    expect(asked).toHaveLength(1);
    clock.nowMs += 1;
    expect(await source.get(AUDIENCE)).toBe(first);
    await settle();
    expect(await source.get(AUDIENCE)).not.toBe(first);
    expect(asked).toEqual([AUDIENCE, AUDIENCE]);
  });

  it('that has run out is waited for', async () => {
    const { source, clock } = createRig();
    const first = await source.get(AUDIENCE);
    clock.nowMs = HOUR;
    expect(await source.get(AUDIENCE)).not.toBe(first);
  });

  it.each(['opaque', 'e30.not json.x', toJwt({ exp: 'soon' })])(
    'that does not tell its end is taken to live an hour: %s',
    async (token) => {
      const { source, clock, asked } = createRig({ make: () => token });
      expect(await source.get(AUDIENCE)).toBe(token);
      clock.nowMs = 45 * MINUTE;
      expect(await source.get(AUDIENCE)).toBe(token);
      expect(asked).toHaveLength(1);
      clock.nowMs = 55 * MINUTE;
      expect(await source.get(AUDIENCE)).toBe(token);
      expect(asked).toHaveLength(2);
    },
  );

  it.each([
    ['of credentials that cannot make one', {}, 'configuration', 'impersonate-service-account'],
    ['that is empty', { fetchIdToken: async () => '' }, 'authentication', 'roles/run.invoker'],
  ])('%s is an error that names the cure', async (_, client, code, cure) => {
    const source = createIdTokenSource({ openClient: async () => client });
    await expect(source.get(AUDIENCE)).rejects.toMatchObject({ code, message: expect.stringContaining(cure) });
  });

  it('never tells a token in an error, whatever the library says', async () => {
    const cause = Object.assign(new Error('bad response: SECRETTOKEN'), { response: { status: 503 } });
    const source = createIdTokenSource({ openClient: () => Promise.reject(cause) });
    const error = await source.get(AUDIENCE).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'AppError', code: 'network' });
    expect((error as Error).message).not.toContain('SECRETTOKEN');
  });
});

const CASES: readonly [what: string, target: Partial<IdTokenTarget>, audience: string | undefined][] = [
  ['Ollama on Cloud Run', {}, AUDIENCE],
  ['vLLM on Cloud Run, below its path', { provider: 'vllm', endpoint: `${AUDIENCE}/v1` }, AUDIENCE],
  ['TEI on Cloud Run', { provider: 'huggingface_tei' }, AUDIENCE],
  ['a server with a key of its own', { apiKeys: [{ value: 'k' }] }, undefined],
  ['a server elsewhere', { endpoint: 'https://ollama.example.com' }, undefined],
  ['a host that only looks like it', { endpoint: 'https://x.run.app.example.com' }, undefined],
  ['a host that only ends like it', { endpoint: 'https://evil-run.app' }, undefined],
  ['a vendor', { provider: 'openai' }, undefined],
  ['a server whose configuration says none', { auth: 'none' }, undefined],
  [
    'a server elsewhere whose configuration says so',
    { auth: 'id_token', endpoint: 'https://llm.example.com/v1' },
    'https://llm.example.com',
  ],
];

test.each(CASES)('the audience of %s is its origin, or there is none', (_, target, audience) => {
  expect(toIdTokenAudience({ provider: 'ollama', apiKeys: [], endpoint: AUDIENCE, ...target })).toBe(audience);
});

test('a target without an endpoint has no audience', () => {
  expect(toIdTokenAudience({ provider: 'ollama', apiKeys: [], auth: 'id_token' })).toBeUndefined();
});
