import type { SecretValue } from '../config/secret-value.ts';
import type { SluiceConfig } from '../config/types.ts';
import { toAppError } from '../contracts/app-error.ts';
import { createDeadline } from '../resilience/deadline.ts';
import { untilAborted } from '../resilience/until-aborted.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import type { Backends } from './backends.ts';
import type { Credentials } from './credentials.ts';
import { createLazy, type Lazy } from './lazy.ts';

/** A prober waits a second or few; what does not answer by then is not ready. */
const TIME_LIMIT_MS = 3_000;
/** Probes come every few seconds from several places, and one answer serves them all. */
const KEEP_MS = 5_000;

/** What keeps a function from doing its work, one line each, as anybody may read it; empty when it is ready. */
export type Readiness = (functionName: string) => Promise<readonly string[]>;

export interface ReadinessOptions {
  readonly config: Pick<SluiceConfig, 'agents' | 'embeddings' | 'vectorstore'>;
  readonly backends: Pick<Backends, 'vectorStore'>;
  readonly credentials: Pick<Credentials, 'resolve'>;
  readonly log: Log;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** Default 3,000. */
  readonly timeLimitMs?: number;
}

interface Check {
  /** Begins the sentence that says what is wrong. */
  readonly name: string;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/**
 * Asks what the function depends on: its vector store, and the keys that it reads from Secret Manager. Providers are not
 * asked: one that is down is what cascades are for.
 */
export function createReadiness({
  config,
  backends,
  credentials,
  log,
  now = () => performance.now(),
  timeLimitMs = TIME_LIMIT_MS,
}: ReadinessOptions): Readiness {
  const known = new Map<string, { readonly answer: Lazy<readonly string[]>; readonly untilMs: number }>();

  /** One of several keys is enough, and a target without keys needs none. */
  const canRead = async (keys: readonly SecretValue[], signal: AbortSignal): Promise<void> =>
    await firstOf(keys.map((key) => () => credentials.resolve(key, signal)));

  const store: Check = { name: 'The vector store', run: async () => (await backends.vectorStore.get()).ready() };
  const embeddingKey: Check = {
    name: 'The key of the embedding model',
    run: (signal) => canRead(config.embeddings?.apiKeys ?? [], signal),
  };
  const agentKeys = config.agents.map(
    ({ name, legs }): Check => ({
      name: `Every key of the agent ${name}`,
      run: (signal) =>
        firstOf(
          legs.map(
            ({ apiKeys }) =>
              () =>
                canRead(apiKeys, signal),
          ),
        ),
    }),
  );

  const checksOf = (functionName: string): readonly Check[] => {
    const chats = functionName === 'chat' || functionName === 'gateway';
    return [
      ...(config.vectorstore !== undefined && functionName !== 'embed' ? [store] : []),
      ...(chats ? agentKeys : []),
      embeddingKey,
    ];
  };

  const ask = async (functionName: string): Promise<readonly string[]> => {
    const checks = checksOf(functionName);
    const results = await Promise.allSettled(
      checks.map(async ({ name, run }) => {
        const deadline = createDeadline(new AbortController().signal, timeLimitMs, name);
        try {
          await untilAborted(run(deadline.signal), deadline.signal);
        } finally {
          deadline.end();
        }
      }),
    );
    return results.flatMap((result, index) => {
      if (result.status === 'fulfilled') return [];
      const name = checks[index]?.name;
      log('ERROR', 'not ready', { function: functionName, what: name, error: describeError(result.reason) });
      return [`${name} is not usable (${toAppError(result.reason).code}).`];
    });
  };

  return (functionName) => {
    const kept = known.get(functionName);
    if (kept !== undefined && now() < kept.untilMs) return kept.answer.get();
    const answer = createLazy(() => ask(functionName));
    known.set(functionName, { answer, untilMs: now() + KEEP_MS });
    return answer.get();
  };
}

/** Resolves as soon as one does. @throws what the first one threw, when none does. */
async function firstOf(attempts: readonly (() => Promise<unknown>)[]): Promise<void> {
  const outcomes = await Promise.allSettled(attempts.map((attempt) => attempt()));
  const [first] = outcomes;
  if (first?.status === 'rejected' && outcomes.every(({ status }) => status === 'rejected')) throw first.reason;
}
