import type { DocumentData } from '@google-cloud/firestore';
import { AppError } from '../../contracts/app-error.ts';
import type { KeyRecord } from '../../contracts/key-store.ts';
import type { FirestoreSdk } from '../firestore-client.ts';

/** A record as the fields of its document, whose id is the hash. */
export function toKeyFields(
  { sha256: _id, createdAtMs, expiresAtMs, revokedAtMs, ...facts }: KeyRecord,
  sdk: FirestoreSdk,
): DocumentData {
  const time = (name: string, atMs: number | undefined) =>
    atMs === undefined ? {} : { [name]: sdk.Timestamp.fromMillis(atMs) };
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(known),
    ...time('createdAt', createdAtMs),
    ...time('expiresAt', expiresAtMs),
    ...time('revokedAt', revokedAtMs),
  };
}

/**
 * The record of a document.
 * @throws AppError `configuration` naming the field when somebody has written one that says nothing: a limit that cannot
 * be understood must not be no limit.
 */
export function toKeyRecord(sha256: string, data: DocumentData): KeyRecord {
  const optional = <T>(field: string, is: (value: unknown) => value is T): T | undefined => {
    const value: unknown = data[field];
    if (value === undefined || value === null) return undefined;
    if (is(value)) return value;
    throw new AppError(
      'configuration',
      `The field ${field} of the API key ${sha256.slice(0, 8)}… cannot be understood.`,
    );
  };
  const required = <T>(field: string, is: (value: unknown) => value is T): T => {
    const value = optional(field, is);
    if (value !== undefined) return value;
    throw new AppError('configuration', `The API key ${sha256.slice(0, 8)}… has no field ${field}.`);
  };
  const time = (field: string): number | undefined => optional(field, isTime)?.toMillis();
  const facts = {
    tenant: optional('tenant', isText),
    models: optional('models', isList),
    functions: optional('functions', isList),
    requestsPerMinute: optional('requestsPerMinute', isAmount),
    tokensPerMinute: optional('tokensPerMinute', isAmount),
    dailyBudgetUsd: optional('dailyBudgetUsd', isAmount),
    expiresAtMs: time('expiresAt'),
    revokedAtMs: time('revokedAt'),
  };
  return {
    sha256,
    name: required('name', isText),
    hint: optional('hint', isText) ?? '',
    createdAtMs: time('createdAt') ?? 0,
    ...(Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as Partial<KeyRecord>),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isList = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value > 0;

function isTime(value: unknown): value is { toMillis(): number } {
  return typeof value === 'object' && value !== null && 'toMillis' in value;
}
