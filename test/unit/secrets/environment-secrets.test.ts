import { describe, expect, it } from 'vitest';
import { createEnvironmentSecrets, toVariableName } from '../../../shared/secrets/environment-secrets.ts';
import { describeSecretSource } from '../../contracts/secret-source.ts';

describeSecretSource({
  name: 'environment',
  createSource: (secrets) =>
    createEnvironmentSecrets({
      environment: Object.fromEntries(Object.entries(secrets).map(([name, value]) => [toVariableName(name), value])),
    }),
});

describe('secrets from the environment', () => {
  it('takes the variable that is named like the secret', async () => {
    const source = createEnvironmentSecrets({ environment: { OPENAI_API_KEY: 'sk-1' } });
    expect(await source.get('openai-api-key')).toBe('sk-1');
    expect(await source.get('OPENAI_API_KEY')).toBe('sk-1');
  });

  it('names the secret and the variable when it is missing or empty', async () => {
    const source = createEnvironmentSecrets({ environment: { EMPTY: '', LINE: '\n', ABSENT: undefined } });
    for (const name of ['empty', 'line', 'absent', 'gone']) {
      const message = expect.stringMatching(new RegExp(`"${name}".*${name.toUpperCase()}`));
      await expect(source.get(name)).rejects.toMatchObject({ code: 'configuration', message });
    }
  });

  it('sends full resource names to Secret Manager', async () => {
    const source = createEnvironmentSecrets({ environment: { KEY: 'sk-1' } });
    const message = expect.stringContaining('Use Secret Manager');
    await expect(source.get('projects/p/secrets/key/versions/latest')).rejects.toMatchObject({ message });
  });
});
