import type { ProviderRows } from './rows.ts';
import { SENTENCE_MODELS } from './sentence-models.ts';

/**
 * Source: the public models.dev data set of 2026-07-01. Prices are those of the router's default choice;
 * a name pinned to one inference provider (`model:provider`) can be given its own in the configuration.
 */
// biome-ignore format: one model a line
export const huggingface = {
  chat: [
    ['MiniMaxAI/MiniMax-M2.1', [0.3, 1.2], [204_800, 131_072], 'tools reasoning temperature'],
    ['MiniMaxAI/MiniMax-M2.5', [0.3, 1.2, 0.03], [204_800, 131_072], 'tools reasoning temperature'],
    ['MiniMaxAI/MiniMax-M2.7', [0.3, 1.2, 0.06], [204_800, 131_072], 'tools reasoning schema temperature'],
    ['Qwen/Qwen3-235B-A22B-Thinking-2507', [0.3, 3], [262_144, 131_072], 'tools reasoning temperature'],
    ['Qwen/Qwen3-Coder-480B-A35B-Instruct', [2, 2], [262_144, 66_536], 'tools temperature'],
    ['Qwen/Qwen3-Coder-Next', [0.2, 1.5], [262_144, 65_536], 'tools temperature'],
    ['Qwen/Qwen3-Next-80B-A3B-Instruct', [0.25, 1], [262_144, 66_536], 'tools temperature'],
    ['Qwen/Qwen3-Next-80B-A3B-Thinking', [0.3, 2], [262_144, 131_072], 'tools temperature'],
    ['Qwen/Qwen3.5-397B-A17B', [0.6, 3.6], [262_144, 32_768], 'image tools reasoning temperature'],
    ['XiaomiMiMo/MiMo-V2-Flash', [0.1, 0.3], [262_144, 4_096], 'tools reasoning temperature'],
    ['deepseek-ai/DeepSeek-R1-0528', [3, 5], [163_840, 163_840], 'tools reasoning temperature'],
    ['deepseek-ai/DeepSeek-V3.2', [0.28, 0.4], [163_840, 65_536], 'tools reasoning temperature'],
    ['moonshotai/Kimi-K2-Instruct-0905', [1, 3], [262_144, 16_384], 'tools temperature'],
    ['moonshotai/Kimi-K2-Instruct', [1, 3], [131_072, 16_384], 'tools temperature'],
    ['moonshotai/Kimi-K2-Thinking', [0.6, 2.5, 0.15], [262_144, 262_144], 'tools reasoning temperature'],
    ['moonshotai/Kimi-K2.5', [0.6, 3, 0.1], [262_144, 262_144], 'image tools reasoning temperature'],
    ['moonshotai/Kimi-K2.6', [0.95, 4, 0.16], [262_144, 262_144], 'image tools reasoning temperature'],
    ['zai-org/GLM-4.7-Flash', [0, 0], [200_000, 128_000], 'tools reasoning temperature'],
    ['zai-org/GLM-4.7', [0.6, 2.2, 0.11], [204_800, 131_072], 'tools reasoning temperature'],
    ['zai-org/GLM-5.1', [1, 3.2, 0.2], [202_752, 131_072], 'tools reasoning temperature'],
    ['zai-org/GLM-5', [1, 3.2, 0.2], [202_752, 131_072], 'tools reasoning temperature'],
  ],
  embeddings: [
    ['Qwen/Qwen3-Embedding-4B', 0.01, 32_000, 2_560],
    ['Qwen/Qwen3-Embedding-8B', 0.01, 32_000, 4_096],
    ...SENTENCE_MODELS,
  ],
} as const satisfies ProviderRows;
