import { AppError } from '../contracts/app-error.ts';
import { type OllamaTarget, ollamaUrl, postOllama, toAuthorization, toRefusal } from './ollama-transport.ts';
import type { LooseAnswer } from './ollama-wire.ts';
import { PROBE_TIMEOUT_MS, probe } from './probe.ts';

export interface OllamaModel {
  readonly name: string;
  /** Bytes on disk. */
  readonly size: number;
}

export interface OllamaModelFacts {
  /** What the model can do, e.g. `completion`, `tools`, `vision`, `thinking`. Absent from servers before 0.6.4. */
  readonly capabilities?: readonly string[];
  /** Longest context the model was made for, in tokens; the server may load it with less. */
  readonly contextLength?: number;
}

/** Why the server does not answer the list of its models with 200 within two seconds; undefined when it does. Never throws. */
export function whyOllamaUnavailable(target: OllamaTarget): Promise<AppError | undefined> {
  return probe({ provider: 'ollama', signal: target.signal, ask: (signal) => getTags(target, signal), toRefusal });
}

/**
 * The models that the server has (`GET /api/tags`), in its order.
 * @throws AppError by the status; `server_error` for an answer that is no such list.
 */
export async function listOllamaModels(target: OllamaTarget): Promise<OllamaModel[]> {
  const response = await getTags(target, target.signal);
  if (!response.ok) throw await toRefusal(response, target.signal);
  const { models } = parseFields(await response.text());
  if (!Array.isArray(models)) throw new AppError('server_error', 'ollama answered with something that is not a list.');
  return models.flatMap((model: LooseAnswer | null) => {
    const name = model?.name ?? model?.model;
    return typeof name === 'string' ? [{ name, size: typeof model?.size === 'number' ? model.size : 0 }] : [];
  });
}

/**
 * What the server knows about a model (`POST /api/show`).
 * @throws AppError by the status; `server_error` for an answer that is not JSON.
 */
export async function showOllamaModel(target: OllamaTarget, model: string): Promise<OllamaModelFacts> {
  const response = await postOllama(target, {
    path: '/api/show',
    body: { model },
    headersTimeoutMs: PROBE_TIMEOUT_MS,
  });
  const { capabilities, model_info: info } = parseFields(await response.text());
  const contextLength = Object.entries(info ?? {}).find(([key]) => key.endsWith('.context_length'))?.[1];
  return {
    ...(Array.isArray(capabilities) ? { capabilities: capabilities.filter((one) => typeof one === 'string') } : {}),
    ...(typeof contextLength === 'number' ? { contextLength } : {}),
  };
}

function getTags(target: OllamaTarget, signal: AbortSignal) {
  return target.fetch(ollamaUrl(target.endpoint, '/api/tags'), {
    headers: { accept: 'application/json', ...toAuthorization(target) },
    signal,
    headersTimeoutMs: PROBE_TIMEOUT_MS,
  });
}

function parseFields(json: string): LooseAnswer {
  try {
    return (JSON.parse(json) ?? {}) as LooseAnswer;
  } catch (cause) {
    throw new AppError('server_error', 'ollama answered with something that is not JSON.', { cause });
  }
}
