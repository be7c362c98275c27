import { AppError } from '../contracts/app-error.ts';
import { isPlainModeration } from './openai-moderation.ts';
import { isFields } from './openai-usage.ts';
import { parseJson } from './parse-json.ts';

/** Tiers of OpenAI's schema; vendors have others, which are of no use to a caller of ours. */
const SERVICE_TIERS: ReadonlySet<unknown> = new Set([
  undefined,
  null,
  'auto',
  'default',
  'flex',
  'scale',
  'priority',
  'fast',
]);

/** Fields beside the choices that OpenAI's schema wants absent or set, never null. */
const NEVER_NULL = ['usage', 'system_fingerprint'] as const;
const MEMBER = {
  usage: { any: /"usage"\s*:/g, isNull: /,\s*"usage"\s*:\s*null(?=\s*[,}])/ },
  system_fingerprint: { any: /"system_fingerprint"\s*:/g, isNull: /,\s*"system_fingerprint"\s*:\s*null(?=\s*[,}])/ },
} as const;

/** @throws AppError `server_error` for text that is not a JSON object. */
export function parseBody(json: string, provider: string): Record<string, unknown> {
  const body = parseJson(json, provider);
  if (isFields(body)) return body;
  throw new AppError('server_error', `${provider} answered with something that is not an answer.`);
}

/** Whether the fields that OpenAI's schema types and vendors use otherwise can be forwarded, apart from nulls. */
export function hasPlainFields({
  service_tier,
  system_fingerprint,
  metadata,
  moderation,
  obfuscation,
}: Readonly<Record<string, unknown>>) {
  return (
    SERVICE_TIERS.has(service_tier) &&
    (system_fingerprint === undefined || system_fingerprint === null || typeof system_fingerprint === 'string') &&
    metadata === undefined &&
    moderation === undefined &&
    (obfuscation === undefined || typeof obfuscation === 'string')
  );
}

function isPlainServiceTier(tier: unknown): boolean {
  return SERVICE_TIERS.has(tier);
}

/** The fields beside the ones read by name: no null, and nothing whose type OpenAI's schema forbids. */
export function toPlainFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([field, value]) =>
        value !== null &&
        (field !== 'service_tier' || isPlainServiceTier(value)) &&
        ((field !== 'system_fingerprint' && field !== 'obfuscation') || typeof value === 'string') &&
        (field !== 'metadata' || isTextMap(value)) &&
        (field !== 'moderation' || isPlainModeration(value)),
    ),
  );
}

function isTextMap(value: unknown): boolean {
  return isFields(value) && Object.values(value).every((text) => typeof text === 'string');
}

/**
 * The text without the nulls that OpenAI itself sends and its schema forbids (`usage` on every chunk of a stream), cut
 * out rather than serialised again; the parsed form is kept in step. Undefined when the text leaves doubt: a key of
 * that name elsewhere, or another spelling.
 */
export function cutNulls(body: Record<string, unknown>, json: string): string | undefined {
  let text = json;
  for (const field of NEVER_NULL) {
    if (body[field] !== null) continue;
    const { any, isNull } = MEMBER[field];
    // Inside a string the quotes are escaped, so a second match is a key of that name elsewhere.
    if (text.match(any)?.length !== 1 || !isNull.test(text)) return undefined;
    text = text.replace(isNull, '');
    body[field] = undefined;
  }
  return text;
}
