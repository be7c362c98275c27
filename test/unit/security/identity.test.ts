import { createSign, generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createIdentityCheck } from '../../../shared/security/identity.ts';
import { createTokenVerifier, type TokenKind } from '../../../shared/security/signed-token.ts';

const GCLOUD = '32555940559.apps.googleusercontent.com';
const IAP_AUDIENCE = '/projects/1/global/backendServices/2';
const CHECKED = 'SIGNATURE_REMOVED_BY_GOOGLE';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = ({ publicKey }: { publicKey: { export(options: object): string | Buffer } }): string =>
  String(publicKey.export({ type: 'spki', format: 'pem' }));

const nowS = (): number => Math.floor(Date.now() / 1000);
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function claimsOf(fields: object = {}) {
  return {
    iss: 'https://accounts.google.com',
    aud: GCLOUD,
    sub: '1234567890',
    email: 'Ann@Acme.com',
    email_verified: true,
    hd: 'acme.com',
    iat: nowS() - 10,
    exp: nowS() + 3_000,
    ...fields,
  };
}

/** A token as Google signs them, or as somebody else does. */
function signed(fields: object = {}, { key = rsa.privateKey, head = { alg: 'RS256', kid: 'k1' } as object } = {}) {
  const text = `${part(head)}.${part(claimsOf(fields))}`;
  return `${text}.${createSign('sha256').update(text).sign(key).toString('base64url')}`;
}

/** As Cloud Run hands on what it has checked. */
function checked(fields: object = {}) {
  return `${part({ alg: 'RS256', kid: 'k1' })}.${part(claimsOf(fields))}.${CHECKED}`;
}

function assertion(fields: object = {}) {
  const claims = { iss: 'https://cloud.google.com/iap', aud: IAP_AUDIENCE, ...fields };
  const text = `${part({ alg: 'ES256', kid: 'i1' })}.${part(claimsOf(claims))}`;
  const signature = createSign('sha256').update(text).sign({ key: elliptic.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

const fetchKeys = vi.fn(async (kind: TokenKind) => (kind === 'iap' ? { i1: pem(elliptic) } : { k1: pem(rsa) }));

function check(
  headers: Readonly<Record<string, string>>,
  { cloudRun = true, iapAudiences = [] as readonly string[] } = {},
) {
  const identify = createIdentityCheck({ cloudRun, iapAudiences, verifier: createTokenVerifier({ fetchKeys }) });
  return identify((name) => headers[name]);
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const refused = { code: 'authentication' };

beforeAll(() => {
  fetchKeys.mockClear();
});

describe('an identity on Cloud Run', () => {
  it('is that of the token Cloud Run has checked', async () => {
    expect(await check(bearer(checked()))).toEqual({
      name: 'ann@acme.com',
      subject: '1234567890',
      email: 'ann@acme.com',
      domain: 'acme.com',
      admitted: true,
    });
    expect(fetchKeys).not.toHaveBeenCalled();
  });

  it('is read from x-serverless-authorization alone where that is sent: nobody has checked the other header', async () => {
    const mine = { 'x-serverless-authorization': `Bearer ${checked({ email: 'me@acme.com' })}` };
    const claimed = bearer(checked({ email: 'boss@acme.com' }));
    expect((await check({ ...mine, ...claimed })).name).toBe('me@acme.com');
    expect((await check({ ...mine, authorization: 'Bearer sk-anything' })).name).toBe('me@acme.com');
    await expect(check({ 'x-serverless-authorization': 'nonsense', ...claimed })).rejects.toMatchObject(refused);
  });

  it('is the number of the account where the token has no confirmed address', async () => {
    expect(await check(bearer(checked({ email: undefined })))).toMatchObject({ name: '1234567890' });
    expect(await check(bearer(checked({ email_verified: false })))).toMatchObject({ name: '1234567890' });
  });

  it('is in the project of a service account, and in no domain for an account of nobody’s organisation', async () => {
    const robot = checked({ email: 'job@my-project.iam.gserviceaccount.com', hd: undefined });
    expect((await check(bearer(robot))).domain).toBe('my-project');
    expect(await check(bearer(checked({ email: 'a@gmail.com', hd: undefined })))).not.toHaveProperty('domain');
  });

  it('of a token that still has its signature is believed only when Google signed it', async () => {
    expect((await check(bearer(signed()))).name).toBe('ann@acme.com');
    await expect(check(bearer(signed({}, { key: foreign.privateKey })))).rejects.toMatchObject(refused);
  });

  it.each([
    ['nothing', {}],
    ['a key', bearer('sk-abc')],
    ['an empty token', { authorization: 'Bearer ' }],
    ['basic credentials', { authorization: 'Basic YTpi' }],
    ['no JSON', bearer(`${part({})}.bm8.${CHECKED}`)],
    ['a list', bearer(`${part({})}.${Buffer.from('[1]').toString('base64url')}.${CHECKED}`)],
    ['another issuer', bearer(checked({ iss: 'https://evil.example.com' }))],
    ['no subject', bearer(checked({ sub: undefined }))],
    ['a token that has run out', bearer(checked({ exp: nowS() - 301 }))],
    ['a token without an end', bearer(checked({ exp: undefined }))],
    ['two tokens', { authorization: `Bearer ${checked()}, Bearer ${checked()}` }],
  ])('is nobody’s with %s', async (_, headers) => {
    await expect(check(headers)).rejects.toMatchObject(refused);
  });

  it.each([
    ['no algorithm', { head: { alg: 'none', kid: 'k1' } }],
    ['a key nobody knows', { head: { alg: 'RS256', kid: 'other' } }],
    ['a key of another kind', { head: { alg: 'HS256', kid: 'toString' } }],
  ])('is nobody’s when a signed token names %s', async (_, { head }) => {
    const [, claims = ''] = signed().split('.');
    const text = `${part(head)}.${claims}`;
    const signature = createSign('sha256').update(text).sign(foreign.privateKey).toString('base64url');
    await expect(check(bearer(`${text}.${signature}`))).rejects.toMatchObject(refused);
  });

  it.each([
    ['no token', 'a.b.c'],
    ['no key is named', signed({}, { head: { alg: 'RS256' } })],
    ['the key is no text', signed({}, { head: { alg: 'RS256', kid: 1 } })],
  ])('is refused without asking Google for its keys (%s)', async (_, token) => {
    const fetched = vi.fn(async () => Promise.reject(new Error('down')));
    const verifier = createTokenVerifier({ fetchKeys: fetched });
    await expect(verifier.idToken(token, undefined)).rejects.toMatchObject(refused);
    await expect(verifier.iapAssertion(token, [IAP_AUDIENCE])).rejects.toMatchObject(refused);
    expect(fetched).not.toHaveBeenCalled();
  });

  it('cannot be told while Google’s keys cannot be read, which is not a refusal', async () => {
    const verifier = createTokenVerifier({ fetchKeys: () => Promise.reject(new Error('down')) });
    const identify = createIdentityCheck({ cloudRun: true, iapAudiences: [], verifier });
    await expect(
      identify((name) => (name === 'authorization' ? `Bearer ${signed()}` : undefined)),
    ).rejects.toMatchObject({ code: 'network', retryable: true });
  });

  it('costs no read of Google’s keys per forged token', async () => {
    const fetched = vi.fn(async () => ({ k1: pem(rsa) }));
    const verifier = createTokenVerifier({ fetchKeys: fetched });
    for (let count = 0; count < 50; count += 1) {
      const token = signed({}, { head: { alg: 'RS256', kid: `made-up-${count}` } });
      await expect(verifier.idToken(token, undefined)).rejects.toMatchObject(refused);
    }
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it('costs no read per forged token while Google cannot be reached either, and is read again soon after', async () => {
    let nowMs = 0;
    const fetched = vi.fn<() => Promise<Record<string, string>>>().mockRejectedValue(new Error('down'));
    const verifier = createTokenVerifier({ fetchKeys: fetched, now: () => nowMs });
    for (let count = 0; count < 50; count += 1) {
      await expect(verifier.idToken(signed(), undefined)).rejects.toMatchObject({ code: 'network' });
    }
    expect(fetched).toHaveBeenCalledTimes(1);
    nowMs = 2_000;
    fetched.mockResolvedValue({ k1: pem(rsa) });
    expect(await verifier.idToken(signed(), undefined)).toMatchObject({ sub: '1234567890' });
  });

  it('leaves nothing of a refused token in its error', async () => {
    const token = signed({ email: 'secret@acme.com' }, { key: foreign.privateKey });
    const error = await check(bearer(token)).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    const { message, cause } = error as Error;
    expect(JSON.stringify([message, String(cause)])).not.toMatch(/secret|eyJ/);
  });
});

describe('an identity elsewhere', () => {
  const local = { cloudRun: false };

  it('is not that of a token without a signature, which anybody can write', async () => {
    await expect(check(bearer(checked()), local)).rejects.toMatchObject(refused);
  });

  it('is known from a token of gcloud that Google signed, but nobody has admitted it', async () => {
    expect(await check(bearer(signed()), local)).toMatchObject({ name: 'ann@acme.com', admitted: false });
  });

  it('is not taken from a token that was made for another service', async () => {
    await expect(check(bearer(signed({ aud: 'https://other.example.com' })), local)).rejects.toMatchObject(refused);
  });
});

describe('an identity behind Identity-Aware Proxy', () => {
  const behind = { iapAudiences: [IAP_AUDIENCE] };
  const proxy = bearer(checked({ email: 'service-1@gcp-sa-iap.iam.gserviceaccount.com', hd: undefined }));

  it('is that of its assertion', async () => {
    const headers = { ...proxy, 'x-goog-iap-jwt-assertion': assertion({ email: 'accounts.google.com:ann@acme.com' }) };
    expect(await check(headers, behind)).toMatchObject({ name: 'ann@acme.com', admitted: true });
  });

  it.each([
    ['for another service', assertion({ aud: '/projects/9/global/backendServices/9' })],
    ['of another issuer', assertion({ iss: 'https://accounts.google.com' })],
    ['that is an ID token', signed({ aud: IAP_AUDIENCE })],
    ['without a signature', `${part({ alg: 'ES256', kid: 'i1' })}.${part(claimsOf())}.${CHECKED}`],
  ])('is refused with an assertion %s', async (_, forged) => {
    await expect(check({ ...proxy, 'x-goog-iap-jwt-assertion': forged }, behind)).rejects.toMatchObject(refused);
  });

  it('is not everybody’s one: without the audience the operator is told', async () => {
    await expect(check({ ...proxy, 'x-goog-iap-jwt-assertion': assertion() })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('iap_audiences'),
    });
    await expect(check(proxy, behind)).rejects.toMatchObject({ code: 'configuration' });
  });
});
