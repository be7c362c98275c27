import type { ProviderRows } from './rows.ts';

/**
 * Source: the public models.dev data set of 2026-07-01.
 * Tools of gpt-3.5-turbo and the row of gpt-5 are by OpenAI's own documentation: the data set denies or lacks them.
 */
// biome-ignore format: one model a line
export const openai = {
  chat: [
    ['gpt-3.5-turbo', [0.5, 1.5], [16_385, 4_096], 'tools no-schema temperature'],
    ['gpt-4-turbo', [10, 30], [128_000, 4_096], 'image tools no-schema temperature'],
    ['gpt-4.1-mini', [0.4, 1.6, 0.1], [1_047_576, 32_768], 'image file tools schema temperature'],
    ['gpt-4.1-nano', [0.1, 0.4, 0.025], [1_047_576, 32_768], 'image tools schema temperature'],
    ['gpt-4.1', [2, 8, 0.5], [1_047_576, 32_768], 'image file tools schema temperature'],
    ['gpt-4', [30, 60], [8_192, 8_192], 'tools no-schema temperature'],
    ['gpt-4o-2024-05-13', [5, 15], [128_000, 4_096], 'image tools schema temperature'],
    ['gpt-4o-2024-08-06', [2.5, 10, 1.25], [128_000, 16_384], 'image tools schema temperature'],
    ['gpt-4o-2024-11-20', [2.5, 10, 1.25], [128_000, 16_384], 'image tools schema temperature'],
    ['gpt-4o-mini', [0.15, 0.6, 0.075], [128_000, 16_384], 'image file tools schema temperature'],
    ['gpt-4o', [2.5, 10, 1.25], [128_000, 16_384], 'image file tools schema temperature'],
    ['gpt-5-chat-latest', [1.25, 10, 0.125], [400_000, 128_000], 'image reasoning schema temperature'],
    ['gpt-5-codex', [1.25, 10, 0.125], [400_000, 128_000], 'image tools reasoning schema'],
    ['gpt-5-mini', [0.25, 2, 0.025], [400_000, 128_000], 'image tools reasoning schema'],
    ['gpt-5-nano', [0.05, 0.4, 0.005], [400_000, 128_000], 'image tools reasoning schema'],
    ['gpt-5', [1.25, 10, 0.125], [400_000, 128_000], 'image file tools reasoning schema'],
    ['gpt-5-pro', [15, 120], [400_000, 272_000], 'image tools reasoning schema'],
    ['gpt-5.1-chat-latest', [1.25, 10, 0.125], [128_000, 16_384], 'image tools reasoning schema'],
    ['gpt-5.1-codex-max', [1.25, 10, 0.125], [400_000, 128_000], 'image tools reasoning schema'],
    ['gpt-5.1-codex-mini', [0.25, 2, 0.025], [400_000, 128_000], 'image tools reasoning schema'],
    ['gpt-5.1-codex', [1.25, 10, 0.125], [400_000, 128_000], 'image tools reasoning schema'],
    ['gpt-5.1', [1.25, 10, 0.125], [400_000, 128_000], 'image tools reasoning schema'],
    ['gpt-5.2-chat-latest', [1.75, 14, 0.175], [128_000, 16_384], 'image tools reasoning schema'],
    ['gpt-5.2-codex', [1.75, 14, 0.175], [400_000, 128_000], 'image file tools reasoning schema'],
    ['gpt-5.2-pro', [21, 168], [400_000, 128_000], 'image tools reasoning no-schema'],
    ['gpt-5.2', [1.75, 14, 0.175], [400_000, 128_000], 'image tools reasoning schema'],
    ['gpt-5.3-chat-latest', [1.75, 14, 0.175], [128_000, 16_384], 'image tools schema temperature'],
    ['gpt-5.3-codex-spark', [1.75, 14, 0.175], [128_000, 32_000], 'image file tools reasoning schema'],
    ['gpt-5.3-codex', [1.75, 14, 0.175], [400_000, 128_000], 'image file tools reasoning schema'],
    ['gpt-5.4-mini', [0.75, 4.5, 0.075], [400_000, 128_000], 'image tools reasoning schema'],
    ['gpt-5.4-nano', [0.2, 1.25, 0.02], [400_000, 128_000], 'image tools reasoning schema'],
    ['gpt-5.4-pro', [30, 180], [1_050_000, 128_000], 'image tools reasoning no-schema'],
    ['gpt-5.4', [2.5, 15, 0.25], [1_050_000, 128_000], 'image file tools reasoning schema'],
    ['gpt-5.5-pro', [30, 180], [1_050_000, 128_000], 'image file tools reasoning schema'],
    ['gpt-5.5', [5, 30, 0.5], [1_050_000, 128_000], 'image file tools reasoning schema'],
    ['o1-pro', [150, 600], [200_000, 100_000], 'image tools reasoning schema'],
    ['o1', [15, 60, 7.5], [200_000, 100_000], 'image file tools reasoning schema'],
    ['o3-deep-research', [10, 40, 2.5], [200_000, 100_000], 'image tools reasoning'],
    ['o3-mini', [1.1, 4.4, 0.55], [200_000, 100_000], 'tools reasoning schema'],
    ['o3-pro', [20, 80], [200_000, 100_000], 'image tools reasoning schema'],
    ['o3', [2, 8, 0.5], [200_000, 100_000], 'image file tools reasoning schema'],
    ['o4-mini-deep-research', [2, 8, 0.5], [200_000, 100_000], 'image tools reasoning'],
    ['o4-mini', [1.1, 4.4, 0.275], [200_000, 100_000], 'image tools reasoning schema'],
  ],
  embeddings: [
    ['text-embedding-3-small', 0.02, 8_191, 1_536],
    ['text-embedding-3-large', 0.13, 8_191, 3_072],
    ['text-embedding-ada-002', 0.1, 8_192, 1_536],
  ],
  // What the undated names stand for; other four-digit snapshots had prices of their own.
  aliases: { 'gpt-3.5-turbo-0125': 'gpt-3.5-turbo', 'gpt-4-0613': 'gpt-4' },
} as const satisfies ProviderRows;
