import { AppError } from '../contracts/app-error.ts';
import type { FinishReason } from '../contracts/chat-provider.ts';
import { parseAnswer, toFinishReason, toText, toUsage } from './ollama-answer.ts';
import { checkModelName } from './ollama-model-name.ts';
import {
  type ChatBodyOptions,
  refuseUnsupported,
  type Sampling,
  toLogprobsRequest,
  toSampling,
  toSettings,
} from './ollama-request.ts';
import type { LooseAnswer, OllamaFormat, OllamaGenerateBody, OllamaSettings, OllamaThink } from './ollama-wire.ts';

export interface GenerateRequest extends Sampling {
  readonly model: string;
  readonly prompt: string;
  /** Text that follows what is to be written, for models that fill in the middle. */
  readonly suffix?: string;
  /** Takes the place of the model's own system message. */
  readonly system?: string;
  /** Base64 without a data URL around it. */
  readonly images?: readonly string[];
  readonly format?: OllamaFormat;
  readonly think?: OllamaThink;
}

export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
}

export interface GeneratedText {
  /** Name as the server gives it. */
  readonly model: string;
  readonly text: string;
  /** What the model thought, where it says so. */
  readonly reasoning?: string;
  readonly finishReason: FinishReason;
  readonly usage: TokenUsage;
}

/**
 * A prompt as the body of `POST /api/generate` (https://docs.ollama.com/api/generate), answered in one piece.
 * @throws AppError `model_not_found` for a name that is not a model's.
 */
export function toGenerateRequest(request: GenerateRequest, settings: OllamaSettings = {}): OllamaGenerateBody {
  const { model, prompt, suffix, system, images, format, think } = request;
  return {
    model: checkModelName(model),
    prompt,
    stream: false,
    truncate: false,
    ...(suffix === undefined ? {} : { suffix }),
    ...(system === undefined ? {} : { system }),
    ...(images === undefined ? {} : { images }),
    ...(format === undefined ? {} : { format }),
    ...(think === undefined ? {} : { think }),
    ...toSettings(request, settings),
  };
}

/**
 * A request for text completion as the body of the same call; undefined for one that has become a conversation, with
 * tools or with turns after the prompt. What an agent or a search has put before the prompt takes the place of the model's
 * system message. The model's own template stays around it all, as in the server's own Completions API: a base model's
 * is the prompt alone.
 *
 * @throws AppError `unsupported` for a suffix in a conversation and for what cannot be asked; `model_not_found` for a name
 * that is no model's.
 */
export function toCompletionBody({
  request,
  model,
  stream,
  ...settings
}: ChatBodyOptions): OllamaGenerateBody | undefined {
  if (!request.text_completion) return undefined;
  refuseUnsupported(request);
  const { suffix } = request.text_completion;
  const { messages, tools } = request;
  const prompt = messages.at(-1);
  const before = messages.slice(0, -1);
  const isPlain = prompt?.role === 'user' && before.every(({ role }) => role === 'system') && !tools?.length;
  const texts = [...before, ...(prompt ? [prompt] : [])].map(({ content }) => content);
  if (!isPlain || !texts.every((text) => typeof text === 'string')) {
    if (suffix === undefined) return undefined;
    throw new AppError('unsupported', 'ollama has no suffix in a conversation; leave it out.', { param: 'suffix' });
  }
  const system = texts.slice(0, -1).join('\n\n');
  const body = toGenerateRequest(
    {
      model,
      prompt: texts.at(-1) ?? '',
      ...toSampling(request),
      ...(suffix === undefined ? {} : { suffix }),
      ...(system === '' ? {} : { system }),
    },
    settings,
  );
  return { ...body, stream, ...toLogprobsRequest(request) };
}

/** @throws AppError `server_error` for text that is not a finished answer; the server's own error when it is one. */
export function fromGenerateAnswer(json: string, { model }: { readonly model: string }): GeneratedText {
  const answer = parseAnswer(json);
  if (typeof answer.response !== 'string' || answer.done === false) {
    throw new AppError('server_error', 'ollama answered with something that is not a finished text.');
  }
  const reasoning = toText(answer.thinking);
  return {
    model: toText(answer.model) || model,
    text: answer.response,
    ...(reasoning === '' ? {} : { reasoning }),
    finishReason: toFinishReason(answer.done_reason, false),
    usage: toTokenUsage(answer),
  };
}

function toTokenUsage(answer: LooseAnswer): TokenUsage {
  const {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: totalTokens,
  } = toUsage(answer);
  return { promptTokens, completionTokens, totalTokens };
}
