import { createHash } from 'node:crypto';
import type { AuthConfig, AuthKeyConfig, GrantConfig, IamConfig } from '../auth-types.ts';
import { defined } from '../objects.ts';
import type { AuthInput, AuthKeyInput, IdentityInput } from '../schema/auth.ts';
import { toSecretValue } from '../secret-value.ts';
import type { NormalizeContext } from './context.ts';

const SHORTEST_SOUND_KEY = 16;
const KEYS_COLLECTION = 'keys';

export function normalizeAuth(input: AuthInput | undefined, context: NormalizeContext, nowMs: number): AuthConfig {
  const { problems, cloudRun } = context;
  const hasKeys = input?.keys !== undefined || input?.store !== undefined;
  const mode = input?.mode ?? (hasKeys ? 'api_key' : 'none');
  if (cloudRun && mode === 'none') {
    if (input?.mode === undefined) {
      problems.add('auth.mode', 'is required on Cloud Run: api_key or iam, or none to let everybody in');
    } else {
      problems.warn('auth.mode', 'none lets everybody who reaches the service use it');
    }
  }
  const inputs = input?.keys ?? [];
  if (mode === 'api_key' && inputs.length === 0 && input?.store === undefined)
    problems.add('auth.keys', 'must hold at least one key for mode api_key, or set auth.store: firestore');
  if (input?.keys_collection !== undefined && input.store === undefined)
    problems.add('auth.keys_collection', 'needs auth.store: firestore');
  for (const [field, fitting] of Object.entries(MODE_OF)) {
    const value = input?.[field as keyof typeof MODE_OF];
    const isWritten = Array.isArray(value) ? value.length > 0 : value !== undefined;
    if (isWritten && mode !== fitting) problems.add(`auth.${field}`, `has no meaning in mode ${mode}`);
  }

  const keys: AuthKeyConfig[] = [];
  for (const [index, key] of inputs.entries()) {
    const path = `auth.keys[${index}]`;
    const normalized = normalizeKey({ key, path, nowMs, context });
    if (normalized === undefined) continue;
    if (keys.some(({ name }) => name === normalized.name)) {
      problems.add(`${path}.name`, `${normalized.name} is used twice; names must differ`);
    }
    if (keys.some(({ credential }) => same(credential, normalized.credential))) {
      problems.add(path, 'is the same key as an earlier one');
    }
    keys.push(normalized);
  }
  return defined({
    mode,
    keys,
    keysCollection: input?.store === undefined ? undefined : (input.keys_collection ?? KEYS_COLLECTION),
    iam: mode === 'iam' ? normalizeIam(input) : undefined,
    hosts: input?.hosts ?? [],
    corsOrigins: input?.cors_origins ?? [],
  });
}

/** Settings that one mode alone acts on. */
const MODE_OF = {
  keys: 'api_key',
  store: 'api_key',
  identities: 'iam',
  tenant_from: 'iam',
  iap_audiences: 'iam',
  hosts: 'none',
} as const;

function normalizeIam(input: AuthInput | undefined): IamConfig {
  return defined({
    identities: (input?.identities ?? []).map((grant) => ({
      identity: grant.identity.toLowerCase(),
      ...normalizeGrant(grant),
    })),
    tenantFrom: input?.tenant_from,
    iapAudiences: input?.iap_audiences ?? [],
  });
}

function normalizeGrant(input: Omit<IdentityInput, 'identity'>): GrantConfig {
  return defined({
    tenant: input.tenant,
    models: input.models,
    functions: input.functions,
    requestsPerMinute: input.requests_per_minute,
    tokensPerMinute: input.tokens_per_minute,
    dailyBudgetUsd: input.daily_budget_usd,
  });
}

function normalizeKey({
  key,
  path,
  nowMs,
  context: { problems, missingAt },
}: {
  key: AuthKeyInput;
  path: string;
  nowMs: number;
  context: NormalizeContext;
}): AuthKeyConfig | undefined {
  if ((key.key === undefined) === (key.key_sha256 === undefined)) {
    problems.add(path, key.key === undefined ? 'needs a key or its key_sha256' : 'cannot have both key and key_sha256');
    return undefined;
  }
  if (missingAt(`${path}.key`) !== undefined || missingAt(`${path}.key_sha256`) !== undefined) return undefined;
  const expiresAtMs = key.expires === undefined ? undefined : Date.parse(key.expires);
  if (Number.isNaN(expiresAtMs)) {
    problems.add(`${path}.expires`, 'is not a date that exists');
    return undefined;
  }
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) problems.warn(`${path}.expires`, `${key.name} has expired`);
  if (key.key !== undefined && !key.key.startsWith('secret://') && key.key.length < SHORTEST_SOUND_KEY) {
    problems.warn(`${path}.key`, `is shorter than ${SHORTEST_SOUND_KEY} characters and can be guessed`);
  }
  return defined({
    name: key.name,
    credential: toCredential(key),
    ...normalizeGrant(key),
    expiresAtMs,
  });
}

/** Keys are kept as hashes from here on. */
function toCredential({ key = '', key_sha256: hash }: AuthKeyInput): AuthKeyConfig['credential'] {
  if (hash !== undefined) return { sha256: hash.toLowerCase() };
  const secret = toSecretValue(key);
  return 'secret' in secret ? secret : { sha256: createHash('sha256').update(secret.value).digest('hex') };
}

function same(one: AuthKeyConfig['credential'], other: AuthKeyConfig['credential']): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
