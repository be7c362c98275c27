import { defaultKeys } from '../credentials.ts';
import { knownEmbeddingModel } from '../embedding-dimensions.ts';
import type { EmbeddingProviderName, ProviderName, TargetAuth } from '../names.ts';
import { defined } from '../objects.ts';
import { isHostedModel, isOwnEndpoint, type Target } from '../own-machines.ts';
import type { EmbeddingsInput } from '../schema/embeddings.ts';
import { type SecretValue, toSecretValue } from '../secret-value.ts';
import type { EmbeddingsConfig, RetryConfig } from '../types.ts';
import { checkTargetAuth, type NormalizeContext, toAllowedCidrs, toEndpoint, toOllamaEndpoint } from './context.ts';
import { DEFAULT_RETRY, normalizeRetry } from './retry.ts';

export const LOCAL_EMBEDDING_DIMENSIONS = 768;
const LOCAL_EMBEDDING_MIN_DIMENSIONS = 64;

const DEFAULT_MODELS: Readonly<Partial<Record<EmbeddingProviderName, string>>> = {
  openai: 'text-embedding-3-small',
  vertexai: 'text-embedding-005',
  gemini: 'gemini-embedding-001',
  local: 'feature-hash-v1',
};

/** A model that has to be loaded first is waited for longer than a chat would wait, unless `max_backoff` is written. */
const EMBEDDING_RETRY: RetryConfig = { ...DEFAULT_RETRY, maxBackoffMs: 60_000 };

const RETIRED_HUGGINGFACE = 'api-inference.huggingface.co';

/** Every key a provider's block may have; each block's schema allows its own. */
interface Block {
  readonly model?: string | undefined;
  readonly api_key?: string[] | undefined;
  readonly dimensions?: number | undefined;
  readonly endpoint?: string | undefined;
  readonly auth?: TargetAuth | undefined;
  readonly allowed_cidrs?: string[] | undefined;
  readonly project_id?: string | undefined;
  readonly location?: string | undefined;
  readonly normalize?: boolean | undefined;
  readonly wait_for_model?: boolean | undefined;
  readonly use_cache?: boolean | undefined;
}

/**
 * @param storeDimensions `vectorstore.embedding_dimensions`: what the local embedder takes over, and what the vectors
 * of an unknown model must have.
 */
export function normalizeEmbeddings(
  input: EmbeddingsInput,
  { storeDimensions, localOnly }: { storeDimensions: number | undefined; localOnly: boolean },
  context: NormalizeContext,
): EmbeddingsConfig | undefined {
  const { problems, project } = context;
  const { provider } = input;
  const path = `embeddings.${provider}`;
  const written: Block | undefined = input[provider];
  const model = written?.model ?? DEFAULT_MODELS[provider];
  if (model === undefined || (written === undefined && provider !== 'local')) {
    problems.add(path, `is required: ${provider} is the embedding provider, so its configuration must be written`);
    return undefined;
  }
  const block = written ?? {};
  checkDimensions({ provider, model, dimensions: block.dimensions, path, context });
  const endpoint = resolveEndpoint({ provider, block, path, context });
  checkTargetAuth(block, `${path}.auth`, context);
  if (provider === 'vertexai' && block.project_id === undefined && project === undefined) {
    problems.add(`${path}.project_id`, 'is required: write the project, or set GOOGLE_CLOUD_PROJECT or GCP_PROJECT_ID');
  }
  const allowedCidrs = toAllowedCidrs(block.allowed_cidrs, endpoint, context);
  if (localOnly && !staysHere({ provider, model, endpoint, allowedCidrs })) {
    problems.add(
      'embeddings.provider',
      `${provider} may send texts to somebody else, which privacy local_only forbids; use local, or ollama or ` +
        'huggingface_tei at an address of your own, with its private network under allowed_cidrs',
    );
  }
  return defined({
    provider,
    model,
    dimensions: block.dimensions ?? lengthOf({ provider, model, storeDimensions }),
    requestedDimensions: block.dimensions,
    apiKeys: resolveKeys({ provider, block, path, custom: endpoint !== undefined, context }),
    endpoint,
    project: provider === 'vertexai' ? (block.project_id ?? project) : undefined,
    location: provider === 'vertexai' ? (block.location ?? 'us-central1') : undefined,
    allowedCidrs,
    auth: block.auth,
    normalize: block.normalize ?? true,
    waitForModel: block.wait_for_model ?? true,
    useCache: block.use_cache ?? true,
    documentPrefix: input.document_prefix,
    queryPrefix: input.query_prefix,
    cache: input.cache ?? false,
    timeoutMs: input.timeout ?? 60_000,
    retry: normalizeRetry(input.retry, 'embeddings.retry', { problems, fallback: EMBEDDING_RETRY }),
  });
}

/** The length of a model's vectors when the file does not write it. */
function lengthOf({
  provider,
  model,
  storeDimensions,
}: {
  provider: EmbeddingProviderName;
  model: string;
  storeDimensions: number | undefined;
}): number | undefined {
  if (provider !== 'local') return knownEmbeddingModel(provider, model)?.dimensions ?? storeDimensions;
  const makes = storeDimensions !== undefined && storeDimensions >= LOCAL_EMBEDDING_MIN_DIMENSIONS;
  return makes ? storeDimensions : LOCAL_EMBEDDING_DIMENSIONS;
}

function checkDimensions({
  provider,
  model,
  dimensions,
  path,
  context: { problems },
}: {
  provider: EmbeddingProviderName;
  model: string;
  dimensions: number | undefined;
  path: string;
  context: NormalizeContext;
}): void {
  const known = knownEmbeddingModel(provider, model);
  if (known === undefined || dimensions === undefined || dimensions === known.dimensions) {
    // OpenAI's older model refuses the parameter whatever its value is.
    if (dimensions !== undefined && model === 'text-embedding-ada-002') {
      problems.add(`${path}.dimensions`, `${model} does not take dimensions; remove the line`);
    }
    return;
  }
  if (!known.adjustable) {
    problems.add(`${path}.dimensions`, `${model} always has ${known.dimensions} dimensions; remove the line`);
  } else if (dimensions > known.dimensions) {
    problems.add(`${path}.dimensions`, `must be at most ${known.dimensions} for ${model}`);
  }
}

function resolveEndpoint({
  provider,
  block,
  path,
  context,
}: {
  provider: EmbeddingProviderName;
  block: Block;
  path: string;
  context: NormalizeContext;
}): string | undefined {
  if (provider === 'ollama') return toOllamaEndpoint(block.endpoint, `${path}.endpoint`, context);
  const endpoint = toEndpoint(block.endpoint, `${path}.endpoint`, context);
  if (provider === 'huggingface' && endpoint !== undefined && new URL(endpoint).hostname === RETIRED_HUGGINGFACE) {
    context.problems.warn(
      `${path}.endpoint`,
      `${RETIRED_HUGGINGFACE} is retired; https://router.huggingface.co/hf-inference is used instead`,
    );
    return undefined;
  }
  return endpoint;
}

function resolveKeys({
  provider,
  block,
  path,
  custom,
  context: { environment, project, missingAt, problems },
}: {
  provider: EmbeddingProviderName;
  block: Block;
  path: string;
  custom: boolean;
  context: NormalizeContext;
}): readonly SecretValue[] {
  const missing = missingAt(`${path}.api_key`);
  if (missing !== undefined) {
    // Only HuggingFace answers without a key; for the others the missing variable is an error already.
    if (provider === 'huggingface') {
      problems.warn(`${path}.api_key`, `${missing.join(' and ')} is not set; requests go without a key`);
    }
    return [];
  }
  if (block.api_key !== undefined) return block.api_key.map(toSecretValue);
  const vendor = VENDORS[provider];
  if (vendor === undefined) return [];
  const optional = custom || provider === 'huggingface';
  const { keys, missing: variables } = defaultKeys({ provider: vendor, environment, project, optional });
  if (variables !== undefined) problems.add(`${path}.api_key`, `${variables} is not set; set it, or write the key`);
  return keys;
}

/** Embedding providers whose key is that of a chat provider. */
const VENDORS: Readonly<Partial<Record<EmbeddingProviderName, ProviderName>>> = {
  openai: 'openai',
  huggingface: 'huggingface',
  gemini: 'gemini',
};

function staysHere({
  provider,
  model,
  ...target
}: Target & { readonly provider: EmbeddingProviderName; readonly model: string }): boolean {
  if (provider === 'local') return true;
  return isOwnEndpoint(target) && !(provider === 'ollama' && isHostedModel(provider, model));
}
