import { AppError } from '../contracts/app-error.ts';
import { estimateTokens } from '../usage/tokens.ts';
import type { ModelFacts } from './ollama-model-facts.ts';
import type { OllamaModelFacts } from './ollama-models.ts';
import type { OllamaTarget } from './ollama-transport.ts';
import type { OllamaChatBody, OllamaGenerateBody } from './ollama-wire.ts';

type OllamaRequestBody = OllamaChatBody | OllamaGenerateBody;

interface Need {
  /** As `/api/show` lists it. */
  readonly capability: string;
  readonly what: string;
  readonly param: string;
}

const IMAGES: Need = { capability: 'vision', what: 'image input', param: 'messages' };

/** The estimate of a prompt is off by up to a sixth. */
const CERTAINLY = 1.25;

/**
 * Refuses a request that the model was not made for before it is sent, by what the server says about the model. The
 * server is asked when nothing is known and the request holds images, which it may leave out without a word; everything
 * else it refuses itself.
 *
 * @throws AppError `unsupported` naming the parameter, `context_length_exceeded`.
 */
export async function refuseUnfit(facts: ModelFacts, target: OllamaTarget, body: OllamaRequestBody): Promise<void> {
  const needs = toNeeds(body);
  const found = needs.includes(IMAGES) ? await facts.find(target, body.model) : facts.known(target, body.model);
  if (found === undefined) return;
  const error = toUnsupported(needs, found, body.model);
  if (error) throw error;
  const { contextLength = Number.POSITIVE_INFINITY } = found;
  const window = Math.min(contextLength, body.options?.num_ctx ?? contextLength);
  if (window !== Number.POSITIVE_INFINITY && measure(body) > window * CERTAINLY) {
    throw new AppError('context_length_exceeded', `The prompt is longer than the ${window} tokens of ${body.model}.`, {
      param: 'messages',
    });
  }
}

/**
 * A refusal, made precise. The server answers 400 both to a broken request and to tools or thinking that the model was
 * not made for, and only its words tell the two apart. So after a 400 to a request with one of those, the server is asked
 * what the model can do: what it lacks is `unsupported`, and another leg may have it.
 */
export async function explainRefusal(
  error: unknown,
  facts: ModelFacts,
  target: OllamaTarget,
  body: OllamaRequestBody,
): Promise<unknown> {
  if (!(error instanceof AppError) || error.code !== 'invalid_request' || error.upstreamStatus !== 400) return error;
  const needs = toNeeds(body);
  if (needs.length === 0) return error;
  return toUnsupported(needs, await facts.find(target, body.model), body.model, error) ?? error;
}

function toUnsupported(
  needs: readonly Need[],
  { capabilities }: OllamaModelFacts,
  model: string,
  cause?: AppError,
): AppError | undefined {
  const missing = capabilities && needs.find(({ capability }) => !capabilities.includes(capability));
  if (!missing) return undefined;
  return new AppError('unsupported', `The model ${model} of ollama has no ${missing.what}.`, {
    param: missing.param,
    ...(cause === undefined ? {} : { upstreamStatus: 400, cause }),
  });
}

function toNeeds(body: OllamaRequestBody): Need[] {
  const { think } = body;
  return [
    ...('prompt' in body && body.suffix !== undefined
      ? [{ capability: 'insert', what: 'way to write up to a suffix', param: 'suffix' }]
      : []),
    ...('messages' in body && body.tools ? [{ capability: 'tools', what: 'tool calls', param: 'tools' }] : []),
    ...('messages' in body && body.messages.some(({ images }) => images) ? [IMAGES] : []),
    ...(think ? [{ capability: 'thinking', what: 'thinking to switch on', param: 'reasoning_effort' }] : []),
  ];
}

/** Tokens of the texts alone; what else a prompt is made of only makes it longer. */
function measure(body: OllamaRequestBody): number {
  const texts = 'prompt' in body ? [body.system ?? '', body.prompt] : body.messages.map(({ content }) => content);
  return texts.reduce((sum, text) => sum + estimateTokens(text), 0);
}
