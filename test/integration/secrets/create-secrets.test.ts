import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SecretSource } from '../../../shared/contracts/secret-source.ts';
import { createSecrets } from '../../../shared/secrets/create-secrets.ts';
import { createSecretManagerServer, type SecretManagerServer } from '../../support/secret-manager-server.ts';

const KEY = 'projects/p/secrets/openai-api-key';

let server: SecretManagerServer;
let source: SecretSource;

beforeEach(async () => {
  server = await createSecretManagerServer();
  server.add(KEY, 'sk-from-manager');
});

afterEach(async () => {
  await source.close();
  await server.close();
});

function create(environment: Record<string, string>, projectId?: string): void {
  source = createSecrets({ environment, projectId, client: server.client });
}

describe('the secrets of a service', () => {
  it('come from the variable when it is set, without a request', async () => {
    create({ OPENAI_API_KEY: 'sk-from-variable\n' }, 'p');
    expect(await source.get('openai-api-key')).toBe('sk-from-variable');
    expect(await source.get('openai-api-key', { refresh: true })).toBe('sk-from-variable');
    expect(server.calls).toEqual([]);
  });

  it.each([{}, { OPENAI_API_KEY: '' }])('come from Secret Manager when it is not: %j', async (environment) => {
    create(environment, 'p');
    expect(await source.get('openai-api-key')).toBe('sk-from-manager');
    expect(server.calls).toEqual([`${KEY}/versions/latest`]);
  });

  it('come from Secret Manager by their full name, whatever the variables and the project', async () => {
    create({ OPENAI_API_KEY: 'sk-from-variable' });
    expect(await source.get(`${KEY}/versions/1`)).toBe('sk-from-manager');
  });

  it('that can come from nowhere name both places', async () => {
    create({});
    const message = expect.stringMatching(/"openai-api-key".*OPENAI_API_KEY.*GOOGLE_CLOUD_PROJECT.*Secret Manager/);
    await expect(source.get('openai-api-key')).rejects.toMatchObject({ code: 'configuration', message });
  });

  it('never come from Secret Manager where it is switched off', async () => {
    create({ SLUICE_SECRETS: 'environment' }, 'p');
    for (const reference of ['openai-api-key', `${KEY}/versions/1`]) {
      await expect(source.get(reference)).rejects.toMatchObject({ code: 'configuration' });
    }
    expect(server.calls).toEqual([]);
  });
});
