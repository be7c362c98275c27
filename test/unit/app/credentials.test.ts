import { describe, expect, it } from 'vitest';
import { type CredentialTarget, createCredentials } from '../../../shared/app/credentials.ts';

const ORIGIN = 'https://ollama-abc123-uc.a.run.app';

/** Sources that number what they give; `refresh` and `drop` go on to the next number. */
function createRig() {
  const calls: string[] = [];
  let versions = 1;
  let tokens = 1;
  const credentials = createCredentials({
    secrets: {
      id: 'test',
      async get(reference, { refresh = false } = {}) {
        calls.push(`${refresh ? 'refresh' : 'get'} ${reference}`);
        if (refresh) versions = 2;
        return `${reference}-${versions}`;
      },
      async close() {},
    },
    accessTokens: {
      get: async () => `access-${tokens}`,
      drop: () => {
        tokens += 1;
      },
    },
    idTokens: {
      get: async (audience) => `id-${tokens} for ${audience}`,
      drop: (_audience, token) => {
        if (token.startsWith(`id-${tokens} `)) tokens += 1;
      },
    },
  });
  return { credentials, calls };
}

const target = (fields: Partial<CredentialTarget>): CredentialTarget => ({
  provider: 'openai',
  apiKeys: [],
  ...fields,
});

describe('the credential of a target', () => {
  const keys = [{ secret: 'one' }, { value: 'two' }];
  it.each([
    ['its first key', target({ apiKeys: keys }), 'one-1'],
    ['an access token for Vertex AI', target({ provider: 'vertexai' }), 'access-1'],
    ['an ID token on Cloud Run', target({ provider: 'ollama', endpoint: ORIGIN }), `id-1 for ${ORIGIN}`],
    ['nothing elsewhere', target({ provider: 'ollama', endpoint: 'http://localhost:11434' }), undefined],
  ])('is %s', async (_, wanted, credential) => {
    expect(await createRig().credentials.forProvider(wanted)).toBe(credential);
  });

  it('is not waited for by a caller who left', async () => {
    const signal = AbortSignal.abort();
    const { credentials } = createRig();
    const wanted = target({ provider: 'ollama', endpoint: ORIGIN });
    await expect(credentials.forProvider(wanted, signal)).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a refused credential', () => {
  const withSecret = target({ apiKeys: [{ secret: 'one' }] });

  it('is refreshed once, and what another request refreshed is taken over', async () => {
    const { credentials, calls } = createRig();
    expect(await credentials.renew(withSecret, 'one-1')).toBe('one-2');
    expect(await credentials.renew(withSecret, 'one-1')).toBe('one-2');
    expect(calls).toEqual(['get one', 'refresh one', 'get one']);
    expect(await credentials.renew(withSecret, 'one-2')).toBeUndefined();
  });

  it.each([
    ['a key of the file', target({ apiKeys: [{ value: 'two' }] }), 'two'],
    ['nothing', target({ provider: 'ollama', endpoint: 'http://localhost:1' }), 'x'],
  ])('that was %s has no successor', async (_, wanted, refused) => {
    expect(await createRig().credentials.renew(wanted, refused)).toBeUndefined();
  });

  it('that was a token is made anew', async () => {
    const { credentials } = createRig();
    const wanted = target({ provider: 'ollama', endpoint: ORIGIN });
    expect(await credentials.renew(wanted, `id-1 for ${ORIGIN}`)).toBe(`id-2 for ${ORIGIN}`);
    expect(await credentials.renew(target({ provider: 'vertexai' }), 'access-2')).toBe('access-3');
  });
});
