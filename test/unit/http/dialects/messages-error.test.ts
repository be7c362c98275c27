import { describe, expect, it } from 'vitest';
import { AppError, ERROR_CODES, type ErrorCode } from '../../../../shared/contracts/app-error.ts';
import { toMessagesErrorBody } from '../../../../shared/http/dialects/messages-error.ts';

const typeOf = (code: ErrorCode, options = {}) => toMessagesErrorBody(new AppError(code, 'x', options)).error.type;

describe('toMessagesErrorBody', () => {
  it('has the shape of Anthropic', () => {
    expect(toMessagesErrorBody(new AppError('invalid_request', 'Say something.'), 'req-1')).toEqual({
      type: 'error',
      error: { type: 'invalid_request_error', message: 'Say something.' },
      request_id: 'req-1',
    });
  });

  it('gives every code a type that Anthropic has', () => {
    expect(Object.fromEntries(ERROR_CODES.map((code) => [code, typeOf(code)]))).toEqual({
      invalid_request: 'invalid_request_error',
      authentication: 'authentication_error',
      permission: 'permission_error',
      model_not_found: 'not_found_error',
      not_found: 'not_found_error',
      too_large: 'request_too_large',
      context_length_exceeded: 'invalid_request_error',
      unsupported: 'invalid_request_error',
      content_filtered: 'invalid_request_error',
      rate_limit: 'rate_limit_error',
      quota_exceeded: 'rate_limit_error',
      budget_exceeded: 'rate_limit_error',
      timeout: 'timeout_error',
      network: 'overloaded_error',
      server_error: 'overloaded_error',
      overloaded: 'overloaded_error',
      invalid_output: 'api_error',
      configuration: 'api_error',
      blocked_url: 'api_error',
      cancelled: 'api_error',
    });
    expect(typeOf('server_error', { retryable: false })).toBe('api_error');
  });

  it('names the parameter once', () => {
    const message = (text: string) =>
      toMessagesErrorBody(new AppError('invalid_request', text, { param: 'top_k' })).error.message;
    expect(message('Leave it out.')).toBe('top_k: Leave it out.');
    expect(message('Leave top_k out.')).toBe('Leave top_k out.');
  });

  it('tells the caller nothing of the configuration, and which legs failed', () => {
    const configuration = new AppError('configuration', 'The key openai-key is missing.', {
      param: 'agents[0].api_key',
    });
    expect(JSON.stringify(toMessagesErrorBody(configuration))).not.toMatch(/openai-key|api_key/);
    const failed = new AppError('server_error', 'All failed.', { details: { attempts: [{ provider: 'openai' }] } });
    expect(toMessagesErrorBody(failed).sluice).toEqual({ attempts: [{ provider: 'openai' }] });
  });
});
