import type { ChatCapabilities } from '../contracts/chat-provider.ts';
import { MODEL_SERVER_PARAMETERS, PROMPT_AND_GRAMMAR } from './model-server-parameters.ts';
import type { OpenAICompatibleOptions } from './openai-compatible.ts';
import { toOpenAIRequest, toVllmRequest, toXaiRequest } from './openai-request.ts';

/** OpenAI-compatible vendors as data: what differs from the plain adapter, and nothing else. */

/** OpenAI's account features. An answer is the same without them. */
const ACCOUNT_PARAMETERS: ChatCapabilities['parameters'] = {
  metadata: 'drop',
  prediction: 'drop',
  prompt_cache_key: 'drop',
  prompt_cache_retention: 'drop',
  safety_identifier: 'drop',
  service_tier: 'drop',
  store: 'drop',
  verbosity: 'drop',
};

/** OpenAI's features that change what the answer is. */
const OPENAI_ONLY_PARAMETERS: ChatCapabilities['parameters'] = {
  audio: 'refuse',
  function_call: 'refuse',
  functions: 'refuse',
  modalities: 'refuse',
  moderation: 'refuse',
  web_search_options: 'refuse',
};

export const openai: OpenAICompatibleOptions = {
  id: 'openai',
  endpoint: 'https://api.openai.com/v1',
  capabilities: {
    audioInput: true,
    fileInput: true,
    parameters: { ...MODEL_SERVER_PARAMETERS, search_parameters: 'refuse' },
  },
  toRequest: toOpenAIRequest,
};

/** https://docs.x.ai/docs/api-reference: reasoning is left out of `completion_tokens`, `logit_bias` does nothing. */
export const xai: OpenAICompatibleOptions = {
  id: 'xai',
  endpoint: 'https://api.x.ai/v1',
  addReasoning: true,
  capabilities: {
    parameters: {
      ...ACCOUNT_PARAMETERS,
      ...OPENAI_ONLY_PARAMETERS,
      ...MODEL_SERVER_PARAMETERS,
      logit_bias: 'refuse',
    },
  },
  toRequest: toXaiRequest,
};

/**
 * https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html: what the served model cannot do, the server
 * refuses. It has no public address, so an endpoint is always configured; a key is optional.
 */
export const vllm: OpenAICompatibleOptions = {
  id: 'vllm',
  capabilities: {
    audioInput: true,
    imageUrls: false,
    parameters: { ...ACCOUNT_PARAMETERS, ...OPENAI_ONLY_PARAMETERS, search_parameters: 'refuse' },
  },
  toRequest: toVllmRequest,
  probe: true,
};

/** What the router and dedicated endpoints of Hugging Face cannot do; sampling is the business of who serves the model. */
export const HUGGINGFACE_PARAMETERS: ChatCapabilities['parameters'] = {
  ...ACCOUNT_PARAMETERS,
  ...OPENAI_ONLY_PARAMETERS,
  ...PROMPT_AND_GRAMMAR,
  search_parameters: 'refuse',
};
