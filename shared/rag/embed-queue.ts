import { type AppError, toAppError, withUsage } from '../contracts/app-error.ts';
import type { EmbeddingProvider, EmbeddingPurpose } from '../contracts/embedding-provider.ts';
import type { Policy } from '../resilience/retry.ts';
import { createAbortWatch } from './abort-watch.ts';
import { checkVectors } from './check-vectors.ts';
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
import { checkWhole, isAboutSize, ofText } from './embed-refusal.ts';

export interface EmbedQueueOptions {
  readonly provider: EmbeddingProvider;
  /** Most requests in flight. */
  readonly concurrency: number;
  readonly attempt: Policy;
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

/** A request on its way, aborted when no job waits for it any more. */
interface Flight {
  readonly controller: AbortController;
  readonly jobs: Set<Job>;
}

type Entry = BatchEntry<Job>;

/** How long a request for documents may wait for more texts to fill it, while other requests are under way. */
const LINGER_MS = 5;

/**
 * The queue in front of a provider. Callers that come at the same time share requests, so that many small documents take
 * no more requests than one large one. A text that is refused fails its own caller and nobody else.
 */
export function createEmbedQueue({ provider, concurrency, attempt, onVector }: EmbedQueueOptions): EmbedQueue {
  const watch = createAbortWatch();
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

  /** Divides a request's tokens among its callers. A text that several share is paid by the first that has not left. */
  const charge = (entries: readonly Entry[], tokens: number | undefined): void => {
    const payers = entries.toSorted((left, right) => Number(left.source.settled) - Number(right.source.settled));
    const shares = shareTokens(payers, tokens);
    for (const [position, { source }] of payers.entries()) source.tokens += shares[position] ?? 0;
  };

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
      const result = await attempt((underway) => {
        for (const job of flight.jobs) job.requests += 1;
        return provider.embed(texts, { purpose, signal: underway });
      }, signal);
      const { vectors, usage } = result;
      charge(entries, usage?.tokens);
      for (const { item } of entries) checkWhole(item, result, provider);
      const checked = checkVectors(vectors, { count: texts.length, dimensions: knownDimensions(), name });
      dimensions = checked.dimensions;
      land();
      const places = new Map(texts.map((text, position) => [text, position]));
      for (const [text, position] of places) {
        if (!checked.faults.has(position)) onVector(text, vectors[position] as Float32Array, purpose);
      }
      for (const { item, source } of entries) {
        const position = places.get(item.text) as number;
        const fault = checked.faults.get(position);
        if (fault !== undefined) source.finish(fault);
        else source.vectors.set(item.text, vectors[position] as Float32Array);
        if (source.vectors.size === source.count) source.finish();
      }
      return undefined;
    } catch (thrown) {
      land();
      const error = toAppError(thrown, signal);
      if (error.usage !== undefined) charge(entries, error.usage.prompt_tokens);
      return error;
    }
  };

  /** Embeds a batch, in halves where it is refused for its size. @returns whether all of it passed. */
  const perform = async (entries: readonly Entry[], purpose: EmbeddingPurpose): Promise<boolean> => {
    const live = entries.filter(({ source }) => !source.settled);
    const [first] = live;
    if (first === undefined) return false;
    // Another batch may have met the provider's limit since this one was made: too large now, it is halved unsent.
    const isAsked = live.length === 1 || fitsCaps(live, caps());
    const error = isAsked ? await request(live, purpose) : undefined;
    if (isAsked && error === undefined) return true;
    if (error !== undefined && !isAboutSize(error)) {
      await separate(live, error, purpose);
      return false;
    }
    if (error !== undefined && live.length === 1) {
      first.source.finish(ofText(error, first.item, provider));
      return false;
    }
    const middle = Math.ceil(live.length / 2);
    const front = await perform(live.slice(0, middle), purpose);
    const back = await perform(live.slice(middle), purpose);
    // When a half fails too, one text is too long; that says nothing about how many fit.
    if (error !== undefined && front && back) learned = learnCap(caps(), live);
    return front && back;
  };

  /**
   * Fails the callers of a request. Only when several share it and its answer was unusable as a whole is the text at
   * fault looked for, since one caller's text may have spoilt it for all: both halves are sent again. When both fail, the
   * provider is at fault; when one fails, that half is searched further. This takes two requests per halving.
   */
  const separate = async (entries: readonly Entry[], error: AppError, purpose: EmbeddingPurpose): Promise<void> => {
    const live = entries.filter(({ source }) => !source.settled);
    const isShared = live.some(({ source }) => source !== live[0]?.source);
    if (error.code !== 'invalid_output' || !isShared) {
      for (const { source } of live) source.finish(error);
      return;
    }
    const middle = Math.ceil(live.length / 2);
    const failed: { readonly half: readonly Entry[]; readonly error: AppError }[] = [];
    for (const part of [live.slice(0, middle), live.slice(middle)]) {
      const half = part.filter(({ source }) => !source.settled);
      const fault = half.length === 0 ? undefined : await request(half, purpose);
      if (fault !== undefined) failed.push({ half, error: fault });
    }
    const [first, second] = failed;
    if (first !== undefined && second === undefined) await separate(first.half, first.error, purpose);
    else for (const { half, error: fault } of failed) for (const { source } of half) source.finish(fault);
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

  /**
   * Starts as many requests as there is room for. Somebody is waiting for the answer to a query, so queries go first and
   * never wait for more texts. @param isOver the wait for more texts of documents is over.
   */
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
            else reject(job.tokens === 0 ? error : withUsage(error, job.tokens));
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
