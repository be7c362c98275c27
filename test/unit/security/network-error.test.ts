import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { toNetworkError } from '../../../shared/security/network-error.ts';

function failure(code: string): Error {
  return Object.assign(new Error(`connect ${code} 10.0.0.7:443 internal.example`), { code });
}

describe('network error', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'UND_ERR_SOCKET'])(
    'is retryable for %s and names no host',
    (code) => {
      expect(toNetworkError(failure(code))).toMatchObject({
        code: 'network',
        retryable: true,
        message: expect.not.stringMatching(/10\.0\.0\.7|internal/),
      });
    },
  );

  it.each(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])('is a timeout for %s', (code) => {
    expect(toNetworkError(failure(code))).toMatchObject({ code: 'timeout', retryable: true });
  });

  it.each([
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
    'CRL_HAS_EXPIRED',
    'INVALID_PURPOSE',
    'HOSTNAME_MISMATCH',
  ])('is not retryable for the certificate error %s', (code) => {
    expect(toNetworkError(failure(code))).toMatchObject({ code: 'network', retryable: false });
  });

  it('finds the code in the causes and in the errors of several addresses', () => {
    expect(toNetworkError(new Error('failed', { cause: failure('CERT_HAS_EXPIRED') }))).toMatchObject({
      retryable: false,
    });
    const several = new AggregateError([failure('ETIMEDOUT'), failure('ECONNREFUSED')]);
    expect(toNetworkError(several).code).toBe('timeout');
  });

  it('leaves an AppError as it is', () => {
    const error = new AppError('blocked_url', 'No.');
    expect(toNetworkError(error)).toBe(error);
  });
});
