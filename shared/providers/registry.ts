import type { ChatProvider } from '../contracts/chat-provider.ts';

/**
 * Every LLM provider, loaded when it is first used. An OpenAI-compatible one is an entry in `openai-vendors.ts`, any
 * other a file of its own; its name and its key's variable stand in `shared/config` (`names.ts`, `credentials.ts`).
 */
export const chatProviders: Readonly<Record<string, () => Promise<ChatProvider>>> = {
  openai: async () => compatible((await import('./openai-vendors.ts')).openai),
  anthropic: async () => (await import('./anthropic.ts')).createAnthropicProvider(),
  gemini: async () => (await import('./gemini.ts')).createGeminiProvider(),
  vertexai: async () => (await import('./vertexai.ts')).createVertexProvider(),
  xai: async () => compatible((await import('./openai-vendors.ts')).xai),
  vllm: async () => compatible((await import('./openai-vendors.ts')).vllm),
  huggingface: async () => (await import('./huggingface.ts')).createHuggingFaceProvider(),
  ollama: async () => (await import('./ollama.ts')).createOllamaProvider(),
  local: async () => (await import('./local.ts')).createLocalProvider(),
};

async function compatible(options: import('./openai-compatible.ts').OpenAICompatibleOptions): Promise<ChatProvider> {
  return (await import('./openai-compatible.ts')).createOpenAICompatibleProvider(options);
}
