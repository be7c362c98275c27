import type { ProviderRows } from './rows.ts';

/**
 * Source: the public models.dev data set of 2026-07-01.
 * The data set names no price for the Gemma models.
 */
// biome-ignore format: one model a line
export const gemini = {
  chat: [
    ['gemini-2.0-flash-lite', [0.075, 0.3], [1_048_576, 8_192], 'image audio file tools schema temperature'],
    ['gemini-2.0-flash', [0.1, 0.4, 0.025], [1_048_576, 8_192], 'image audio file tools schema temperature'],
    ['gemini-2.5-flash-image', [0.3, 30, 0.075], [32_768, 32_768], 'image reasoning temperature'],
    ['gemini-2.5-flash-lite', [0.1, 0.4, 0.01], [1_048_576, 65_536], 'image audio file tools reasoning schema temperature'],
    ['gemini-3-flash-preview', [0.5, 3, 0.05], [1_048_576, 65_536], 'image audio file tools reasoning schema temperature'],
    ['gemini-3-pro-preview', [2, 12, 0.2], [1_048_576, 65_536], 'image audio file tools reasoning schema temperature'],
    ['gemini-3.1-flash-image-preview', [0.5, 60], [65_536, 65_536], 'image file reasoning temperature'],
    ['gemini-3.1-flash-lite-preview', [0.25, 1.5, 0.025], [1_048_576, 65_536], 'image audio file tools reasoning schema temperature'],
    ['gemini-3.1-flash-lite', [0.25, 1.5, 0.025], [1_048_576, 65_536], 'image audio file tools reasoning schema temperature'],
    ['gemini-3.1-pro-preview-customtools', [2, 12, 0.2], [1_048_576, 65_536], 'image audio file tools reasoning schema temperature'],
    ['gemini-3.1-pro-preview', [2, 12, 0.2], [1_048_576, 65_536], 'image audio file tools reasoning schema temperature'],
    ['gemini-3.5-flash', [1.5, 9, 0.15], [1_048_576, 65_536], 'image audio file tools reasoning schema temperature'],
    ['gemini-flash-latest', [0.3, 2.5, 0.075], [1_048_576, 65_536], 'image audio file tools reasoning schema temperature'],
    ['gemini-flash-lite-latest', [0.1, 0.4, 0.025], [1_048_576, 65_536], 'image audio file tools reasoning schema temperature'],
    ['gemma-4-26b-a4b-it', null, [262_144, 32_768], 'image tools reasoning schema temperature'],
    ['gemma-4-31b-it', null, [262_144, 32_768], 'image tools reasoning schema temperature'],
  ],
  embeddings: [['gemini-embedding-001', 0.15, 2_048, 3_072]],
} as const satisfies ProviderRows;
