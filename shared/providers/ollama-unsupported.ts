import { AppError } from '../contracts/app-error.ts';
import { showOllamaModel } from './ollama-models.ts';
import type { OllamaTarget } from './ollama-transport.ts';
import type { OllamaChatBody } from './ollama-wire.ts';

interface Need {
  /** As `/api/show` lists it. */
  readonly capability: string;
  readonly what: string;
  readonly param: string;
}

/**
 * A refusal, made precise. The server answers 400 both to a broken request and to tools, images or thinking that the
 * model was not made for, and only its words tell the two apart. So after a 400 to a request with one of those, the
 * server is asked what the model can do: what it lacks is `unsupported`, and another leg may have it.
 */
export async function explainRefusal(error: unknown, target: OllamaTarget, body: OllamaChatBody): Promise<unknown> {
  if (!(error instanceof AppError) || error.upstreamStatus !== 400) return error;
  const needs = toNeeds(body);
  if (needs.length === 0) return error;
  const { capabilities } = await showOllamaModel(target, body.model).catch(() => ({ capabilities: undefined }));
  const missing = capabilities && needs.find(({ capability }) => !capabilities.includes(capability));
  if (!missing) return error;
  return new AppError('unsupported', `The model ${body.model} of ollama has no ${missing.what}.`, {
    param: missing.param,
    upstreamStatus: 400,
    cause: error,
  });
}

function toNeeds({ tools, think, messages }: OllamaChatBody): Need[] {
  return [
    ...(tools ? [{ capability: 'tools', what: 'tool calls', param: 'tools' }] : []),
    ...(messages.some(({ images }) => images)
      ? [{ capability: 'vision', what: 'image input', param: 'messages' }]
      : []),
    ...(think ? [{ capability: 'thinking', what: 'thinking to switch on', param: 'reasoning_effort' }] : []),
  ];
}
