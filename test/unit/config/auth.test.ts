import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CLOUD_RUN, expectProblem, parse } from './parse.ts';

const REF = '$' + '{';

describe('auth', () => {
  const key = (lines: string) => `auth: {mode: api_key, keys: [{name: k, ${lines}}]}`;

  it('is none in development and must be written on Cloud Run', () => {
    expect(parse('playground: true').auth).toEqual({ mode: 'none', keys: [], hosts: [], corsOrigins: [] });
    expectProblem('playground: true', 'auth.mode', 'required on Cloud Run', CLOUD_RUN);
    expect(parse('auth: {mode: none}', CLOUD_RUN).auth.mode).toBe('none');
  });

  it('names the hosts of a service without keys, and of no other', () => {
    expect(parse('auth: {hosts: [box.example.com]}').auth.hosts).toEqual(['box.example.com']);
    expectProblem('auth: {hosts: ["http://box.example.com"]}', 'auth.hosts[0]', 'host name');
    expectProblem('auth: {mode: iam, hosts: [box.example.com]}', 'auth.hosts', 'no meaning in mode iam');
  });

  it('keeps keys as hashes or references, never as text', () => {
    const text = `auth:
  keys:
    - {name: a, key: the-first-long-key-1, tenant: acme, models: [gpt-4], functions: [chat, embed], requests_per_minute: 5, tokens_per_minute: 9, daily_budget_usd: 1.5, expires: 2027-06-01}
    - {name: b, key: "secret://caller-b"}
    - {name: c, key_sha256: ${'AB'.repeat(32)}, expires: "2027-06-01T12:00:00+02:00"}`;
    const { auth } = parse(text);
    expect(auth.mode).toBe('api_key');
    expect(auth.keys).toEqual([
      {
        name: 'a',
        credential: { sha256: createHash('sha256').update('the-first-long-key-1').digest('hex') },
        tenant: 'acme',
        models: ['gpt-4'],
        functions: ['chat', 'embed'],
        requestsPerMinute: 5,
        tokensPerMinute: 9,
        dailyBudgetUsd: 1.5,
        expiresAtMs: Date.UTC(2027, 5, 1),
      },
      { name: 'b', credential: { secret: 'caller-b' } },
      { name: 'c', credential: { sha256: 'ab'.repeat(32) }, expiresAtMs: Date.UTC(2027, 5, 1, 10) },
    ]);
  });

  it.each([
    ['auth: {mode: api_key}', 'auth.keys', 'at least one'],
    ['auth: {mode: iam, store: firestore}', 'auth.store', 'no meaning'],
    ['auth: {mode: api_key, store: redis}', 'auth.store', 'firestore'],
    [`auth: {keys_collection: k, keys: [{name: a, key_sha256: ${'ab'.repeat(32)}}]}`, 'auth.keys_collection', 'store'],
    ['auth: {tenant_from: email}', 'auth.tenant_from', 'no meaning in mode none'],
    ['auth: {mode: iam, tenant_from: sub}', 'auth.tenant_from', 'email'],
    ['auth: {mode: iam, identities: [{identity: "*"}]}', 'auth.identities[0].identity', 'e-mail'],
    ['auth: {mode: iam, identities: [{identity: "a@b.com", rpm: 5}]}', 'auth.identities[0].rpm', 'is not a known key'],
    ['auth: {mode: iam, iap_audiences: ["https://a.example.com"]}', 'auth.iap_audiences[0]', 'audience'],
    ['auth: {mode: iam, keys: [{name: k, key: a-long-enough-key-1}]}', 'auth.keys', 'no meaning'],
    [key('tenant: t'), 'auth.keys[0]', 'needs a key'],
    [key(`key: a-long-enough-key-1, key_sha256: ${'ab'.repeat(32)}`), 'auth.keys[0]', 'both'],
    [key('key_sha256: abc'), 'auth.keys[0].key_sha256', '64'],
    [key('key: a-long-enough-key-1, functions: [chatt]'), 'auth.keys[0].functions[0]', 'Did you mean chat?'],
    [key('key: a-long-enough-key-1, expires: soon'), 'auth.keys[0].expires', 'date'],
    [key('key: a-long-enough-key-1, expires: 2027-13-01'), 'auth.keys[0].expires', 'exists'],
    [key('key: a-long-enough-key-1, daily_budget_usd: 0'), 'auth.keys[0].daily_budget_usd', 'above 0'],
    [
      'auth: {keys: [{name: a, key: a-long-enough-key-1}, {name: b, key: a-long-enough-key-1}]}',
      'auth.keys[1]',
      'same key',
    ],
    [
      'auth: {keys: [{name: a, key: a-long-enough-key-1}, {name: a, key: a-long-enough-key-2}]}',
      'auth.keys[1].name',
      'twice',
    ],
    ['auth: {cors_origins: ["https://app.example.com/x"]}', 'auth.cors_origins[0]', 'origin'],
    ['auth: {mode: basic}', 'auth.mode', 'none, iam, api_key'],
  ])('of %j is refused', (text, path, message) => {
    expectProblem(text, path, message);
  });

  it('may keep its keys in Firestore, beside those of the file or alone', () => {
    expect(parse('auth: {store: firestore}').auth).toMatchObject({ mode: 'api_key', keys: [], keysCollection: 'keys' });
    expect(parse('auth: {store: firestore, keys_collection: callers, keys: []}').auth.keysCollection).toBe('callers');
    expect(parse(key('key: a-long-enough-key-1')).auth).not.toHaveProperty('keysCollection');
  });

  it.each([
    ['auth: {store: firestore}', true],
    ['auth: {mode: iam, tenant_from: email}', true],
    ['auth: {mode: iam, identities: [{identity: a@b.com, tenant: t}]}', true],
    ['auth: {mode: iam, identities: [{identity: a@b.com}]}', false],
    [key('key: a-long-enough-key-1'), false],
    [key('key: a-long-enough-key-1, tenant: t'), true],
  ])('of %j makes the vector store keep tenants apart: %s', (text, tenancy) => {
    expect(parse(text).vectorstore?.tenancy).toBe(tenancy);
  });

  it('says for identities what they may do, and of whom one is the tenant', () => {
    const { auth } = parse(`auth:
  mode: iam
  tenant_from: domain
  iap_audiences: [/projects/1/global/backendServices/2]
  identities:
    - {identity: Ann@Acme.com, tenant: acme, models: [m], functions: [chat], requests_per_minute: 5, tokens_per_minute: 9, daily_budget_usd: 1.5}
    - {identity: "*@example.com"}
    - {identity: "107834523452345"}`);
    expect(auth.iam).toEqual({
      tenantFrom: 'domain',
      iapAudiences: ['/projects/1/global/backendServices/2'],
      identities: [
        {
          identity: 'ann@acme.com',
          tenant: 'acme',
          models: ['m'],
          functions: ['chat'],
          requestsPerMinute: 5,
          tokensPerMinute: 9,
          dailyBudgetUsd: 1.5,
        },
        { identity: '*@example.com' },
        { identity: '107834523452345' },
      ],
    });
  });

  it('warns about keys that are expired or short', () => {
    expect(parse(key('key: short, expires: 2026-01-01')).warnings).toEqual([
      'auth.keys[0].expires: k has expired',
      expect.stringContaining('shorter than 16'),
    ]);
  });

  it('names the variable of a missing key, and only that', () => {
    expectProblem(`auth: {keys: [{name: a, key: "${REF}CALLER}"}]}`, 'auth.keys[0].key', 'CALLER');
  });
});
