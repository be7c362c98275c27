import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SecretSource } from '../../shared/contracts/secret-source.ts';

export interface SecretSourceSuite {
  readonly name: string;
  /** A source that holds exactly these secrets, by bare name. The suite closes it. */
  createSource(secrets: Readonly<Record<string, string>>): SecretSource | Promise<SecretSource>;
}

/** What every secret source does. */
export function describeSecretSource({ name, createSource }: SecretSourceSuite): void {
  describe(`${name} as a secret source`, () => {
    let source: SecretSource;
    beforeEach(async () => {
      source = await createSource({
        'openai-api-key': 'sk-plain',
        'with-newline': 'sk-line\n',
        'with-two-newlines': 'sk-lines\n\n',
        'with-inner-space': ' sk space ',
      });
    });
    afterEach(() => source.close());

    it('gives a secret by its bare name', async () => {
      expect(await source.get('openai-api-key')).toBe('sk-plain');
      expect(await source.get('openai-api-key', { refresh: true })).toBe('sk-plain');
    });

    it('removes one newline from the end and nothing else', async () => {
      expect(await source.get('with-newline')).toBe('sk-line');
      expect(await source.get('with-two-newlines')).toBe('sk-lines\n');
      expect(await source.get('with-inner-space')).toBe(' sk space ');
    });

    it('names a missing secret, as a fault of the configuration', async () => {
      await expect(source.get('no-such-key')).rejects.toMatchObject({
        name: 'AppError',
        code: 'configuration',
        message: expect.stringContaining('no-such-key'),
      });
    });

    it('has no secret under a name that no secret can have', async () => {
      for (const reference of ['', '../x', 'a/b', 'a b', '__proto__', 'constructor']) {
        await expect(source.get(reference)).rejects.toMatchObject({ code: 'configuration' });
      }
    });

    it('never tells a secret in an error', async () => {
      const failure = await source.get('openai-api-key-2').catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Error);
      expect(String(failure)).not.toContain('sk-');
    });
  });
}
