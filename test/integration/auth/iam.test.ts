import { describe, expect, it, onTestFinished } from 'vitest';
import { startAppServer } from '../../support/app-server.ts';
import { createTestTime } from '../../support/test-time.ts';

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as Cloud Run hands it on. */
function tokenOf(email: string | undefined, fields: object = {}): string {
  const claims = {
    iss: 'https://accounts.google.com',
    sub: `1${email?.length ?? 0}0000000`,
    email,
    exp: 4e9,
    ...fields,
  };
  return `${part({ alg: 'RS256' })}.${part(claims)}.SIGNATURE_REMOVED_BY_GOOGLE`;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function start(auth: string, environment: Readonly<Record<string, string>> = { K_SERVICE: 'gateway' }) {
  const time = createTestTime();
  const server = await startAppServer({
    environment,
    ...time.options,
    yaml: `
agents: [{name: default, provider: local, model: extractive}, {name: other, provider: local, model: extractive}]
embeddings: {provider: local, local: {}}
vectorstore: {provider: memory, embedding_dimensions: 768, memory: {}}
observability: {ledger: memory}
ingestion: {store: memory}
auth: {mode: iam${auth}}`,
  });
  onTestFinished(server.close);
  const call = async (path: string, headers: Readonly<Record<string, string>>, body?: object) => {
    const response = await fetch(`${server.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: any answer of the gateway
    return { status: response.status, headers: response.headers, json: (await response.json()) as any };
  };
  const chat = (headers: Readonly<Record<string, string>>, fields: object = {}) =>
    call('/v1/chat/completions', headers, { model: 'default', messages: [{ role: 'user', content: 'Hi' }], ...fields });
  return { ...server, time, call, chat };
}

describe('mode iam on Cloud Run', () => {
  it('takes nobody without a token, and nobody with one that nobody checked', async () => {
    const { chat } = await start('');
    const forged = `${part({ alg: 'none' })}.${part({ iss: 'https://accounts.google.com', sub: '1', exp: 4e9 })}.`;
    for (const headers of [{}, bearer('sk-x'), bearer(forged), { 'x-api-key': tokenOf('a@b.com') }]) {
      expect(await chat(headers)).toMatchObject({ status: 401, json: { error: { code: 'invalid_api_key' } } });
    }
  });

  it('counts each identity for itself', async () => {
    const { call, chat } = await start('');
    await chat(bearer(tokenOf('ann@acme.com')));
    await chat(bearer(tokenOf('ann@acme.com')));
    await chat(bearer(tokenOf('bob@acme.com')));
    const { json } = await call('/v1/usage?days=1', bearer(tokenOf('ann@acme.com')));
    expect(json.today.by.key).toMatchObject({ 'ann@acme.com': { requests: 2 }, 'bob@acme.com': { requests: 1 } });
  });

  it('holds identities to what the configuration says of them, the first that fits', async () => {
    const { chat, time } = await start(`, identities: [
      {identity: ann@acme.com, models: [other], requests_per_minute: 2},
      {identity: "*@acme.com", functions: [search]}]`);
    const ann = bearer(tokenOf('Ann@Acme.com'));
    expect((await chat(ann)).status).toBe(403);
    expect((await chat(ann, { model: 'other' })).status).toBe(200);
    const limited = await chat(ann, { model: 'other' });
    expect(limited.status).toBe(429);
    expect(limited.headers.get('retry-after')).toBe('30');
    time.pass(30_000);
    expect((await chat(ann, { model: 'other' })).status).toBe(200);
    expect((await chat(bearer(tokenOf('bob@acme.com')))).status).toBe(403);
    expect((await chat(bearer(tokenOf('eve@other.com')))).status).toBe(200);
    expect((await chat(bearer(tokenOf('eve@notacme.com')))).status).toBe(200);
  });

  it.each([
    ['email', 'ann@acme.com', 'bob@acme.com', 404],
    ['domain', 'ann@acme.com', 'bob@acme.com', 200],
    ['domain', 'ann@acme.com', 'eve@evil.com', 404],
    ['domain', 'ann@gmail.com', 'eve@gmail.com', 404],
    ['domain', 'a@one.iam.gserviceaccount.com', 'b@one.iam.gserviceaccount.com', 200],
    ['domain', 'a@one.iam.gserviceaccount.com', 'a@two.iam.gserviceaccount.com', 404],
  ])('makes tenants of the %s: what %s has stored is for %s %i', async (from, owner, reader, status) => {
    const { call } = await start(`, tenant_from: ${from}`);
    const token = (email: string) => {
      const domain = email.split('@')[1] ?? '';
      return bearer(tokenOf(email, /acme|evil/.test(domain) ? { hd: domain } : {}));
    };
    expect((await call('/v1/documents', token(owner), { id: 'd', text: 'A secret of the owner.' })).status).toBe(200);
    expect((await call('/v1/documents/d', token(owner))).status).toBe(200);
    expect((await call('/v1/documents/d', token(reader))).status).toBe(status);
    const named = await call('/v1/documents/d?tenant=somebody-else', token(reader));
    expect(named.status).toBe(403);
  });
});

describe('mode iam elsewhere', () => {
  it('lets nobody in by a token that anybody can write', async () => {
    const { chat } = await start(', identities: [{identity: ann@acme.com}]', {});
    expect((await chat(bearer(tokenOf('ann@acme.com')))).status).toBe(401);
    expect((await chat({})).status).toBe(401);
  });
});
