import { describe, expect, it } from 'vitest';
import type { ChatProvider } from '../../../shared/contracts/chat-provider.ts';
import { createOpenAICompatibleProvider } from '../../../shared/providers/openai-compatible.ts';
import { chatProviders } from '../../../shared/providers/registry.ts';
import { loadRecordings, score } from '../../support/replay.ts';

/**
 * What the recordings expect and the wire rules do not: Text Generation Inference ends a turn that called a tool with
 * `stop`, and agent loops would end with it; Moonshot's `cached_tokens` are tokens from the cache.
 */
const UNDERSTOOD: Readonly<Record<string, string>> = {
  'huggingface-06a09d32b89d': 'finish',
  'huggingface-75b2bb7dc6ca': 'finish',
  'huggingface-976176eb28bc': 'finish',
  'moonshot-1c9f996a5490': 'usage',
};

const NAMED: ReadonlySet<string> = new Set(['openai', 'xai', 'vllm', 'huggingface']);

async function providerFor(id: string): Promise<ChatProvider> {
  const load = NAMED.has(id) ? chatProviders[id] : undefined;
  return load ? load() : createOpenAICompatibleProvider({ id });
}

describe.each(['openai', 'compatible', 'xai', 'vllm', 'huggingface', 'ollama'])('recorded answers of %s', (name) => {
  it.skipIf(loadRecordings(name).length === 0)(
    'are read right, however their bytes are cut',
    { timeout: 600_000 },
    async () => {
      const { failures } = await score([name], ({ provider }) => providerFor(provider), {
        only: ({ api }) => api === 'chat.completions',
        print: false,
      });
      const surprises = failures.filter(({ id, wrong }) => Object.keys(wrong).join() !== UNDERSTOOD[id]);
      expect(surprises.map(({ id, mode, wrong }) => ({ id, mode, wrong }))).toEqual([]);
    },
  );
});
