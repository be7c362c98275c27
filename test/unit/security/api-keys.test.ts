import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import type { AuthKeyConfig } from '../../../shared/config/auth-types.ts';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { createApiKeyCheck } from '../../../shared/security/api-keys.ts';

const hash = (key: string): string => createHash('sha256').update(key).digest('hex');

const alpha: AuthKeyConfig = { name: 'alpha', credential: { sha256: hash('key-alpha') }, tenant: 't1' };
const beta: AuthKeyConfig = { name: 'beta', credential: { secret: 'beta-key' } };
const old: AuthKeyConfig = { name: 'old', credential: { sha256: hash('key-old') }, expiresAtMs: 5_000 };

const noSecret = () => Promise.reject(new AppError('configuration', 'No such secret.'));

function createCheck(keys: readonly AuthKeyConfig[], readSecret = vi.fn(async () => 'key-beta'), now = () => 4_999) {
  return { check: createApiKeyCheck({ keys, readSecret, now }), readSecret };
}

describe('API keys', () => {
  it.each([
    ['Bearer key-alpha', undefined],
    ['bearer   key-alpha  ', undefined],
    ['BEARER key-alpha', 'wrong'],
    [undefined, 'key-alpha'],
    ['Basic dXNlcjpwdw==', 'key-alpha'],
  ])('are found in the headers %j and %j', async (authorization, xApiKey) => {
    const { check } = createCheck([alpha, beta]);
    expect(await check(authorization, xApiKey)).toBe(alpha);
  });

  it.each([
    [undefined, undefined],
    ['', ''],
    ['Bearer', undefined],
    ['Bearer ', undefined],
    ['key-alpha', undefined],
    ['Basic key-alpha', undefined],
    ['Bearer key-alpha extra', undefined],
  ])('are asked for when the headers are %j and %j', async (authorization, xApiKey) => {
    const { check, readSecret } = createCheck([alpha, beta]);
    await expect(check(authorization, xApiKey)).rejects.toMatchObject({
      code: 'authentication',
      message: expect.stringContaining('Authorization: Bearer'),
    });
    expect(readSecret).not.toHaveBeenCalled();
  });

  it.each(['key-alph', 'key-alpha2', 'KEY-ALPHA', hash('key-alpha'), 'beta-key', 'é'])(
    'that are not listed are refused without being repeated: %s',
    async (key) => {
      const { check } = createCheck([alpha, beta]);
      const error: AppError = await check(`Bearer ${key}`, undefined).then(
        () => expect.unreachable(),
        (thrown: unknown) => thrown as AppError,
      );
      expect(error.code).toBe('authentication');
      expect(error.message).not.toContain(key);
    },
  );

  it('may be kept in a secret', async () => {
    const { check, readSecret } = createCheck([alpha, beta]);
    expect(await check('Bearer key-beta', undefined)).toBe(beta);
    expect(readSecret).toHaveBeenCalledWith('beta-key');
  });

  it('expire at their time, and say so to nobody but their holder', async () => {
    const before = createCheck([old], undefined, () => 4_999);
    expect(await before.check('Bearer key-old', undefined)).toBe(old);
    const after = createCheck([old], undefined, () => 5_000);
    await expect(after.check('Bearer key-old', undefined)).rejects.toMatchObject({
      code: 'authentication',
      message: 'The API key has expired.',
    });
    await expect(after.check('Bearer other', undefined)).rejects.toMatchObject({
      message: 'The API key is not known here.',
    });
  });

  it('are all compared, wherever the right one stands', async () => {
    const { check, readSecret } = createCheck([alpha, beta, { ...beta, name: 'gamma' }]);
    await check('Bearer key-alpha', undefined);
    expect(readSecret).toHaveBeenCalledTimes(2);
  });

  it('belong to the first entry that has them', async () => {
    const { check } = createCheck([alpha, { ...alpha, name: 'copy' }]);
    expect((await check('Bearer key-alpha', undefined)).name).toBe('alpha');
  });

  it('never match a hash that is none', async () => {
    const { check } = createCheck([
      { name: 'short', credential: { sha256: 'abcd' } },
      { name: 'none', credential: { sha256: '' } },
    ]);
    await expect(check('Bearer x', undefined)).rejects.toMatchObject({ code: 'authentication' });
  });

  it('go on working when the secret of another key cannot be read', async () => {
    const { check } = createCheck([beta, alpha], vi.fn(noSecret));
    expect(await check('Bearer key-alpha', undefined)).toBe(alpha);
  });

  it('are not called unknown while a secret cannot be read', async () => {
    const { check } = createCheck([beta, alpha], vi.fn(noSecret));
    await expect(check('Bearer key-beta', undefined)).rejects.toMatchObject({ code: 'configuration' });
  });

  it('let nobody in when there are none', async () => {
    const { check } = createCheck([]);
    await expect(check('Bearer key-alpha', undefined)).rejects.toMatchObject({ code: 'authentication' });
  });
});
