import type { ProviderRows } from './rows.ts';

/**
 * Source: the public models.dev data set of 2026-07-01.
 */
// biome-ignore format: one model a line
export const xai = {
  chat: [
    ['grok-4.20-0309-non-reasoning', [1.25, 2.5, 0.2], [1_000_000, 30_000], 'image file tools schema temperature'],
    ['grok-4.20-0309-reasoning', [1.25, 2.5, 0.2], [1_000_000, 30_000], 'image file tools reasoning schema temperature'],
    ['grok-4.20-multi-agent-0309', [1.25, 2.5, 0.2], [1_000_000, 30_000], 'image file reasoning schema temperature'],
    ['grok-4.3', [1.25, 2.5, 0.2], [1_000_000, 30_000], 'image file tools reasoning schema temperature'],
    ['grok-build-0.1', [1, 2, 0.2], [256_000, 256_000], 'image file tools reasoning schema temperature'],
  ],
} as const satisfies ProviderRows;
