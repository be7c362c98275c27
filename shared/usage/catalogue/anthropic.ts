import type { ProviderRows } from './rows.ts';

/**
 * Source: the public models.dev data set of 2026-07-01.
 * It is silent on structured output, which Anthropic's API offers through tools as well.
 */
// biome-ignore format: one model a line
export const anthropic = {
  chat: [
    ['claude-3-5-sonnet-20240620', [3, 15, 0.3, 3.75], [200_000, 8_192], 'image file tools temperature'],
    ['claude-3-5-sonnet-20241022', [3, 15, 0.3, 3.75], [200_000, 8_192], 'image file tools temperature'],
    ['claude-3-7-sonnet-20250219', [3, 15, 0.3, 3.75], [200_000, 64_000], 'image file tools reasoning temperature'],
    ['claude-3-haiku-20240307', [0.25, 1.25, 0.03, 0.3], [200_000, 4_096], 'image file tools temperature'],
    ['claude-3-opus-20240229', [15, 75, 1.5, 18.75], [200_000, 4_096], 'image file tools temperature'],
    ['claude-3-sonnet-20240229', [3, 15, 0.3, 0.3], [200_000, 4_096], 'image file tools temperature'],
    ['claude-fable-5', [10, 50, 1, 12.5], [1_000_000, 128_000], 'image file tools reasoning'],
    ['claude-haiku-4-5-20251001', [1, 5, 0.1, 1.25], [200_000, 64_000], 'image file tools reasoning temperature'],
    ['claude-haiku-4-5', [1, 5, 0.1, 1.25], [200_000, 64_000], 'image file tools reasoning temperature'],
    ['claude-opus-4-0', [15, 75, 1.5, 18.75], [200_000, 32_000], 'image file tools reasoning temperature'],
    ['claude-opus-4-1-20250805', [15, 75, 1.5, 18.75], [200_000, 32_000], 'image file tools reasoning temperature'],
    ['claude-opus-4-1', [15, 75, 1.5, 18.75], [200_000, 32_000], 'image file tools reasoning temperature'],
    ['claude-opus-4-20250514', [15, 75, 1.5, 18.75], [200_000, 32_000], 'image file tools reasoning temperature'],
    ['claude-opus-4-5-20251101', [5, 25, 0.5, 6.25], [200_000, 64_000], 'image file tools reasoning temperature'],
    ['claude-opus-4-5', [5, 25, 0.5, 6.25], [200_000, 64_000], 'image file tools reasoning temperature'],
    ['claude-opus-4-6', [5, 25, 0.5, 6.25], [1_000_000, 128_000], 'image file tools reasoning temperature'],
    ['claude-opus-4-7', [5, 25, 0.5, 6.25], [1_000_000, 128_000], 'image file tools reasoning'],
    ['claude-opus-4-8', [5, 25, 0.5, 6.25], [1_000_000, 128_000], 'image file tools reasoning'],
    ['claude-sonnet-4-0', [3, 15, 0.3, 3.75], [200_000, 64_000], 'image file tools reasoning temperature'],
    ['claude-sonnet-4-20250514', [3, 15, 0.3, 3.75], [200_000, 64_000], 'image file tools reasoning temperature'],
    ['claude-sonnet-4-5-20250929', [3, 15, 0.3, 3.75], [200_000, 64_000], 'image file tools reasoning temperature'],
    ['claude-sonnet-4-5', [3, 15, 0.3, 3.75], [200_000, 64_000], 'image file tools reasoning temperature'],
    ['claude-sonnet-4-6', [3, 15, 0.3, 3.75], [1_000_000, 64_000], 'image file tools reasoning temperature'],
    ['claude-sonnet-5', [2, 10, 0.2, 2.5], [1_000_000, 128_000], 'image file tools reasoning'],
  ],
  aliases: {
    'claude-3-opus-latest': 'claude-3-opus-20240229',
    'claude-3-5-sonnet-latest': 'claude-3-5-sonnet-20241022',
    'claude-3-7-sonnet-latest': 'claude-3-7-sonnet-20250219',
  },
} as const satisfies ProviderRows;
