import type { ChatMessage, ChatRequest } from '../../contracts/chat-provider.ts';
import { readContext } from '../../contracts/context-format.ts';
import type { VectorStore } from '../../contracts/vector-store.ts';
import { sha256 } from '../../rag/document-key.ts';
import { waitFor } from '../../stores/abort.ts';
import { type CacheableRequest, keyOfSurroundings } from './request-key.ts';

export interface SemanticCacheOptions {
  /** A question's vector, and the name of the vector space it lies in. */
  readonly embed: (
    text: string,
    signal: AbortSignal,
  ) => Promise<{ readonly vector: Float32Array; readonly space: string }>;
  /** A store for cosine similarity, with the length of these vectors. */
  readonly store: () => Promise<Pick<VectorStore, 'query' | 'upsert'>>;
  /** Lowest cosine similarity of two questions that have the same answer. */
  readonly threshold: number;
  readonly ttlMs: number;
  /** Longest wait for a look-up or for a write, in milliseconds. Default 2,000. */
  readonly timeoutMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly onFault?: (error: unknown) => void;
}

/** What is known about a question. */
export interface SemanticMatch {
  /** Keys of the answers to questions like it, the nearest first. */
  readonly keys: readonly string[];
  /** Notes the key under which this question's own answer is stored. */
  remember(key: string, signal: AbortSignal): Promise<void>;
}

export interface SemanticCache {
  /** Undefined when the request is not a plain question, and on any fault. */
  find(input: CacheableRequest, signal: AbortSignal): Promise<SemanticMatch | undefined>;
}

const COLLECTION = 'sluice_cache';
const NEIGHBOURS = 3;
/** Digits of the key that name a question's place, 4,096 per tenant: a newer question takes an older one's place. */
const PLACE_DIGITS = 3;

/**
 * Finds the answer to a question that was asked in other words. The vector store holds questions as vectors with the key
 * of their answer, and no text; the answers themselves are where all answers are. Two questions are compared only when
 * all else is equal: tenant, agent, legs, prompts and parameters.
 */
export function createSemanticCache({
  embed,
  store,
  threshold,
  ttlMs,
  timeoutMs = 2_000,
  now = Date.now,
  onFault,
}: SemanticCacheOptions): SemanticCache {
  /** A fault, or an answer that comes too late, is as good as none. */
  const attempt = async <T>(signal: AbortSignal, operation: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await waitFor(operation, { signal, timeoutMs });
    } catch (error) {
      if (!signal.aborted) onFault?.(error);
      return undefined;
    }
  };

  return {
    find: (input, signal) =>
      attempt(signal, async () => {
        const question = readQuestion(input.request);
        if (question === undefined) return undefined;
        const { vector, space } = await embed(question, signal);
        const { tenant } = input;
        const scope = sha256(`${space}\n${keyOfSurroundings(input)}`);
        const filter = { type: 'eq', key: 'scope', value: scope } as const;
        const query = { collection: COLLECTION, tenant, vector, topK: NEIGHBOURS, minScore: threshold, filter, signal };
        const found = await (await store()).query(query);
        const isCurrent = ({ metadata: { expires_at: end } }: (typeof found)[number]) =>
          typeof end === 'number' && end > now();
        return {
          keys: found.filter(isCurrent).map(({ content }) => content),
          async remember(key, noting) {
            const chunk = {
              id: key.slice(0, PLACE_DIGITS),
              documentId: 'questions',
              index: 0,
              content: key,
              contentHash: sha256(key),
              embedding: vector,
              embeddingModel: space,
              metadata: { scope, expires_at: now() + ttlMs },
              tenant,
            };
            await attempt(noting, async () => {
              const { failed } = await (await store()).upsert([chunk], { collection: COLLECTION, signal: noting });
              if (failed[0]) throw failed[0].error;
            });
          },
        };
      }),
  };
}

/**
 * The text of a request that is one plain question. Later turns depend on the ones before, answers in a given form or
 * through tools are not ones to be approximate about, and questions with retrieved passages are about those passages.
 */
function readQuestion({ messages, tools, functions, response_format: format }: ChatRequest): string | undefined {
  if (tools?.length || functions?.length || (format && format.type !== 'text')) return undefined;
  const question = messages.at(-1);
  if (question?.role !== 'user' || !messages.slice(0, -1).every(isInstruction)) return undefined;
  const text = readText(question.content);
  return text === undefined || text.trim() === '' ? undefined : text;
}

function isInstruction({ role, content }: ChatMessage): boolean {
  if (role !== 'system' && role !== 'developer') return false;
  return typeof content !== 'string' || readContext(content) === undefined;
}

function readText(content: ChatMessage['content']): string | undefined {
  if (typeof content === 'string') return content;
  const texts = (content ?? []).map((part) => (part.type === 'text' ? part.text : undefined));
  return texts.includes(undefined) ? undefined : texts.join('\n');
}
