import { createHash } from 'node:crypto';
import { defined } from '../objects.ts';
import type { AuthInput, AuthKeyInput } from '../schema/auth.ts';
import { toSecretValue } from '../secret-value.ts';
import type { AuthConfig, AuthKeyConfig } from '../types.ts';
import type { NormalizeContext } from './context.ts';

const SHORTEST_SOUND_KEY = 16;

export function normalizeAuth(input: AuthInput | undefined, context: NormalizeContext, nowMs: number): AuthConfig {
  const { problems, cloudRun } = context;
  const mode = input?.mode ?? (input?.keys === undefined ? 'none' : 'api_key');
  if (cloudRun && mode === 'none') {
    if (input?.mode === undefined) {
      problems.add('auth.mode', 'is required on Cloud Run: api_key or iam, or none to let everybody in');
    } else {
      problems.warn('auth.mode', 'none lets everybody who reaches the service use it');
    }
  }
  const inputs = input?.keys ?? [];
  if (mode === 'api_key' && inputs.length === 0)
    problems.add('auth.keys', 'must hold at least one key for mode api_key');
  if (mode !== 'api_key' && inputs.length > 0) problems.add('auth.keys', `has no meaning in mode ${mode}`);

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
  return { mode, keys, corsOrigins: input?.cors_origins ?? [] };
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
    tenant: key.tenant,
    models: key.models,
    functions: key.functions,
    requestsPerMinute: key.requests_per_minute,
    tokensPerMinute: key.tokens_per_minute,
    dailyBudgetUsd: key.daily_budget_usd,
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
