import { describe, expect, it } from 'vitest';
import { AppError, ERROR_CODES, type ErrorCode, toAppError } from '../../../shared/contracts/app-error.ts';
import { HttpError, toErrorAnswer, toErrorBody } from '../../../shared/http/error-response.ts';

const EXPECTED: Readonly<Record<ErrorCode, readonly [status: number, type: string, code: string]>> = {
  invalid_request: [400, 'invalid_request_error', 'invalid_request'],
  authentication: [401, 'authentication_error', 'invalid_api_key'],
  permission: [403, 'permission_error', 'permission'],
  model_not_found: [404, 'invalid_request_error', 'model_not_found'],
  not_found: [404, 'invalid_request_error', 'not_found'],
  too_large: [413, 'invalid_request_error', 'too_large'],
  context_length_exceeded: [400, 'invalid_request_error', 'context_length_exceeded'],
  unsupported: [400, 'invalid_request_error', 'unsupported'],
  content_filtered: [400, 'invalid_request_error', 'content_filter'],
  rate_limit: [429, 'rate_limit_error', 'rate_limit_exceeded'],
  quota_exceeded: [429, 'rate_limit_error', 'insufficient_quota'],
  budget_exceeded: [429, 'rate_limit_error', 'budget_exceeded'],
  timeout: [504, 'server_error', 'timeout'],
  network: [503, 'server_error', 'network'],
  server_error: [503, 'server_error', 'server_error'],
  overloaded: [503, 'server_error', 'overloaded'],
  invalid_output: [502, 'server_error', 'invalid_output'],
  configuration: [500, 'server_error', 'configuration'],
  blocked_url: [500, 'server_error', 'blocked_url'],
  cancelled: [499, 'server_error', 'cancelled'],
};

describe('an error as an HTTP answer', () => {
  it.each(ERROR_CODES)('has status and OpenAI body for %s', (code) => {
    const [status, type, outerCode] = EXPECTED[code];
    const answer = toErrorAnswer(new AppError(code, 'What to do.', { param: 'messages[0].role' }));
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.body.error)).toEqual(['message', 'type', 'param', 'code']);
    expect(answer.body.error).toMatchObject({ type, code: outerCode });
    expect(answer.body.error.param).toBe(code === 'configuration' ? null : 'messages[0].role');
  });

  it('has null for a parameter that is not known, not nothing', () => {
    expect(JSON.parse(JSON.stringify(toErrorBody(new AppError('timeout', 'Late.'))))).toEqual({
      error: { message: 'Late.', type: 'server_error', param: null, code: 'timeout' },
    });
  });

  it('is 503 for what the operator has yet to finish, such as an index that is being built', () => {
    const error = new AppError('configuration', 'Create it with: gcloud firestore …', { retryable: true });
    const { status, headers, body } = toErrorAnswer(error);
    expect(status).toBe(503);
    expect(headers).not.toHaveProperty('x-should-retry');
    expect(body.error.code).toBe('configuration');
    expect(JSON.stringify(body)).not.toContain('gcloud');
  });

  it('tells a caller nothing of a configuration: no message, no path, no facts', () => {
    const error = new AppError('configuration', 'Secret projects/p/secrets/openai-key is empty.', {
      param: 'agents[0].api_key',
      details: { secret: 'openai-key' },
      cause: new Error('openai-key'),
    });
    const { status, body, headers } = toErrorAnswer(error);
    expect(status).toBe(500);
    expect(headers).toEqual({ 'x-should-retry': 'false' });
    expect(body).toEqual({
      error: {
        message: 'The service is not configured correctly.',
        type: 'server_error',
        param: null,
        code: 'configuration',
      },
    });
  });

  it.each([
    [1, '1'],
    [999, '1'],
    [1000, '1'],
    [1001, '2'],
    [0, '1'],
    [19_500, '20'],
  ])('asks to wait whole seconds, at least one: %d ms is %s s', (retryAfterMs, seconds) => {
    const { headers } = toErrorAnswer(new AppError('rate_limit', 'Slow down.', { retryAfterMs }));
    expect(headers).toEqual({ 'retry-after': seconds });
  });

  it('puts facts for the caller beside the error', () => {
    const details = { attempts: [{ provider: 'openai', model: 'm', code: 'timeout', latency_ms: 3 }] };
    expect(toErrorBody(new AppError('server_error', 'No.', { details })).sluice).toEqual(details);
    expect(toErrorBody(new AppError('server_error', 'No.'))).not.toHaveProperty('sluice');
  });

  it('is 500 for our own fault and 503 for an upstream that failed', () => {
    expect(toErrorAnswer(toAppError(new TypeError('x is not a function'))).status).toBe(500);
    expect(
      toErrorAnswer(new AppError('server_error', 'Upstream.', { upstreamStatus: 500, retryable: false })).status,
    ).toBe(503);
    expect(toErrorAnswer(new AppError('server_error', 'Upstream.')).status).toBe(503);
  });

  it('shows nothing of a cause', () => {
    const answer = toErrorAnswer(toAppError(new Error('prompt: my secret')));
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(answer.body.error.message).toBe('An internal error occurred.');
  });

  it('may state its own status and headers', () => {
    const error = new HttpError(405, 'invalid_request', 'Use GET.', { headers: { allow: 'GET' }, retryAfterMs: 2000 });
    expect(error).toBeInstanceOf(AppError);
    expect(toErrorAnswer(error)).toMatchObject({ status: 405, headers: { allow: 'GET', 'retry-after': '2' } });
  });
});
