import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { callFirestore, fromFirestoreError } from '../../../shared/stores/firestore-errors.ts';

const grpcError = (code: number) =>
  Object.assign(new Error(`${code} FAILED: projects/secret-project/databases`), { code });

describe('failures of Firestore', () => {
  it.each([
    [1, 'network', true],
    [2, 'server_error', true],
    [3, 'invalid_request', false],
    [4, 'timeout', true],
    [5, 'configuration', false],
    [7, 'permission', false],
    [8, 'rate_limit', true],
    [9, 'configuration', false],
    [10, 'server_error', true],
    [12, 'unsupported', false],
    [13, 'server_error', true],
    [14, 'network', true],
    [15, 'server_error', false],
    [16, 'authentication', false],
  ] as const)('with status %i are %s', (status, code, retryable) => {
    const cause = grpcError(status);
    const error = fromFirestoreError(cause);
    expect(error).toMatchObject({ name: 'AppError', code, retryable, cause });
    expect(error.message).not.toContain('secret-project');
  });

  it('name the missing index where it is known', () => {
    const error = fromFirestoreError(grpcError(9), () => 'gcloud firestore indexes composite create …');
    expect(error.message).toContain('gcloud firestore indexes composite create …');
    expect(fromFirestoreError(grpcError(7), () => 'gcloud …').message).not.toContain('gcloud …');
  });

  it('before Firestore was reached are faults of the configuration', () => {
    expect(fromFirestoreError(new Error('Unable to detect a Project Id'))).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('gcloud auth application-default login'),
    });
  });

  it('that are translated already stay as they are', async () => {
    const error = new AppError('too_large', 'Too large.');
    await expect(callFirestore(() => Promise.reject(error), { timeoutMs: 1_000 })).rejects.toBe(error);
  });
});
