import { knownEmbeddingModel } from '../config/embedding-dimensions.ts';
import type { EmbeddingProviderName } from '../config/names.ts';
import { AppError, withUsage } from '../contracts/app-error.ts';
import type { EmbeddingProvider, EmbeddingPurpose } from '../contracts/embedding-provider.ts';
import type { HttpFetch, HttpResponse } from '../contracts/http-fetch.ts';
import { toUpstreamError } from '../resilience/upstream-error.ts';
import { readErrorText } from '../resilience/upstream-error-text.ts';
import { type ExpectedVectors, invalidAnswer, toVectors } from './vectors.ts';

/** How a vendor is reached, whichever it is. */
export interface EmbeddingAccess {
  /** The key or token, resolved on every request; undefined where the target needs none. */
  readonly credential: (signal: AbortSignal) => Promise<string | undefined>;
  /** A newer one after `refused` was refused; undefined when there is none. Asked once per request. */
  readonly renew?: (refused: string, signal: AbortSignal) => Promise<string | undefined>;
  readonly fetch: HttpFetch;
}

export interface EmbeddingLimits {
  readonly maxBatchSize: number;
  readonly maxBatchTokens: number;
  readonly maxInputTokens: number;
}

export interface EmbeddingPost {
  readonly url: string;
  readonly body: unknown;
  /** Besides the content type and the credential. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface EmbeddingAnswer {
  /** In the order of the texts: lists of numbers, or vectors already. */
  readonly vectors: unknown;
  /** As the vendor counted them, if it did. */
  readonly tokens?: unknown;
}

export interface Refusal {
  readonly status: number;
  readonly body: string;
}

/** What is a vendor's own; everything else is the same for all. */
export interface EmbeddingWire {
  readonly id: EmbeddingProviderName;
  readonly model: string;
  /** The length that was asked for; undefined means the model's own. */
  readonly dimensions: number | undefined;
  readonly limits: () => EmbeddingLimits;
  /** It cannot be told to refuse a text that is too long. Default: it refuses. */
  readonly mayCut?: boolean;
  readonly learnLimits?: NonNullable<EmbeddingProvider['learnLimits']>;
  toPost(texts: readonly string[], purpose: EmbeddingPurpose): EmbeddingPost;
  fromAnswer(answer: unknown, count: number, headers: HttpResponse['headers']): EmbeddingAnswer;
  /** The headers that carry a credential. Default: a bearer token. */
  readonly toCredential?: (credential: string) => Readonly<Record<string, string>>;
  /** What to say when there is no credential; absent where none is needed. */
  readonly withoutCredential?: string;
  /** The vendor's own reading of a refusal; undefined leaves it to the status. */
  readonly toError?: (refusal: Refusal) => AppError | undefined;
  /** Runs before each request, after the credential is known. @throws AppError to keep it from being sent. */
  readonly before?: (texts: readonly string[], signal: AbortSignal) => Promise<void>;
  /** Applied to each vector, which is checked by then. */
  readonly finish?: (vector: Float32Array) => Float32Array;
}

/** 2,048 vectors of 3,072 numbers in decimals are about 80 MB. */
const MAX_RESPONSE_BYTES = 128 * 1024 * 1024;

/**
 * An embedding provider from its wire format: one request per call, the credential renewed once when it is refused,
 * refusals by their status, vectors checked.
 *
 * @throws AppError `configuration` when the dimensions do not fit the model.
 */
export function createRemoteEmbeddings(wire: EmbeddingWire, access: EmbeddingAccess): EmbeddingProvider {
  const { id, model } = wire;
  checkDimensions(wire);
  let dimensions = wire.dimensions ?? knownEmbeddingModel(id, model)?.dimensions;

  const send = async (post: EmbeddingPost, credential: string | undefined, signal: AbortSignal) => {
    const { toCredential = toBearer } = wire;
    const response = await access.fetch(post.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...post.headers,
        ...(credential === undefined ? {} : toCredential(credential)),
      },
      body: Buffer.from(JSON.stringify(post.body)),
      signal,
      maxBytes: MAX_RESPONSE_BYTES,
    });
    const { status, headers, ok } = response;
    const body = ok ? await response.text() : await readErrorText(response, signal);
    if (ok) return { body, headers };
    throw wire.toError?.({ status, body }) ?? toUpstreamError({ provider: id, status, body, headers });
  };

  const ask = async (post: EmbeddingPost, credential: string | undefined, signal: AbortSignal) => {
    try {
      return await send(post, credential, signal);
    } catch (error) {
      if (credential === undefined || !(error instanceof AppError) || error.code !== 'authentication') throw error;
      const renewed = await access.renew?.(credential, signal);
      if (renewed === undefined) throw error;
      return await send(post, renewed, signal);
    }
  };

  return {
    id,
    model,
    ...(wire.mayCut ? { mayCut: true } : {}),
    ...(wire.learnLimits === undefined ? {} : { learnLimits: wire.learnLimits }),
    get dimensions() {
      return dimensions;
    },
    get maxBatchSize() {
      return wire.limits().maxBatchSize;
    },
    get maxBatchTokens() {
      return wire.limits().maxBatchTokens;
    },
    get maxInputTokens() {
      return wire.limits().maxInputTokens;
    },

    async embed(texts, { purpose, signal }) {
      if (texts.length === 0) return { vectors: [] };
      const credential = await access.credential(signal);
      if (credential === undefined && wire.withoutCredential !== undefined) {
        throw new AppError('configuration', wire.withoutCredential);
      }
      await wire.before?.(texts, signal);
      const { body, headers } = await ask(wire.toPost(texts, purpose), credential, signal);
      const answer = wire.fromAnswer(parse(body, id), texts.length, headers);
      const tokens = isTokenCount(answer.tokens) ? answer.tokens : undefined;
      const vectors = checked(answer.vectors, { provider: id, count: texts.length, dimensions }, tokens);
      dimensions ??= vectors[0]?.length;
      const { finish } = wire;
      return {
        vectors: finish ? vectors.map(finish) : vectors,
        ...(tokens === undefined ? {} : { usage: { tokens } }),
      };
    },
  };
}

/** The dimensions to send: none where the model has them by itself, because some models refuse the parameter. */
export function toSentDimensions({ id, model, dimensions }: Pick<EmbeddingWire, 'id' | 'model' | 'dimensions'>) {
  return dimensions === knownEmbeddingModel(id, model)?.dimensions ? undefined : dimensions;
}

/**
 * The name of a model as part of a path.
 * @throws AppError `configuration` for one that would lead to another path.
 */
export function toModelPath(provider: string, model: string): string {
  const segments = model.split('/');
  if (segments.every((segment) => /^[\w@][\w.@-]*$/.test(segment) && !segment.includes('..'))) {
    return segments.map(encodeURIComponent).join('/');
  }
  throw new AppError('configuration', `The embedding model of ${provider} is not a model name.`, { param: 'model' });
}

export function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

function toBearer(credential: string): Record<string, string> {
  return { authorization: `Bearer ${credential}` };
}

function checkDimensions({ id, model, dimensions }: EmbeddingWire): void {
  if (dimensions === undefined) return;
  const known = knownEmbeddingModel(id, model);
  const refuse = (what: string): never => {
    throw new AppError('configuration', what, { param: 'dimensions' });
  };
  if (known?.adjustable === false && (dimensions !== known.dimensions || model === 'text-embedding-ada-002')) {
    refuse(`${model} always has ${known.dimensions} dimensions. Leave the dimensions out, or use another model.`);
  }
  if (!Number.isInteger(dimensions) || dimensions < 1 || (known !== undefined && dimensions > known.dimensions)) {
    const range = known === undefined ? 'at least 1 dimension' : `1 to ${known.dimensions} dimensions`;
    refuse(`${model} has ${range}; ${dimensions} is not possible.`);
  }
}

/** Vectors that cannot be used are paid for all the same. */
function checked(values: unknown, expected: ExpectedVectors, tokens: number | undefined): Float32Array[] {
  try {
    return toVectors(values, expected);
  } catch (error) {
    throw error instanceof AppError && tokens !== undefined ? withUsage(error, tokens) : error;
  }
}

function parse(body: string, provider: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw invalidAnswer(provider, 'something that is not JSON');
  }
}

function isTokenCount(tokens: unknown): tokens is number {
  return typeof tokens === 'number' && Number.isInteger(tokens) && tokens > 0;
}
