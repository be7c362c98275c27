import { AppError, type ErrorCode } from '../contracts/app-error.ts';
import { durationToMs } from './go-duration.ts';
import { readErrorFields, type UpstreamErrorFields } from './upstream-error-body.ts';

export interface UpstreamErrorInput {
  /** Provider name as in the configuration; part of the message. */
  readonly provider: string;
  readonly status: number;
  /** The answer's body as text: JSON, HTML or nothing. */
  readonly body: string;
  readonly headers: { get(name: string): string | null };
  /** Milliseconds since the epoch, to read dates against. */
  readonly now?: number;
}

/** Vendor codes that say more than the status they come with. Fields, never words of a message. */
const CODE_BY_WORD: Readonly<Record<string, ErrorCode>> = {
  // OpenAI, Azure, xAI, Groq, DeepSeek, Mistral, OpenRouter.
  context_length_exceeded: 'context_length_exceeded',
  insufficient_quota: 'quota_exceeded',
  insufficient_balance: 'quota_exceeded',
  billing_hard_limit_reached: 'quota_exceeded',
  billing_not_active: 'quota_exceeded',
  content_filter: 'content_filtered',
  content_policy_violation: 'content_filtered',
  invalid_api_key: 'authentication',
  model_not_found: 'model_not_found',
  // Anthropic.
  billing_error: 'quota_exceeded',
  // Google answers 400 to a wrong key and says so in an ErrorInfo.
  api_key_invalid: 'authentication',
};

/** These answer 400 (or 403, 404, 429); with a 5xx the vendor broke and its words are not worth more than that. */
const WORDS_COUNT_BELOW = 500;

/**
 * The refusal of an upstream as an AppError. The status decides; documented code fields refine it. The message is built
 * from the status, the vendor's code and the parameter alone: an upstream's own text may quote the prompt or the key.
 */
export function toUpstreamError({ provider, status, body, headers, now = Date.now() }: UpstreamErrorInput): AppError {
  const fields = readErrorFields(body);
  const code = codeOf(status, fields);
  const waitMs = waitOf(code, headers, now) ?? (LIMITS.has(code) ? fields.retryDelayMs : undefined);
  return new AppError(code, messageOf(provider, status, code, fields), {
    upstreamStatus: status,
    ...(status < 400 ? { retryable: false } : {}),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    ...(fields.param === undefined ? {} : { param: fields.param }),
  });
}

const LIMITS: ReadonlySet<ErrorCode> = new Set(['rate_limit', 'quota_exceeded']);

/** Vendors report the state of their rate limits on every answer, so those headers count for a limit alone. */
function waitOf(code: ErrorCode, headers: UpstreamErrorInput['headers'], now: number): number | undefined {
  if (LIMITS.has(code)) return retryAfterMs(headers, now);
  return code === 'server_error' || code === 'timeout' ? statedWait(headers, now) : undefined;
}

function codeOf(status: number, fields: UpstreamErrorFields): ErrorCode {
  if (status < WORDS_COUNT_BELOW) {
    for (const word of fields.words) {
      const code = CODE_BY_WORD[word.toLowerCase()];
      if (code !== undefined) return code;
    }
    if (status === 429 && fields.dailyQuota) return 'quota_exceeded';
  }
  return codeOfStatus(status);
}

function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'authentication';
    case 402:
      return 'quota_exceeded';
    case 403:
      return 'permission';
    case 404:
    case 410:
      return 'model_not_found';
    case 413:
      return 'too_large';
    case 429:
      return 'rate_limit';
    case 408:
    case 504:
    case 524:
      return 'timeout';
    // A conflict, a failed backend, too early, closed by the upstream: the next attempt may well succeed.
    case 409:
    case 424:
    case 425:
    case 499:
      return 'server_error';
    default:
      return status >= 400 && status < 500 ? 'invalid_request' : 'server_error';
  }
}

function messageOf(
  provider: string,
  status: number,
  code: ErrorCode,
  { vendorCode, param }: UpstreamErrorFields,
): string {
  const details = [
    vendorCode === undefined ? `${status}` : `${status} ${vendorCode}`,
    ...(param === undefined ? [] : [`parameter ${param}`]),
  ].join(', ');
  const cure = CURES[code];
  return `${provider} ${VERBS[code] ?? 'refused the request'} (${details}).${cure === undefined ? '' : ` ${cure}`}`;
}

const VERBS: Partial<Record<ErrorCode, string>> = {
  server_error: 'failed',
  timeout: 'did not answer in time',
  rate_limit: 'is limiting our requests',
  model_not_found: 'does not know the model or path',
};

const CURES: Partial<Record<ErrorCode, string>> = {
  authentication: 'Check the API key configured for it.',
  permission: 'Check what the configured key or account may use.',
  model_not_found: 'Check the model name and the endpoint.',
  quota_exceeded: 'Check the plan and billing of the account.',
  context_length_exceeded: 'Shorten the messages or use a model with a larger context window.',
  too_large: 'Send less in one request.',
};

/**
 * How long an upstream asks us to wait, in milliseconds: `retry-after-ms`, then `retry-after` (seconds or an HTTP date),
 * then `x-ratelimit-reset…` (a Go duration such as `6m0s`, seconds, or seconds since the epoch). Undefined when it
 * does not say.
 */
export function retryAfterMs(headers: UpstreamErrorInput['headers'], now: number): number | undefined {
  return statedWait(headers, now) ?? rateLimitReset(headers, now);
}

function statedWait(headers: UpstreamErrorInput['headers'], now: number): number | undefined {
  const milliseconds = toNumber(headers.get('retry-after-ms'));
  if (milliseconds !== undefined) return milliseconds;

  const retryAfter = headers.get('retry-after')?.trim();
  if (retryAfter) {
    const seconds = toNumber(retryAfter);
    if (seconds !== undefined) return seconds * 1000;
    // Date.parse takes almost anything ("-5" is a date to it); an HTTP date has letters and a clock.
    const date = /[a-z].*\d:\d\d/i.test(retryAfter) ? Date.parse(retryAfter) : Number.NaN;
    if (!Number.isNaN(date)) return Math.max(0, date - now);
  }
  return undefined;
}

function rateLimitReset(headers: UpstreamErrorInput['headers'], now: number): number | undefined {
  const windows = ['-requests', '-tokens', ''].flatMap((suffix) => {
    const waitMs = resetToMs(headers.get(`x-ratelimit-reset${suffix}`), now);
    if (waitMs === undefined) return [];
    return [{ waitMs, exhausted: headers.get(`x-ratelimit-remaining${suffix}`)?.trim() === '0' }];
  });
  const exhausted = windows.filter((window) => window.exhausted);
  const relevant = exhausted.length > 0 ? exhausted : windows;
  return relevant.length === 0 ? undefined : Math.max(...relevant.map((window) => window.waitMs));
}

function resetToMs(value: string | null, now: number): number | undefined {
  const seconds = toNumber(value);
  // Anything above a billion seconds is a moment, not a wait.
  if (seconds !== undefined) return seconds > 1e9 ? Math.max(0, seconds * 1000 - now) : seconds * 1000;
  return value === null ? undefined : durationToMs(value);
}

function toNumber(value: string | null): number | undefined {
  return value !== null && /^\d{1,15}(\.\d{1,9})?$/.test(value.trim()) ? Number(value) : undefined;
}
