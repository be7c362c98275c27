import type * as z from 'zod';
import { DEFAULT_RETRY } from '../config/normalize/retry.ts';
import type { EmbeddingsConfig, SluiceConfig } from '../config/types.ts';
import { AppError } from '../contracts/app-error.ts';
import type { embeddingsSchema } from '../http/schemas/embeddings-schema.ts';
import type { Embedder } from '../rag/embed.ts';
import type { CallFacts } from '../telemetry/call.ts';
import { toBase64Floats } from '../text/base64-floats.ts';
import type { Backends } from './backends.ts';
import { assertModelAllowed, type Caller } from './caller.ts';
import type { EmbeddingUsage } from './embedding-usage.ts';
import { createLazy, type Lazy } from './lazy.ts';

export interface EmbeddingsInput {
  readonly body: z.output<typeof embeddingsSchema>;
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly facts: CallFacts;
}

export interface EmbeddingsService {
  /** OpenAI's embeddings list, with the cost under `sluice`. */
  create(input: EmbeddingsInput): Promise<EmbeddingsAnswer>;
  /** The embedder of the configured model, shared by ingestion, search and this service. */
  readonly configured: Lazy<Embedder>;
}

export interface EmbeddingsAnswer {
  readonly object: 'list';
  readonly data: readonly {
    readonly object: 'embedding';
    readonly index: number;
    readonly embedding: number[] | string;
  }[];
  readonly model: string;
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
  readonly sluice: { readonly provider: string; readonly model: string; readonly cost_usd: number | null };
}

export interface EmbeddingsServiceOptions {
  readonly config: SluiceConfig;
  readonly backends: Backends;
  readonly usage: EmbeddingUsage;
}

/** Different `dimensions` a caller may ask for make embedders of their own; this many are kept. */
const MAX_EMBEDDERS = 16;

export function createEmbeddingsService({ config, backends, usage }: EmbeddingsServiceOptions): EmbeddingsService {
  const make = async (embeddings: EmbeddingsConfig): Promise<Embedder> => {
    const { makeEmbedder } = await import('./make-embedder.ts');
    return await makeEmbedder(embeddings, { config, backends });
  };
  const configured = createLazy(async () => make(requireEmbeddings(config)));
  const others = new Map<string, Lazy<Embedder>>();

  const embedderFor = ({ model, dimensions }: EmbeddingsInput['body']): Promise<Embedder> => {
    const target = chooseModel(config, model);
    const asked = dimensions ?? undefined;
    if (target === config.embeddings && (asked === undefined || asked === target.dimensions)) return configured.get();
    const key = `${target.provider}/${target.model}@${asked ?? ''}`;
    let lazy = others.get(key);
    if (!lazy) {
      if (others.size >= MAX_EMBEDDERS) others.delete(others.keys().next().value as string);
      lazy = createLazy(() => make(withDimensions(target, asked)));
      others.set(key, lazy);
    }
    return lazy.get().catch((error: unknown) => {
      // The configuration is fine without them: what does not fit is what the caller asked for.
      if (asked === undefined || !(error instanceof AppError) || error.code !== 'configuration') throw error;
      throw new AppError('invalid_request', error.message, { param: 'dimensions', cause: error });
    });
  };

  return {
    configured,

    async create({ body, caller, signal, facts }) {
      assertModelAllowed(caller, body.model);
      const texts = typeof body.input === 'string' ? [body.input] : body.input;
      if (texts.length > config.limits.maxInputs) {
        throw new AppError('invalid_request', `At most ${config.limits.maxInputs} inputs are accepted at once.`, {
          param: 'input',
        });
      }
      const blank = texts.findIndex((text) => text.trim() === '');
      if (blank !== -1) {
        throw new AppError('invalid_request', 'An input must not be empty.', {
          param: typeof body.input === 'string' ? 'input' : `input[${blank}]`,
        });
      }
      await usage.check(caller);
      const embedder = await embedderFor(body);
      const { provider } = embedder;
      const purpose = body.sluice?.purpose ?? 'document';
      const { vectors, tokens } =
        purpose === 'query'
          ? await embedQueries(embedder, texts, signal)
          : await embedder.embedDocuments(texts, { signal });
      const target = { provider: provider.id, model: provider.model };
      const costUsd = await usage.record({ target, tokens, caller, tenant: caller.tenant });
      Object.assign(facts, { ...target, prompt_tokens: tokens, cost_usd: costUsd });
      const base64 = body.encoding_format === 'base64';
      return {
        object: 'list',
        data: vectors.map((vector, index) => ({
          object: 'embedding',
          index,
          embedding: base64 ? toBase64Floats(vector) : Array.from(vector),
        })),
        model: provider.model,
        usage: { prompt_tokens: tokens, total_tokens: tokens },
        sluice: { provider: provider.id, model: provider.model, cost_usd: costUsd },
      };
    },
  };
}

async function embedQueries(embedder: Embedder, texts: readonly string[], signal: AbortSignal) {
  const answers = await Promise.all(texts.map((text) => embedder.embedQuery(text, { signal })));
  return {
    vectors: answers.map(({ vector }) => vector),
    tokens: answers.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

/**
 * The embedding model a request names: the configured one by its name, with or without its provider; `local` always.
 * @throws AppError `model_not_found` naming the configured model.
 */
function chooseModel(config: SluiceConfig, name: string): EmbeddingsConfig {
  const { embeddings } = config;
  if (embeddings && [embeddings.model, `${embeddings.provider}/${embeddings.model}`, 'default'].includes(name)) {
    return embeddings;
  }
  if (name === 'local' || name.startsWith('local/')) {
    return embeddings?.provider === 'local' ? embeddings : LOCAL;
  }
  const known = embeddings ? `\`${embeddings.provider}/${embeddings.model}\` and \`local\`` : '`local`';
  throw new AppError('model_not_found', `This embedding model is not configured here. There are ${known}.`, {
    param: 'model',
  });
}

const LOCAL: EmbeddingsConfig = {
  provider: 'local',
  model: 'feature-hash-v1',
  dimensions: 768,
  apiKeys: [],
  allowedCidrs: [],
  normalize: true,
  waitForModel: true,
  useCache: true,
  cache: false,
  timeoutMs: 30_000,
  retry: DEFAULT_RETRY,
};

function withDimensions(config: EmbeddingsConfig, dimensions: number | undefined): EmbeddingsConfig {
  return dimensions === undefined ? config : { ...config, dimensions, requestedDimensions: dimensions };
}

function requireEmbeddings({ embeddings }: SluiceConfig): EmbeddingsConfig {
  if (embeddings) return embeddings;
  throw new AppError('configuration', 'There is no embedding model. Add an `embeddings` block to the configuration.');
}
