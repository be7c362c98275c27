import { AppError } from '../contracts/app-error.ts';
import type { ChatRequest } from '../contracts/chat-provider.ts';
import { toConversation } from './gemini-messages.ts';
import { type GeminiModelTraits, toModelTraits } from './gemini-model.ts';
import { toOpenApiSchema } from './gemini-schema.ts';
import { toThinkingConfig } from './gemini-thinking.ts';
import { toToolParams } from './gemini-tools.ts';
import type { GeminiBackend, GeminiBody, GeminiGenerationConfig } from './gemini-types.ts';

interface RequestOptions {
  readonly model: string;
  readonly backend: GeminiBackend;
}

/**
 * An OpenAI request as the body of `generateContent`. Never mutates it. Safety settings stay the vendor's defaults.
 *
 * @throws AppError `unsupported`, naming the parameter, for what cannot be asked of this model; `invalid_request` for
 * media without data.
 */
export function toGeminiRequest(request: ChatRequest, { model, backend }: RequestOptions): GeminiBody {
  const traits = toModelTraits(model);
  const toolParams = withoutIdleTools(request, traits) ? {} : toToolParams(request, { backend, traits });
  const format = toFormat(request, traits);
  if (format.responseMimeType !== undefined && toolParams.tools && !traits.mixesTools) {
    throw new AppError('unsupported', 'This model takes either tools or a JSON response_format, not both at once.', {
      param: 'response_format',
    });
  }
  const thinkingConfig = toThinkingConfig(request, model, traits);
  const generationConfig: GeminiGenerationConfig = {
    ...toSampling(request),
    ...format,
    ...(thinkingConfig ? { thinkingConfig } : {}),
  };
  return {
    ...toConversation(request.messages, { backend, traits }),
    ...toolParams,
    ...(Object.keys(generationConfig).length > 0 ? { generationConfig } : {}),
  };
}

/** Tools that may not be called only stand in the way of a response format on models that cannot have both. */
function withoutIdleTools({ tool_choice: choice, response_format: format }: ChatRequest, traits: GeminiModelTraits) {
  return choice === 'none' && format !== undefined && format.type !== 'text' && !traits.mixesTools;
}

function toSampling(request: ChatRequest): GeminiGenerationConfig {
  const stop = (typeof request.stop === 'string' ? [request.stop] : (request.stop ?? [])).filter(Boolean);
  const set: { [Field in keyof GeminiGenerationConfig]?: GeminiGenerationConfig[Field] | null | undefined } = {
    temperature: request.temperature,
    topP: request.top_p,
    maxOutputTokens: request.max_completion_tokens ?? request.max_tokens,
    stopSequences: stop.length > 0 ? stop : undefined,
    seed: request.seed,
    presencePenalty: request.presence_penalty,
    frequencyPenalty: request.frequency_penalty,
    candidateCount: request.n,
    responseLogprobs: request.logprobs || undefined,
    logprobs: request.logprobs ? request.top_logprobs : undefined,
  };
  return Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined && value !== null));
}

function toFormat({ response_format: format }: ChatRequest, traits: GeminiModelTraits): GeminiGenerationConfig {
  if (!format || format.type === 'text') return {};
  const responseMimeType = 'application/json';
  if (format.type === 'json_object') return { responseMimeType };
  const { schema, description } = format.json_schema;
  if (!schema) return { responseMimeType };
  const described = description && schema.description === undefined ? { ...schema, description } : schema;
  return traits.jsonSchema
    ? { responseMimeType, responseJsonSchema: described }
    : { responseMimeType, responseSchema: toOpenApiSchema(described) };
}
