import { describe, expect, it } from 'vitest';
import { createOllama, type OllamaOptions } from '../../../../shared/app/library/ollama.ts';
import type { IdTokenSource } from '../../../../shared/security/id-token.ts';
import { createScriptedFetch } from '../../../contracts/scripted-fetch.ts';

const RUN = 'https://ollama-abc123-uc.a.run.app';
const idTokens: IdTokenSource = { get: async (audience) => `token for ${audience}`, drop: () => {} };

function open(options: OllamaOptions) {
  const { exchanges, fetch } = createScriptedFetch(() => ({ body: '{"models":[]}' }));
  return { exchanges, ollama: createOllama({ environment: {}, log: () => {}, fetch, idTokens, ...options }) };
}

describe('Ollama as a library', () => {
  it.each([
    [{}, 'http://localhost:11434'],
    [{ environment: { OLLAMA_HOST: '0.0.0.0:9999' } }, 'http://127.0.0.1:9999'],
    [{ environment: { OLLAMA_HOST: 'ollama' }, endpoint: 'http://127.0.0.1:1' }, 'http://127.0.0.1:1'],
    [{ environment: { K_SERVICE: 'chat', OLLAMA_HOST: RUN } }, RUN],
  ])('is where the options or the environment say: %j', async (options, origin) => {
    const { ollama, exchanges } = open(options);
    expect(await ollama.listModels()).toEqual([]);
    expect(exchanges.map(({ url }) => url)).toEqual([`${origin}/api/tags`]);
    await ollama.close();
  });

  it('sends an ID token for the origin of a private service, and none to any other server', async () => {
    const sentTo = async (options: OllamaOptions) => {
      const { ollama, exchanges } = open(options);
      await ollama.available();
      return exchanges[0]?.headers.authorization;
    };
    expect(await sentTo({ endpoint: RUN })).toBe(`Bearer token for ${RUN}`);
    expect(await sentTo({ endpoint: RUN, auth: 'none' })).toBeUndefined();
    expect(await sentTo({ endpoint: 'http://localhost:11434' })).toBeUndefined();
    expect(await sentTo({ endpoint: 'https://ollama.example.com', auth: 'id_token' })).toBe(
      'Bearer token for https://ollama.example.com',
    );
  });

  it.each([
    [{ environment: { K_SERVICE: 'chat' } }, 'is required in production'],
    [{ environment: { NODE_ENV: 'production' }, endpoint: 'http://localhost:11434' }, 'production refuses'],
    [{ endpoint: 'http://ollama.example.com' }, 'https'],
    [{ endpoint: 'https://169.254.169.254' }, 'metadata'],
    [{ endpoint: 'http://localhost:11434/v1' }, 'without a path'],
    [{ endpoint: RUN, allowedCidrs: ['127.0.0.0/8'] }, 'private address space'],
  ])('refuses an address that cannot be used: %j', (options, rule) => {
    expect(() => createOllama({ environment: {}, log: () => {}, ...options })).toThrow(
      expect.objectContaining({ code: 'configuration', message: expect.stringContaining(rule) }),
    );
  });

  it('stays behind the guard', async () => {
    const ollama = createOllama({ environment: {}, log: () => {}, endpoint: 'https://10.8.0.5', allowedCidrs: [] });
    await expect(ollama.listModels()).rejects.toMatchObject({ code: 'blocked_url' });
    await ollama.close();
  });

  it('loads models as it is told to', async () => {
    const { ollama, exchanges } = open({ keepAlive: -1, contextLength: 4096 });
    await ollama.generate({ model: 'm', prompt: 'Hi' }).catch(() => {});
    expect(JSON.parse(exchanges[0]?.body ?? '')).toMatchObject({ keep_alive: -1, options: { num_ctx: 4096 } });
  });
});
