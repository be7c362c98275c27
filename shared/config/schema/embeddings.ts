import { EMBEDDING_PROVIDER_NAMES, TARGET_AUTHS } from '../names.ts';
import {
  anyText,
  cidrs,
  flag,
  locationName,
  modelName,
  projectName,
  retry,
  secrets,
  text,
  timeout,
  wholeNumber,
} from './common.ts';
import { block, type Infer, oneOf } from './schema.ts';

const dimensions = wholeNumber({ min: 1, max: 4096 }).optional();
const endpoint = text.optional();
const key = secrets.optional();
const auth = oneOf(TARGET_AUTHS).optional();

export const embeddings = () =>
  block({
    provider: oneOf(EMBEDDING_PROVIDER_NAMES),
    openai: block({
      api_key: key,
      model: modelName.optional(),
      dimensions,
      endpoint,
      allowed_cidrs: cidrs.optional(),
    }).optional(),
    huggingface: block({
      model: modelName,
      api_key: key,
      dimensions,
      endpoint,
      allowed_cidrs: cidrs.optional(),
      wait_for_model: flag.optional(),
      use_cache: flag.optional(),
    }).optional(),
    huggingface_tei: block({
      endpoint: text,
      model: modelName,
      api_key: key,
      auth,
      dimensions,
      normalize: flag.optional(),
      allowed_cidrs: cidrs.optional(),
    }).optional(),
    vertexai: block({
      model: modelName.optional(),
      project_id: projectName.optional(),
      location: locationName.optional(),
      dimensions,
      endpoint,
      allowed_cidrs: cidrs.optional(),
    }).optional(),
    gemini: block({
      api_key: key,
      model: modelName.optional(),
      dimensions,
      endpoint,
      allowed_cidrs: cidrs.optional(),
    }).optional(),
    ollama: block({
      model: modelName,
      endpoint,
      api_key: key,
      auth,
      dimensions,
      allowed_cidrs: cidrs.optional(),
    }).optional(),
    local: block({ dimensions: wholeNumber({ min: 64, max: 4096 }).optional() }).optional(),
    document_prefix: anyText.optional(),
    query_prefix: anyText.optional(),
    cache: flag.optional(),
    timeout: timeout.optional(),
    retry: retry().optional(),
  });
export type EmbeddingsInput = Infer<ReturnType<typeof embeddings>>;
