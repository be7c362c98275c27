import { type AppError, toAppError } from '../contracts/app-error.ts';
import type { EmbeddingProvider, EmbeddingPurpose } from '../contracts/embedding-provider.ts';
import { checkVectors } from './check-vectors.ts';
import { createDepartures } from './departures.ts';
import {
  type BatchCaps,
  type BatchEntry,
  type BatchItem,
  type BatchSource,
  fitsCaps,
  isFull,
  learnCap,
  narrowCaps,
  shareTokens,
  takeBatch,
  toBatchCaps,
} from './embed-batch.ts';
import { atIndex, isAboutSize } from './embed-refusal.ts';

/** The one policy shape: run it, perhaps again, under this signal. */
export type RetryPolicy = <T>(operation: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) => Promise<T>;

export interface EmbedQueueOptions {
  readonly provider: EmbeddingProvider;
  /** Most requests in flight. */
  readonly concurrency: number;
  readonly attempt: RetryPolicy;
  /** Told of every vector that arrives. */
  readonly onVector: (text: string, vector: Float32Array, purpose: EmbeddingPurpose) => void;
}

export interface Gathered {
  readonly vectors: ReadonlyMap<string, Float32Array>;
  /** This call's share where a request was shared. */
  readonly tokens: number;
  /** Requests that held a text of this call. */
  readonly requests: number;
}

export interface EmbedQueue {
  /** Known from the start or learned from the first answer. */
  readonly dimensions: number | undefined;
  /** Distinct texts of one caller. */
  embed(items: readonly BatchItem[], purpose: EmbeddingPurpose, signal: AbortSignal): Promise<Gathered>;
}

/** One caller's texts. */
interface Job extends BatchSource {
  readonly count: number;
  readonly vectors: Map<string, Float32Array>;
  readonly flights: Set<Flight>;
  readonly finish: (error?: AppError) => void;
  tokens: number;
  requests: number;
  settled: boolean;
}

/** A request on its way. It is called off when nobody waits for it any more. */
interface Flight {
  readonly controller: AbortController;
  readonly jobs: Set<Job>;
}

type Entry = BatchEntry<Job>;

/** How long texts of documents may wait for others to share a request with, while requests are under way anyway. */
const LINGER_MS = 5;

/**
 * The line in front of a provider. Callers that come at the same time share requests: ingesting many small documents
 * takes as few of them as one large document does. What is wrong with one caller's text is that caller's failure alone.
 */
export function createEmbedQueue({ provider, concurrency, attempt, onVector }: EmbedQueueOptions): EmbedQueue {
  const watch = createDepartures();
  const lines: Record<EmbeddingPurpose, Job[]> = { query: [], document: [] };
  const name = `${provider.id}/${provider.model}`;
  let learned: BatchCaps = { items: Infinity, tokens: Infinity, bytes: Infinity };
  let dimensions: number | undefined;
  let running = 0;
  let isDue = false;
  let isLingering = false;

  const knownDimensions = (): number | undefined => dimensions ?? provider.dimensions;
  /** Asked each time: some providers learn their limits from the server. */
  const caps = (): BatchCaps => narrowCaps(toBatchCaps(provider), learned);

  /** One request. @returns what went wrong. */
  const request = async (entries: readonly Entry[], purpose: EmbeddingPurpose): Promise<AppError | undefined> => {
    const flight: Flight = { controller: new AbortController(), jobs: new Set(entries.map(({ source }) => source)) };
    for (const job of flight.jobs) job.flights.add(flight);
    const land = (): void => {
      for (const job of flight.jobs) job.flights.delete(flight);
    };
    const { signal } = flight.controller;
    const texts = [...new Set(entries.map(({ item }) => item.text))];
    try {
      const { vectors, usage } = await attempt((underway) => {
        for (const job of flight.jobs) job.requests += 1;
        return provider.embed(texts, { purpose, signal: underway });
      }, signal);
      dimensions = checkVectors(vectors, { count: texts.length, dimensions: knownDimensions(), name });
      land();
      const shares = shareTokens(entries, usage?.tokens);
      for (const [position, { source }] of entries.entries()) source.tokens += shares[position] ?? 0;
      const byText = new Map(texts.map((text, position) => [text, vectors[position] as Float32Array]));
      for (const [text, vector] of byText) onVector(text, vector, purpose);
      for (const { item, source } of entries) {
        const vector = byText.get(item.text);
        if (vector !== undefined) source.vectors.set(item.text, vector);
        if (source.vectors.size === source.count) source.finish();
      }
      return undefined;
    } catch (thrown) {
      land();
      return toAppError(thrown, signal);
    }
  };

  /** A batch, in halves where it is refused for its size. @returns whether all of it passed. */
  const perform = async (entries: readonly Entry[], purpose: EmbeddingPurpose): Promise<boolean> => {
    const live = entries.filter(({ source }) => !source.settled);
    const [first] = live;
    if (first === undefined) return false;
    // What was learned since the batch was made, from another one, holds for it too.
    const isAsked = live.length === 1 || fitsCaps(live, caps());
    const error = isAsked ? await request(live, purpose) : undefined;
    if (isAsked && error === undefined) return true;
    if (error !== undefined && !isAboutSize(error)) {
      for (const { source } of live) source.finish(error);
      return false;
    }
    if (error !== undefined && live.length === 1) {
      first.source.finish(atIndex(error, first.item.index));
      return false;
    }
    const middle = Math.ceil(live.length / 2);
    const front = await perform(live.slice(0, middle), purpose);
    const back = await perform(live.slice(middle), purpose);
    // A half that fails as well tells of a text that is too long, not of too many.
    if (error !== undefined && front && back) learned = learnCap(caps(), live);
    return front && back;
  };

  const start = async (entries: readonly Entry[], purpose: EmbeddingPurpose): Promise<void> => {
    running += 1;
    try {
      await perform(entries, purpose);
    } finally {
      running -= 1;
      pump();
    }
  };

  /** Starts what there is room for. Someone waits for a query, so queries go first and never wait for company. */
  const pump = (isOver = false): void => {
    for (const purpose of ['query', 'document'] as const) {
      const line = lines[purpose];
      while (running < concurrency && line.length > 0) {
        if (purpose === 'document' && running > 0 && !isOver && !isFull(line, caps())) {
          if (isLingering) return;
          isLingering = true;
          setTimeout(() => {
            isLingering = false;
            pump(true);
          }, LINGER_MS);
          return;
        }
        void start(takeBatch(line, caps()), purpose);
      }
    }
  };

  return {
    get dimensions() {
      return knownDimensions();
    },
    async embed(items, purpose, signal) {
      if (signal.aborted) throw toAppError(signal.reason, signal);
      if (items.length === 0) return { vectors: new Map(), tokens: 0, requests: 0 };
      return await new Promise((resolve, reject) => {
        const job: Job = {
          items: [...items],
          count: items.length,
          vectors: new Map(),
          flights: new Set(),
          tokens: 0,
          requests: 0,
          settled: false,
          finish(error) {
            if (job.settled) return;
            job.settled = true;
            unwatch();
            const place = lines[purpose].indexOf(job);
            if (place !== -1) lines[purpose].splice(place, 1);
            for (const { jobs, controller } of job.flights) {
              jobs.delete(job);
              if (jobs.size === 0) controller.abort(error);
            }
            if (error === undefined) resolve({ vectors: job.vectors, tokens: job.tokens, requests: job.requests });
            else reject(error);
          },
        };
        const unwatch = watch(signal, () => job.finish(toAppError(signal.reason, signal)));
        lines[purpose].push(job);
        if (isDue) return;
        // Not at once: others may come in the same turn of the event loop.
        isDue = true;
        setImmediate(() => {
          isDue = false;
          pump();
        });
      });
    },
  };
}
