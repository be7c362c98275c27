import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { secretFault, toSecretValue } from '../../../shared/config/secret-value.ts';

describe('toSecretValue', () => {
  it('tells a key from a reference to one', () => {
    expect(toSecretValue('sk-1')).toEqual({ value: 'sk-1' });
    expect(toSecretValue('secret://openai-key')).toEqual({ secret: 'openai-key' });
    expect(toSecretValue('secret://projects/p/secrets/k/versions/latest')).toEqual({
      secret: 'projects/p/secrets/k/versions/latest',
    });
  });

  it('keeps a key out of whatever prints or serialises it', () => {
    const holder = { apiKeys: [toSecretValue('sk-SECRET123')] };
    expect(JSON.stringify(holder)).not.toContain('SECRET123');
    expect(inspect(holder, { depth: 5 })).not.toContain('SECRET123');
  });
});

describe('secretFault', () => {
  it.each([
    '',
    'secret://',
    'secret://a b',
    'secret://projects/p/secrets/',
    'secret://projects/p/secrets/k/versions/',
    'secret://projects/p/secrets/k/versions/0',
    'secret://projects/p/secrets/k/versions/007',
    'secret://projects/p/secrets/k/versions/-1',
    'secret://projects/p/secrets/k/versions/_x',
    'secret://../x',
    'secret://a/b',
    'Secret://openai-key',
    'secret:openai-key',
    ' secret://openai-key',
  ])('refuses %j', (text) => {
    expect(secretFault(text)).toBeDefined();
  });

  it('says what a version is', () => {
    expect(secretFault('secret://projects/p/secrets/k/versions/0')).toContain('a number from 1, latest or an alias');
  });

  it('accepts names, full resource names and keys', () => {
    for (const text of [
      'sk-1',
      'secret://a_b-9',
      'secret://projects/my-p/secrets/k/versions/3',
      'secret://projects/my-p/secrets/k/versions/10',
      'secret://projects/my-p/secrets/k/versions/prod_2-a',
      'secret://projects/my-p/secrets/k',
      'secret://projects/my-p/locations/europe-west1/secrets/k/versions/latest',
    ]) {
      expect(secretFault(text)).toBeUndefined();
    }
  });
});
