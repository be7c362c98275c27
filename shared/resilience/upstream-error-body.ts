import { durationToMs } from './go-duration.ts';
import { isKnownCode, isKnownParam } from './upstream-words.ts';

/** What is worth keeping of an upstream's error body; safe to show but for `words`. */
export interface UpstreamErrorFields {
  /** The first of `words` that a vendor documents, for messages. */
  readonly vendorCode: string | undefined;
  /** Codes, types and reasons as the vendor wrote them, most specific first. To compare with, never to show. */
  readonly words: readonly string[];
  readonly param: string | undefined;
  /** Google's RetryInfo. */
  readonly retryDelayMs: number | undefined;
  /** Google's QuotaFailure names a quota that is counted per day: waiting a minute does not help. */
  readonly dailyQuota: boolean;
}

/** Error bodies are small. What is longer is an HTML page or an echo of the request, and not worth parsing. */
const MAX_BODY_LENGTH = 256 * 1024;

/**
 * Reads `{error: {type, code, param}}` (OpenAI and most), `{error: "…"}` (Ollama, TGI), `{type: "error", error: {type}}`
 * (Anthropic), `{error: {code, status, details}}` (Google, also as a list of one), `{object: "error", type, code}` (vLLM),
 * `{error, error_type}` (TEI, TGI). Anything else gives no fields; it never throws.
 */
export function readErrorFields(body: string): UpstreamErrorFields {
  const error = errorObject(body);
  const details = toList(error.details).filter(isObject);
  const words = [
    ...details.filter((detail) => isType(detail, 'ErrorInfo')).map((detail) => detail.reason),
    error.code,
    error.type,
    error.status,
    error.error_type,
  ].filter(isWord);
  const delay = details.find((detail) => isType(detail, 'RetryInfo'))?.retryDelay;
  return {
    vendorCode: words.find(isKnownCode),
    words,
    param: isParam(error.param) ? error.param : undefined,
    retryDelayMs: typeof delay === 'string' ? durationToMs(delay) : undefined,
    dailyQuota: details
      .filter((detail) => isType(detail, 'QuotaFailure'))
      .flatMap((detail) => toList(detail.violations))
      .some((violation) => isObject(violation) && /PerDay/.test(String(violation.quotaId))),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function errorObject(body: string): Fields {
  const parsed = parse(body);
  const outer = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!isObject(outer)) return {};
  // What stands beside a textual `error` describes it: Ollama's status, TEI's error_type.
  return isObject(outer.error) ? outer.error : outer;
}

function parse(body: string): unknown {
  const start = body.slice(0, 64).trimStart();
  if (body.length > MAX_BODY_LENGTH || !/^[{[]/.test(start)) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, 32) : [];
}

function isType(detail: Fields, name: string): boolean {
  return typeof detail['@type'] === 'string' && detail['@type'].endsWith(`.${name}`);
}

/** A code is one word that starts with a letter; a number only repeats the status. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z][a-z0-9_.-]{0,63}$/i.test(value);
}

/** A path into the request such as `messages[0].content`. */
function isParam(value: unknown): value is string {
  return typeof value === 'string' && isKnownParam(value);
}
