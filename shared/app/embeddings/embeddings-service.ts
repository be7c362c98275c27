import type * as z from 'zod';
import { DEFAULT_RETRY } from '../../config/normalize/retry.ts';
import type { EmbeddingsConfig, SluiceConfig } from '../../config/types.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { embeddingsSchema } from '../../http/schemas/embeddings-schema.ts';
import type { Embedder } from '../../rag/embed.ts';
import type { CallFacts } from '../../telemetry/call.ts';
import { toBase64Floats } from '../../text/base64-floats.ts';
import type { EmbeddingUsage } from '../accounting/embedding-usage.ts';
import type { Backends } from '../backends.ts';
import { assertModelAllowed, type Caller } from '../caller.ts';
import { createLazy, type Lazy } from '../lazy.ts';

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
    const isItsOwn = asked === undefined || asked === target.dimensions || target.provider === 'huggingface';
    if (target === config.embeddings && isItsOwn) return configured.get();
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
      checkLength(provider.dimensions, body);
      const purpose = body.sluice?.purpose ?? 'document';
      const target = { provider: provider.id, model: provider.model };
      const record = async (tokens: number): Promise<number | null> => {
        const costUsd = await usage.record({ target, tokens, caller, tenant: caller.tenant });
        Object.assign(facts, { ...target, prompt_tokens: tokens, cost_usd: costUsd });
        return costUsd;
      };
      const embed = purpose === 'query' ? embedder.embedQueries : embedder.embedDocuments;
      const { vectors, tokens } = await embed(texts, { signal }).catch(async (error: unknown) => {
        // One text that is refused gives back nothing of what the others cost.
        if (error instanceof AppError && error.usage) await record(error.usage.prompt_tokens);
        throw error;
      });
      const costUsd = await record(tokens);
      checkLength(vectors[0]?.length, body);
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

/**
 * Vectors have the length that was asked for, but those of Hugging Face, whose API has no parameter for it. What length a
 * model has that is not known here, its first answer tells.
 */
function checkLength(length: number | undefined, { dimensions }: EmbeddingsInput['body']): void {
  if (length === undefined || length === (dimensions ?? length)) return;
  throw new AppError('invalid_request', `This model always has ${length} dimensions. Leave the dimensions out.`, {
    param: 'dimensions',
  });
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
  // A configured local model has been found by its own name already.
  if (name === 'local' || name === `local/${LOCAL.model}`) {
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
