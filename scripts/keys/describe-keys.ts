import type { KeyRecord } from '../../shared/contracts/key-store.ts';

const HEAD = ['NAME', 'KEY', 'TENANT', 'MAY USE', 'LIMITS', 'EXPIRES', 'CREATED', ''];

/** A table for people. */
export function describeKeys(keys: readonly KeyRecord[], nowMs: number): string {
  if (keys.length === 0) return 'There are no keys. Make one: npm run keys -- create --name NAME';
  const rows = [HEAD, ...keys.map((key) => toRow(key, nowMs))];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What is known of a key, for programs: its times in ISO 8601. */
export function toKeyJson({ createdAtMs, expiresAtMs, revokedAtMs, ...facts }: KeyRecord): object {
  return {
    ...facts,
    createdAt: toIso(createdAtMs),
    ...(expiresAtMs === undefined ? {} : { expiresAt: toIso(expiresAtMs) }),
    ...(revokedAtMs === undefined ? {} : { revokedAt: toIso(revokedAtMs) }),
  };
}

function toRow(key: KeyRecord, nowMs: number): string[] {
  const { models, functions, requestsPerMinute, tokensPerMinute, dailyBudgetUsd, expiresAtMs, revokedAtMs } = key;
  const limits = [
    ...(requestsPerMinute === undefined ? [] : [`${requestsPerMinute} rpm`]),
    ...(tokensPerMinute === undefined ? [] : [`${tokensPerMinute} tpm`]),
    ...(dailyBudgetUsd === undefined ? [] : [`${dailyBudgetUsd} USD a day`]),
  ];
  const isOver = expiresAtMs !== undefined && expiresAtMs <= nowMs;
  return [
    key.name,
    `${key.hint}…`,
    key.tenant ?? '-',
    [functions?.join(',') ?? 'all', ...(models === undefined ? [] : [`with ${models.join(',')}`])].join(' '),
    limits.join(', ') || '-',
    expiresAtMs === undefined ? '-' : toDate(expiresAtMs),
    toDate(key.createdAtMs),
    revokedAtMs === undefined ? (isOver ? 'expired' : '') : `revoked ${toDate(revokedAtMs)}`,
  ];
}

function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}

function toDate(atMs: number): string {
  return toIso(atMs).slice(0, 10);
}
