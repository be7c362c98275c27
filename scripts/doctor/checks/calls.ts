import { createApp } from '../../../shared/app/create-app.ts';
import type { LegConfig } from '../../../shared/config/types.ts';
import { createChatCompletionsFormat } from '../../../shared/http/dialects/chat-completions-format.ts';
import { chatSchema } from '../../../shared/http/schemas/chat-schema.ts';
import { plainCall } from '../../../shared/telemetry/call.ts';
import type { ConfigurationScene } from '../configuration-scene.ts';
import { explainError } from '../explain-error.ts';
import { type Check, type Finding, fine, problem } from '../finding.ts';
import { listLegs, namesOf } from '../targets.ts';

/** A model that has to be loaded first takes its time. */
const TIMEOUT_MS = 120_000;

/** Asks each model for a word and the embeddings for a vector: what no list tells, such as an empty account. */
export const callsCheck: Check<ConfigurationScene> = {
  name: 'calls',
  async run(scene) {
    const { config, call } = scene;
    if (!call) return [];
    const legs = listLegs(config);
    const chats = legs.length === 0 ? [] : await askAll(scene, legs);
    return config.embeddings === undefined ? chats : [...chats, await embed(scene, config.embeddings)];
  },
};

async function askAll(
  { config, environment, file }: ConfigurationScene,
  legs: readonly LegConfig[],
): Promise<readonly Finding[]> {
  const [agent] = config.agents;
  if (agent === undefined) return [];
  // One agent for each leg, so that no other leg answers in its place; nothing is written into a ledger or a cache.
  const agents = legs.map((leg, index) => ({
    ...agent,
    name: `doctor-${index}`,
    role: 'assistant' as const,
    tools: [],
    legs: [leg],
    retry: { ...agent.retry, maxAttempts: 1 },
  }));
  const { cache: _cache, ...rest } = config;
  const alone = {
    ...rest,
    agents,
    routing: { rules: [] },
    warnings: [],
    observability: { ...config.observability, ledger: 'memory' as const },
  };
  const app = createApp(alone, { environment, log: () => {} });
  try {
    return await Promise.all(
      legs.map(async (leg, index) => {
        const subject = `${leg.provider}/${leg.model}`;
        try {
          const chat = await app.chat.get();
          await chat.complete({
            body: chatSchema.parse({
              model: `doctor-${index}`,
              messages: [{ role: 'user', content: 'Say OK.' }],
              max_tokens: 16,
            }),
            format: createChatCompletionsFormat({ includeUsage: false }),
            caller: { tenant: null },
            signal: AbortSignal.timeout(TIMEOUT_MS),
            call: plainCall(`doctor-${index}`),
            header: () => undefined,
          });
          return fine(subject, 'answers');
        } catch (error) {
          return explainError(subject, error, namesOf(leg, file));
        }
      }),
    );
  } finally {
    await app.close();
  }
}

async function embed(
  { backends, config: { vectorstore }, file }: ConfigurationScene,
  embeddings: NonNullable<ConfigurationScene['config']['embeddings']>,
): Promise<Finding> {
  const subject = `${embeddings.provider}/${embeddings.model}`;
  const names = namesOf(embeddings, file);
  try {
    const provider = await backends.embedding(embeddings);
    const { vectors } = await provider.embed(['word'], { purpose: 'query', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const length = vectors[0]?.length ?? 0;
    const stored = vectorstore?.embeddingDimensions ?? length;
    return length === stored
      ? fine(subject, `makes vectors of ${length} dimensions`)
      : problem(subject, `makes vectors of ${length} dimensions, and the store has ${stored}`, 'dimensions', names);
  } catch (error) {
    return explainError(subject, error, names);
  }
}
