import { AppError } from '../contracts/app-error.ts';
import type { ChatProvider, ChatRequest } from '../contracts/chat-provider.ts';
import { createOpenAICompatibleProvider } from './openai-compatible.ts';
import { toHuggingFaceRequest } from './openai-request.ts';
import { HUGGINGFACE_PARAMETERS } from './openai-vendors.ts';

/** The router over all inference providers (https://huggingface.co/docs/inference-providers). */
const ROUTER_ENDPOINT = 'https://router.huggingface.co/v1';

const MAX_MODEL_LENGTH = 256;
/** `name` or `owner/name`, and behind a colon the inference provider or the policy that picks one. */
const MODEL = /^[\w.-]+(\/[\w.-]+)?(:[\w.-]+)?$/;
/** What stands behind the colon without being the name of an inference provider. */
const POLICIES: ReadonlySet<string> = new Set(['auto', 'cheapest', 'fastest', 'preferred']);

/**
 * Hugging Face: the router by default, a dedicated endpoint where `endpoint` names one. Both speak OpenAI's Chat
 * Completions, so the compatible adapter carries them; the vendor's package knows which inference providers exist, and
 * is asked when one was refused.
 */
export function createHuggingFaceProvider(): ChatProvider {
  const compatible = createOpenAICompatibleProvider({
    id: 'huggingface',
    endpoint: ROUTER_ENDPOINT,
    capabilities: { parameters: HUGGINGFACE_PARAMETERS },
    toRequest,
  });
  return {
    ...compatible,
    complete: (call) => compatible.complete(call).catch((error) => explain(error, call.model)),
    stream: (call) => compatible.stream(call).catch((error) => explain(error, call.model)),
  };
}

/** @throws AppError `invalid_request` for a name that could reach another path of the host. */
function toRequest(request: ChatRequest, model: string): ChatRequest {
  if (model.length > MAX_MODEL_LENGTH || model.includes('..') || !MODEL.test(model)) {
    throw new AppError(
      'invalid_request',
      'A Hugging Face model is written `owner/name` or `owner/name:inference-provider`, with at most 256 characters.',
      { param: 'model' },
    );
  }
  return toHuggingFaceRequest(request);
}

/** Rethrows; a refusal of an inference provider that does not exist says so and names the ones that do. */
async function explain(error: unknown, model: string): Promise<never> {
  const suffix = model.split(':')[1];
  if (!(error instanceof AppError) || error.upstreamStatus === undefined || !suffix || POLICIES.has(suffix))
    throw error;
  if (error.code !== 'invalid_request' && error.code !== 'model_not_found') throw error;
  const known = await chatProviderNames();
  if (known.length === 0 || known.includes(suffix)) throw error;
  throw new AppError(
    'model_not_found',
    `Hugging Face has no inference provider ${suffix} for chat. Known ones: ${known.join(', ')}.`,
    { param: 'model', upstreamStatus: error.upstreamStatus, cause: error },
  );
}

/** Inference providers that serve chat; empty when the package cannot be loaded, because this only words an error. */
async function chatProviderNames(): Promise<string[]> {
  try {
    const { PROVIDERS } = await import('@huggingface/inference');
    return Object.entries(PROVIDERS)
      .filter(([, tasks]) => tasks.conversational !== undefined)
      .map(([name]) => name)
      .sort();
  } catch {
    return [];
  }
}
