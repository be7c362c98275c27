import { AppError } from '../contracts/app-error.ts';
import type { ChatCapabilities, ChatRequest } from '../contracts/chat-provider.ts';

export interface FittedRequest {
  readonly request: ChatRequest;
  /** Parameters that were left out because the provider has no equivalent and the answer means the same without. */
  readonly dropped: readonly string[];
}

/**
 * The request as a provider can take it.
 * @throws AppError `unsupported` naming the parameter, when the answer would mean something else without it. In a
 * cascade that is a reason for the next leg.
 */
export function fitRequest(provider: string, capabilities: ChatCapabilities, request: ChatRequest): FittedRequest {
  const refuse = (param: string, what: string): never => {
    throw new AppError('unsupported', `${provider} cannot take ${what}.`, { param });
  };
  if (!capabilities.tools && hasItems(request.tools)) refuse('tools', 'tools');
  if (!capabilities.choices && (request.n ?? 1) > 1) refuse('n', 'more than one choice');
  if (!capabilities.textCompletion && request.text_completion?.suffix) refuse('suffix', 'a suffix');
  const format = request.response_format?.type;
  if (!capabilities.jsonMode && format === 'json_object') refuse('response_format', 'JSON mode');
  if (!capabilities.jsonSchema && format === 'json_schema') refuse('response_format', 'a JSON schema');
  const parts = contentPartTypes(request);
  if (!capabilities.imageInput && parts.has('image_url')) refuse('messages', 'images');
  if (!capabilities.audioInput && parts.has('input_audio')) refuse('messages', 'audio');
  if (!capabilities.fileInput && parts.has('file')) refuse('messages', 'files');

  const dropped: string[] = [];
  const left = new Set<string>();
  for (const [param, rule] of Object.entries(capabilities.parameters)) {
    const value = request[param as keyof ChatRequest];
    if (value === undefined) continue;
    left.add(param);
    if (isNeutral(param, value)) continue;
    if (rule === 'refuse') refuse(param, `\`${param}\``);
    dropped.push(param);
  }
  if (left.size === 0) return { request, dropped };
  const fitted = Object.fromEntries(Object.entries(request).filter(([param]) => !left.has(param)));
  return { request: fitted as unknown as ChatRequest, dropped };
}

/** Parameters for which 0 or false is an answer of its own, not the absence of one. */
const MEANINGFUL_ZERO: ReadonlySet<string> = new Set(['seed', 'temperature', 'top_p']);
const MEANINGFUL_FALSE: ReadonlySet<string> = new Set(['parallel_tool_calls']);

/** Values by which OpenAI's clients say "as always". */
const DEFAULTS: Readonly<Record<string, unknown>> = { n: 1, top_p: 1, parallel_tool_calls: true };

/** A value that asks for nothing: leaving it out changes nothing, so it is not worth a word. */
function isNeutral(param: string, value: unknown): boolean {
  if (value === null || value === DEFAULTS[param]) return true;
  if (value === false) return !MEANINGFUL_FALSE.has(param);
  if (value === 0) return !MEANINGFUL_ZERO.has(param);
  if (param === 'modalities' && Array.isArray(value)) return value.every((modality) => modality === 'text');
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function hasItems(items: readonly unknown[] | null | undefined): boolean {
  return (items?.length ?? 0) > 0;
}

function contentPartTypes(request: ChatRequest): Set<string> {
  const types = new Set<string>();
  for (const { content } of request.messages) {
    if (Array.isArray(content)) for (const part of content) types.add(part.type);
  }
  return types;
}
