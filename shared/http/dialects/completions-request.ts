import { AppError } from '../../contracts/app-error.ts';
import type { ChatRequest } from '../../contracts/chat-provider.ts';
import type { ChatBody } from '../schemas/chat-schema.ts';
import type { CompletionsBody } from '../schemas/completions-schema.ts';

type CompletionsChatBody = ChatBody & Pick<ChatRequest, 'text_completion'>;

/**
 * A text completion as the chat request that is served inside: the prompt is the one user message, marked as a text to
 * be continued for providers that do that. `max_tokens` is sent as it came; when it is unset the model or the agent
 * decides, not the 16 tokens of OpenAI's first models.
 *
 * @throws AppError `unsupported` naming the parameter, for what no provider here can do.
 */
export function toChatBody(body: CompletionsBody): CompletionsChatBody {
  refuseUnsupported(body);
  const { prompt: _prompt, suffix, best_of: _best, echo: _echo, logprobs, ...others } = body;
  return {
    ...others,
    messages: [{ role: 'user', content: toPrompt(body) }],
    text_completion: suffix ? { suffix } : {},
    ...(typeof logprobs === 'number' ? { logprobs: true } : {}),
    ...(logprobs ? { top_logprobs: logprobs } : {}),
  };
}

/** The text of the one prompt. @throws AppError `unsupported` for several prompts and for tokens in place of text. */
export function toPrompt({ prompt }: Pick<CompletionsBody, 'prompt'>): string {
  const [only, ...others] = typeof prompt === 'string' ? [prompt] : prompt;
  if (typeof only !== 'string') {
    throw refusal('prompt', 'A prompt of token numbers means nothing to another model: send it as text.');
  }
  if (others.length > 0) throw refusal('prompt', 'One prompt is answered per request: send the others on their own.');
  return only;
}

function refuseUnsupported({ best_of: best, n, echo, logprobs }: CompletionsBody): void {
  if (best && best !== (n ?? 1)) {
    throw refusal('best_of', 'Answers are not ranked here: leave best_of out, or give it the value of n.');
  }
  if (echo && typeof logprobs === 'number') {
    throw refusal('echo', 'The prompt has no log probabilities: leave out echo or logprobs.');
  }
}

function refusal(param: string, message: string): AppError {
  return new AppError('unsupported', message, { param });
}
