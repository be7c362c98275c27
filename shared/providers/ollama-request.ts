import { AppError } from '../contracts/app-error.ts';
import type { ChatRequest } from '../contracts/chat-provider.ts';
import { toOllamaMessages } from './ollama-messages.ts';
import { checkModelName } from './ollama-model-name.ts';
import { toOllamaTools } from './ollama-tools.ts';
import type { OllamaChatBody, OllamaFormat, OllamaOptions, OllamaSettings, OllamaThink } from './ollama-wire.ts';

/** Models that think at a level; every other one that thinks is switched on or off. */
const LEVELLED = /(^|\/)gpt-oss([:-]|$)/i;

export interface ChatBodyOptions extends OllamaSettings {
  readonly request: ChatRequest;
  readonly model: string;
  readonly stream: boolean;
}

/**
 * An OpenAI request as the body of `POST /api/chat` (https://docs.ollama.com/api/chat). Never mutates it; what is unset
 * stays unset.
 *
 * @throws AppError `unsupported`, naming the parameter, for what cannot be asked; `model_not_found` for a name that is no
 * model's; `invalid_request` for an image without data.
 */
export function toChatBody({ request, model, stream, ...settings }: ChatBodyOptions): OllamaChatBody {
  refuseUnsupported(request);
  const tools = toOllamaTools(request);
  const format = toFormat(request.response_format);
  const think = toThink(request.reasoning_effort, model);
  return {
    model: checkModelName(model),
    messages: toOllamaMessages(request.messages),
    stream,
    truncate: false,
    ...(tools.length > 0 ? { tools } : {}),
    ...(format === undefined ? {} : { format }),
    ...(think === undefined ? {} : { think }),
    ...toLogprobsRequest(request),
    ...toSettings(toSampling(request), settings),
  };
}

export function toLogprobsRequest({ logprobs, top_logprobs }: ChatRequest): Partial<OllamaChatBody> {
  if (!logprobs) return {};
  return { logprobs: true, ...(top_logprobs ? { top_logprobs } : {}) };
}

export interface Sampling {
  readonly temperature?: number | null | undefined;
  readonly topP?: number | null | undefined;
  readonly topK?: number | null | undefined;
  readonly minP?: number | null | undefined;
  readonly repetitionPenalty?: number | null | undefined;
  readonly maxTokens?: number | null | undefined;
  readonly stop?: string | readonly string[] | null | undefined;
  readonly seed?: number | null | undefined;
  readonly presencePenalty?: number | null | undefined;
  readonly frequencyPenalty?: number | null | undefined;
}

/** `options` and `keep_alive`; each absent when there is nothing to say. */
export function toSettings(
  sampling: Sampling,
  { keepAlive, contextLength }: OllamaSettings,
): { options?: OllamaOptions; keep_alive?: string | number } {
  const stop = (typeof sampling.stop === 'string' ? [sampling.stop] : (sampling.stop ?? [])).filter(Boolean);
  const entries = Object.entries({
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    repeat_penalty: sampling.repetitionPenalty,
    num_predict: sampling.maxTokens,
    stop: stop.length > 0 ? stop : undefined,
    seed: sampling.seed,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    num_ctx: contextLength,
  }).filter(([, value]) => value !== undefined && value !== null);
  return {
    ...(entries.length > 0 ? { options: Object.fromEntries(entries) as OllamaOptions } : {}),
    ...(keepAlive === undefined ? {} : { keep_alive: keepAlive }),
  };
}

/** Sampling of open models under vLLM's names, for which OpenAI's type has no fields. */
interface ServerSampling {
  readonly top_k?: number;
  readonly min_p?: number;
  readonly repetition_penalty?: number;
}

export function toSampling(request: ChatRequest & ServerSampling): Sampling {
  return {
    temperature: request.temperature,
    topP: request.top_p,
    topK: request.top_k,
    minP: request.min_p,
    repetitionPenalty: request.repetition_penalty,
    maxTokens: request.max_completion_tokens ?? request.max_tokens,
    stop: request.stop,
    seed: request.seed,
    presencePenalty: request.presence_penalty,
    frequencyPenalty: request.frequency_penalty,
  };
}

/** What the caller of an adapter keeps away by its capabilities; said here for whoever calls it without. */
export function refuseUnsupported({ n, logit_bias: bias, audio }: ChatRequest): void {
  const hasBias = Object.keys(bias ?? {}).length > 0;
  const param = n && n > 1 ? 'n' : hasBias ? 'logit_bias' : audio ? 'audio' : undefined;
  if (param) throw new AppError('unsupported', `ollama has no equivalent of ${param}; leave it out.`, { param });
}

function toFormat(format: ChatRequest['response_format']): OllamaFormat | undefined {
  if (format?.type === 'json_object') return 'json';
  return format?.type === 'json_schema' ? (format.json_schema.schema ?? 'json') : undefined;
}

function toThink(effort: ChatRequest['reasoning_effort'], model: string): OllamaThink | undefined {
  if (effort === undefined || effort === null) return undefined;
  const isLow = effort === 'none' || effort === 'minimal';
  if (!LEVELLED.test(model)) return !isLow;
  if (isLow || effort === 'low') return 'low';
  return effort === 'medium' ? 'medium' : 'high';
}
