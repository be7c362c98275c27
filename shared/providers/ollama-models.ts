import { AppError } from '../contracts/app-error.ts';
import { type OllamaTarget, ollamaUrl, postOllama, toAuthorization, toRefusal } from './ollama-transport.ts';
import type { LooseAnswer } from './ollama-wire.ts';

/** A server that is there answers these at once; one that is not must not hold up a request. */
const PROBE_TIMEOUT_MS = 2_000;

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

/** Whether the server answers the list of its models with 200 within two seconds. Never throws. */
export async function isOllamaAvailable(target: OllamaTarget): Promise<boolean> {
  const limit = new AbortController();
  const timer = setTimeout(
    () => limit.abort(new AppError('timeout', `ollama did not answer for ${PROBE_TIMEOUT_MS} ms.`)),
    PROBE_TIMEOUT_MS,
  );
  try {
    const response = await getTags(target, AbortSignal.any([target.signal, limit.signal]));
    await response.text();
    return response.status === 200;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The models that the server has (`GET /api/tags`), in its order.
 * @throws AppError by the status; `server_error` for an answer that is no such list.
 */
export async function listOllamaModels(target: OllamaTarget): Promise<OllamaModel[]> {
  const response = await getTags(target, target.signal);
  if (!response.ok) throw await toRefusal(response);
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
