import type { ProviderRows } from './rows.ts';

/**
 * Source: the public models.dev data set of 2026-07-01.
 * Gemini 1.5 was billed by the character, at the figures of the provider integration guide; its limits and those of the
 * embedding models are by https://cloud.google.com/vertex-ai/generative-ai/docs. Prices of text-embedding are not known.
 */
// biome-ignore format: one model a line
export const vertexai = {
  chat: [
    ['deepseek-ai/deepseek-v3.1-maas', [0.6, 1.7], [163_840, 32_768], 'file tools reasoning schema temperature'],
    ['deepseek-ai/deepseek-v3.2-maas', [0.56, 1.68, 0.056], [163_840, 65_536], 'file tools reasoning schema temperature'],
    ['gemini-2.5-flash', [0.3, 2.5, 0.075, 0.383], [1_048_576, 65_536], 'image audio file tools reasoning temperature'],
    ['gemini-flash-latest', [0.3, 2.5, 0.075, 0.383], [1_048_576, 65_536], 'image audio file tools reasoning temperature'],
    ['meta/llama-3.3-70b-instruct-maas', [0.72, 0.72], [128_000, 8_192], 'tools schema temperature'],
    ['meta/llama-4-maverick-17b-128e-instruct-maas', [0.35, 1.15], [524_288, 8_192], 'image tools schema temperature'],
    ['moonshotai/kimi-k2-thinking-maas', [0.6, 2.5], [262_144, 262_144], 'tools reasoning schema temperature'],
    ['openai/gpt-oss-120b-maas', [0.09, 0.36], [131_072, 32_768], 'tools reasoning temperature'],
    ['openai/gpt-oss-20b-maas', [0.07, 0.25], [131_072, 32_768], 'tools reasoning temperature'],
    ['qwen/qwen3-235b-a22b-instruct-2507-maas', [0.22, 0.88], [262_144, 16_384], 'tools reasoning schema temperature'],
    ['zai-org/glm-4.7-maas', [0.6, 2.2], [200_000, 128_000], 'file tools reasoning schema temperature'],
    ['zai-org/glm-5-maas', [1, 3.2, 0.1], [202_752, 131_072], 'tools reasoning temperature'],
  ],
  chatByCharacters: [
    ['gemini-1.5-pro', [0.00125, 0.005], [2_097_152, 8_192], 'image audio file tools schema temperature'],
    ['gemini-1.5-flash', [0.000125, 0.000375], [1_048_576, 8_192], 'image audio file tools schema temperature'],
  ],
  embeddings: [
    ['gemini-embedding-001', 0.15, 2_048, 3_072],
    ['text-embedding-005', null, 2_048, 768],
    ['text-multilingual-embedding-002', null, 2_048, 768],
  ],
} as const satisfies ProviderRows;
