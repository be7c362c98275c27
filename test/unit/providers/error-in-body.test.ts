import { describe, expect, it } from 'vitest';
import { findErrorInBody, toErrorInBody } from '../../../shared/providers/error-in-body.ts';

describe('an error inside a 200', () => {
  it.each([
    [{ code: 503, message: 'busy', status: 'UNAVAILABLE' }, 'server_error', 503],
    [{ code: '429' }, 'rate_limit', 429],
    [{ code: 'tool_use_failed', type: 'invalid_request_error', status_code: 400 }, 'invalid_request', 400],
    [{ type: 'overloaded_error' }, 'server_error', 529],
    [{ type: 'authentication_error' }, 'authentication', 401],
    [{ status: 'RESOURCE_EXHAUSTED' }, 'rate_limit', 429],
    [{ error: 'slow', error_type: 'overloaded' }, 'rate_limit', 429],
    [{ code: 200, type: 'toString' }, 'server_error', 500],
    ['in words', 'server_error', 500],
    [null, 'server_error', 500],
  ])('%j is %s', (error, code, upstreamStatus) => {
    expect(toErrorInBody('vendor', error, JSON.stringify({ error }))).toMatchObject({ code, upstreamStatus });
  });

  it('is found under error, or is the body itself', () => {
    const error = { message: 'no' };
    expect(findErrorInBody({ error, choices: [] })).toBe(error);
    const bodies = [{ error: 'no', error_type: 'validation' }, { object: 'error', code: 400 }, { type: 'error' }];
    for (const body of bodies) expect(findErrorInBody(body)).toBe(body);
  });

  it.each([{}, { error: null }, { error: '' }, { choices: [], object: 'chat.completion' }])('is not in %j', (body) => {
    expect(findErrorInBody(body)).toBeUndefined();
  });
});
