import { describe, expect, test } from 'vitest';
import { durationToMs } from '../../../shared/resilience/go-duration.ts';
import { retryAfterMs, toUpstreamError } from '../../../shared/resilience/upstream-error.ts';

const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);

const headers = (values: Record<string, string> = {}) => ({ get: (name: string) => values[name] ?? null });

const refuse = (status: number, body: unknown = '', values: Record<string, string> = {}) =>
  toUpstreamError({
    provider: 'openai',
    status,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: headers(values),
    now: NOW,
  });

describe('the status', () => {
  test.each([
    [400, 'invalid_request', false],
    [401, 'authentication', false],
    [402, 'quota_exceeded', false],
    [403, 'permission', false],
    [404, 'model_not_found', false],
    [408, 'timeout', true],
    [409, 'server_error', true],
    [413, 'too_large', false],
    [418, 'invalid_request', false],
    [422, 'invalid_request', false],
    [424, 'server_error', true],
    [429, 'rate_limit', true],
    [500, 'server_error', true],
    [502, 'server_error', true],
    [503, 'server_error', true],
    [504, 'timeout', true],
    [529, 'server_error', true],
  ] as const)('%i is %s', (status, code, retryable) => {
    expect(refuse(status)).toMatchObject({ code, retryable, upstreamStatus: status });
  });

  test('decides alone when the message happens to name another one', () => {
    expect(refuse(400, { error: { message: 'count 500 items, rate limit, timeout' } })).toMatchObject({
      code: 'invalid_request',
      retryable: false,
    });
  });

  test('below 400 is a failure that another attempt does not mend', () => {
    expect(refuse(302)).toMatchObject({ code: 'server_error', retryable: false });
  });

  test('of a broken upstream is not talked down by its body', () => {
    expect(refuse(503, { error: { code: 'invalid_api_key' } }).code).toBe('server_error');
  });
});

describe('documented code fields', () => {
  test.each([
    [
      'OpenAI without quota',
      429,
      { error: { type: 'insufficient_quota', code: 'insufficient_quota' } },
      'quota_exceeded',
    ],
    ['a type without a code', 429, { error: { type: 'insufficient_quota', code: null } }, 'quota_exceeded'],
    ['a full context window', 400, { error: { code: 'context_length_exceeded' } }, 'context_length_exceeded'],
    ['a content filter', 400, { error: { code: 'content_filter' } }, 'content_filtered'],
    ['Anthropic billing', 403, { type: 'error', error: { type: 'billing_error' } }, 'quota_exceeded'],
    ['Anthropic invalid request', 400, { type: 'error', error: { type: 'invalid_request_error' } }, 'invalid_request'],
    ['vLLM', 400, { object: 'error', message: 'x', type: 'BadRequestError', code: 400 }, 'invalid_request'],
    ['Ollama', 404, { error: "model 'x' not found" }, 'model_not_found'],
  ])('%s', (_name, status, body, code) => {
    expect(refuse(status, body).code).toBe(code);
  });

  test('Google: a wrong key comes as a 400 with a reason', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }];
    expect(refuse(400, [{ error: { code: 400, status: 'INVALID_ARGUMENT', details } }]).code).toBe('authentication');
  });

  test('Google: RetryInfo says how long to wait', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7s' }];
    const error = refuse(429, { error: { code: 429, status: 'RESOURCE_EXHAUSTED', details } });
    expect(error).toMatchObject({ code: 'rate_limit', retryAfterMs: 7000 });
  });

  test('Google: a quota counted per day is a quota and not a rate', () => {
    const violations = [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' }];
    const details = [{ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations }];
    expect(refuse(429, { error: { status: 'RESOURCE_EXHAUSTED', details } }).code).toBe('quota_exceeded');
  });
});

describe('the message', () => {
  test('names provider, status, code, parameter and the cure', () => {
    const error = refuse(400, { error: { message: 'secret', code: 'unsupported_value', param: 'temperature' } });
    expect(error.message).toBe('openai refused the request (400 unsupported_value, parameter temperature).');
    expect(error.param).toBe('temperature');
    expect(refuse(401).message).toBe('openai refused the request (401). Check the API key configured for it.');
  });

  test.each([
    ['an HTML page', 502, '<html><body>10.0.0.7 bad gateway</body></html>'],
    ['a prompt in the message', 400, { error: { message: 'my prompt', code: 'my prompt with spaces' } }],
    ['a prompt in place of a code', 400, { error: { code: { text: 'my prompt' }, param: 'my prompt' } }],
    ['a key echoed as the code', 401, { error: { code: 'sk-abcdefghijklmnop0123456789' } }],
    ['a textual error', 400, { error: 'my prompt' }],
  ])('keeps %s out', (_name, status, body) => {
    const { message } = refuse(status, body);
    expect(message).not.toMatch(/my prompt|10\.0\.0\.7|html|sk-/);
    expect(message).toMatch(new RegExp(`^openai .*\\(${status}\\)`));
  });

  test.each([
    '',
    'null',
    '[]',
    '[1]',
    '"text"',
    '{',
    '{"error":null}',
    '{"error":{"details":7}}',
    `{"a":"${'x'.repeat(300_000)}"}`,
  ])('survives the body %.40s', (body) => {
    expect(refuse(500, body).message).toBe('openai failed (500).');
  });
});

describe('the wait', () => {
  test.each([
    [{ 'retry-after-ms': '1500', 'retry-after': '7' }, 1500],
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': 'Thu, 15 Jan 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Thu, 15 Jan 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
    [{ 'x-ratelimit-reset-requests': '1s', 'x-ratelimit-reset-tokens': '6m0s' }, 360_000],
    [
      {
        'x-ratelimit-reset-requests': '1s',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-tokens': '6m0s',
        'x-ratelimit-remaining-tokens': '90',
      },
      1000,
    ],
    [{ 'x-ratelimit-reset': '12' }, 12_000],
    [{ 'x-ratelimit-reset': String(NOW / 1000 + 5) }, 5000],
  ])('%o is %s ms', (values, expected) => {
    expect(retryAfterMs(headers(values as Record<string, string>), NOW)).toBe(expected);
  });

  test.each([
    ['250ms', 250],
    ['1h2m3.5s', 3_723_500],
    ['7s', 7000],
    ['0s', 0],
    ['1.2ms', 2],
    ['7', undefined],
    ['s', undefined],
    ['1d', undefined],
  ])('the duration %s is %s ms', (text, expected) => {
    expect(durationToMs(text)).toBe(expected);
  });

  test('is kept on limits and failures, and on nothing that waiting does not mend', () => {
    expect(refuse(429, '', { 'retry-after': '7' }).retryAfterMs).toBe(7000);
    expect(refuse(503, '', { 'retry-after': '7' }).retryAfterMs).toBe(7000);
    expect(refuse(400, '', { 'retry-after': '7' }).retryAfterMs).toBeUndefined();
  });

  test('is not read from rate limit headers when no limit was hit', () => {
    expect(refuse(500, '', { 'x-ratelimit-reset-requests': '6m0s' }).retryAfterMs).toBeUndefined();
  });
});
