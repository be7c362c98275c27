import { describe, expect, it } from 'vitest';
import type { Backends } from '../../../shared/app/backends.ts';
import { createLazy } from '../../../shared/app/lazy.ts';
import { createReadiness } from '../../../shared/app/readiness.ts';
import { parseConfig } from '../../../shared/config/parse.ts';
import type { SecretValue } from '../../../shared/config/secret-value.ts';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { VectorStore } from '../../../shared/contracts/vector-store.ts';

const YAML = `
agents:
  - name: agent
    providers:
      - {provider: openai, model: gpt-4o-mini, api_key: ["secret://first", "secret://second"]}
      - {provider: anthropic, model: claude-haiku-4-5, api_key: "secret://third"}
embeddings: {provider: openai, openai: {model: text-embedding-3-small, api_key: "secret://vectors"}}
vectorstore: {provider: memory}
`;

function setting({ yaml = YAML }: { readonly yaml?: string } = {}) {
  const missing = new Set<string>();
  const state: { nowMs: number; ready: () => Promise<void>; asked: number } = {
    nowMs: 0,
    ready: async () => {},
    asked: 0,
  };
  const logged: string[] = [];
  const readiness = createReadiness({
    config: parseConfig(yaml, { environment: {} }).config,
    backends: {
      vectorStore: createLazy(async () => ({
        ready: () => {
          state.asked += 1;
          return state.ready();
        },
      })),
    } as unknown as Pick<Backends, 'vectorStore'> & { vectorStore: { get: () => Promise<VectorStore> } },
    credentials: {
      async resolve(value: SecretValue) {
        const name = 'secret' in value ? value.secret : '';
        if (missing.has(name)) throw new AppError('configuration', `The secret "${name}" does not exist.`);
        return 'key';
      },
    },
    log: (_severity, message) => void logged.push(message),
    now: () => state.nowMs,
    timeLimitMs: 20,
  });
  return { readiness, missing, state, logged };
}

describe('readiness', () => {
  it('has nothing to say where store and keys can be used', async () => {
    const { readiness, logged } = setting();
    for (const name of ['chat', 'embed', 'ingest', 'search', 'gateway']) expect(await readiness(name)).toEqual([]);
    expect(logged).toEqual([]);
  });

  it('names a store that cannot be used, in the log too, to every function that needs it', async () => {
    const { readiness, state, logged } = setting();
    state.ready = () => Promise.reject(new AppError('network', 'Firestore cannot be reached.'));
    expect(await readiness('search')).toEqual(['The vector store is not usable (network).']);
    expect(await readiness('chat')).toEqual(['The vector store is not usable (network).']);
    expect(await readiness('embed')).toEqual([]);
    expect(logged).toEqual(['not ready', 'not ready']);
  });

  it('waits no longer than its limit for one that does not answer', async () => {
    const { readiness, state } = setting();
    state.ready = () => new Promise(() => {});
    expect(await readiness('search')).toEqual(['The vector store is not usable (timeout).']);
  });

  it('is content with one key of an agent, and not without any', async () => {
    const some = setting();
    for (const name of ['first', 'third']) some.missing.add(name);
    expect(await some.readiness('chat')).toEqual([]);
    const none = setting();
    for (const name of ['first', 'second', 'third']) none.missing.add(name);
    expect(await none.readiness('chat')).toEqual(['Every key of the agent agent is not usable (configuration).']);
    expect(await none.readiness('search')).toEqual([]);
  });

  it('asks for the key of the embedding model wherever texts are embedded', async () => {
    const { readiness, missing } = setting();
    missing.add('vectors');
    for (const name of ['chat', 'embed', 'ingest', 'search']) {
      expect(await readiness(name)).toEqual(['The key of the embedding model is not usable (configuration).']);
    }
  });

  it('is asked once for all who want to know within five seconds, and again after that', async () => {
    const { readiness, state } = setting();
    await Promise.all([readiness('search'), readiness('search'), readiness('search')]);
    state.nowMs = 4_999;
    await readiness('search');
    expect(state.asked).toBe(1);
    state.ready = () => Promise.reject(new AppError('network', 'down'));
    state.nowMs = 5_001;
    expect(await readiness('search')).toHaveLength(1);
    expect(state.asked).toBe(2);
  });
});
