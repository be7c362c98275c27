import type { LegConfig } from '../../config/types.ts';
import type { ChatResult } from '../../contracts/chat-provider.ts';
import type { ResponseCache } from '../../contracts/response-cache.ts';
import { withLegDefaults } from '../chat/chat-request.ts';
import type { Lazy } from '../lazy.ts';
import { isCacheableAnswer, isCacheableRequest, isSteady } from './cacheable.ts';
import { type CacheableRequest, keyOf } from './request-key.ts';
import type { SemanticCache } from './semantic-cache.ts';
import { createSingleFlight, type Landed } from './single-flight.ts';
import { fromStoredText, type StoredAnswer, toStoredText } from './stored-answer.ts';

/** What the legs of a route gave, as far as the cache looks at it. */
export interface Produced {
  readonly leg: LegConfig;
  readonly result: { readonly result: ChatResult; readonly dropped: readonly string[] };
}

/** A request that the cache takes part in. */
export interface CacheTicket {
  readonly key: string;
  readonly input: CacheableRequest;
}

/** `produced`: an upstream was asked, for this caller. `answer`: none was, for this caller; it costs nothing. */
export type CacheOutcome<Result> = { readonly produced: Result } | { readonly answer: StoredAnswer };

/** `Result` may carry more than what the legs gave, such as the facts of an entry in the ledger. */
export interface AnswerCache<Result extends Produced = Produced> {
  /** Undefined when the cache takes no part in the request. */
  ticketFor(input: CacheableRequest, options?: { readonly enabled?: boolean | undefined }): CacheTicket | undefined;

  /** An answer that is there, for a request that is to be streamed. */
  find(ticket: CacheTicket, signal: AbortSignal): Promise<StoredAnswer | undefined>;

  /**
   * The stored answer, or what `produce` gives. Equal requests at the same time are one: the first produces under a
   * signal that is aborted when all of them have left, the others get its answer when that may be shared, and produce
   * for themselves when it may not or the first failed.
   * @throws what `produce` throws; AppError `cancelled`, or what the signal was aborted with.
   */
  run(input: {
    readonly ticket: CacheTicket;
    readonly signal: AbortSignal;
    readonly produce: (signal: AbortSignal) => Promise<Result>;
  }): Promise<CacheOutcome<Result>>;
}

export interface AnswerCacheOptions {
  readonly cache: Pick<Lazy<Pick<ResponseCache, 'get' | 'set'>>, 'get'>;
  readonly ttlMs: number;
  /** Answers to requests with a temperature above 0 may be stored too. */
  readonly allowTemperature: boolean;
  readonly semantic?: SemanticCache;
  /** Told when the cache cannot be had at all. */
  readonly onFault?: (error: unknown) => void;
}

/** Finished answers that are used again. Streams read from it and are never written to it. */
export function createAnswerCache<Result extends Produced = Produced>({
  cache,
  ttlMs,
  allowTemperature,
  semantic,
  onFault,
}: AnswerCacheOptions): AnswerCache<Result> {
  const flights = createSingleFlight<Result, StoredAnswer>();

  const use = async <T>(operation: (store: Pick<ResponseCache, 'get' | 'set'>) => Promise<T>) => {
    try {
      return await operation(await cache.get());
    } catch (error) {
      onFault?.(error);
      return undefined;
    }
  };

  const read = async (key: string): Promise<StoredAnswer | undefined> => {
    const text = await use((store) => store.get(key));
    return text === undefined ? undefined : fromStoredText(text);
  };

  const lookUp = async ({ key, input }: CacheTicket, signal: AbortSignal) => {
    const answer = await read(key);
    if (answer || !semantic) return { answer };
    const match = await semantic.find(input, signal);
    for (const similar of match?.keys ?? []) {
      const found = await read(similar);
      if (found) return { answer: found };
    }
    return { match };
  };

  const toAnswer = ({ route, request }: CacheableRequest, { leg, result }: Produced): StoredAnswer | undefined => {
    const { provider, model } = leg;
    const { completion } = result.result;
    if (!isCacheableAnswer(completion)) return undefined;
    if (!allowTemperature && !isSteady(withLegDefaults(request, leg, route.agent))) return undefined;
    return { provider, model, dropped: result.dropped, completion };
  };

  return {
    ticketFor(input, { enabled = true } = {}) {
      if (!enabled || !isCacheableRequest(input, { allowTemperature })) return undefined;
      try {
        return { key: keyOf(input), input };
      } catch (error) {
        // A request nested so deeply that it cannot be walked is the provider's to refuse.
        onFault?.(error);
        return undefined;
      }
    },

    async find(ticket, signal) {
      return (await lookUp(ticket, signal)).answer;
    },

    async run({ ticket, signal, produce }) {
      const { key, input } = ticket;
      const fly = async (flightSignal: AbortSignal): Promise<Landed<Result, StoredAnswer>> => {
        const { answer, match } = await lookUp(ticket, flightSignal);
        if (answer) return { shared: answer };
        const produced = await produce(flightSignal);
        const made = toAnswer(input, produced);
        if (!made) return { own: produced };
        // Waited for, because an instance may get no time for anything once the answer is out.
        await use((store) => store.set(key, toStoredText(made), { ttlMs }));
        await match?.remember(key, flightSignal);
        return { own: produced, shared: made };
      };
      const { own, shared } = await flights.join({ key, signal, fly });
      return own === undefined ? { answer: shared as StoredAnswer } : { produced: own };
    },
  };
}
