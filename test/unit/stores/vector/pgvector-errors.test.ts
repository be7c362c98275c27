import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import { fromSqlError, isMissingTable } from '../../../../shared/stores/vector/pgvector-errors.ts';

const TEXT = 'Key (id)=(the secret id) at host db.internal';
const fromServer = (code: string): Error => Object.assign(new Error(TEXT), { code, severity: 'ERROR' });

const STATES = [
  ['08006', 'network', true, ''],
  ['57P01', 'network', true, ''],
  ['57P03', 'network', true, ''],
  ['53300', 'network', true, ''],
  ['53200', 'server_error', true, ''],
  ['53100', 'quota_exceeded', false, 'disk'],
  ['57014', 'timeout', true, ''],
  ['40001', 'server_error', true, ''],
  ['40P01', 'server_error', true, ''],
  ['55P03', 'server_error', true, ''],
  ['28P01', 'authentication', false, 'password'],
  ['28000', 'authentication', false, ''],
  ['3D000', 'configuration', false, 'database'],
  ['3F000', 'configuration', false, 'CREATE SCHEMA'],
  ['42501', 'configuration', false, 'GRANT'],
  ['25006', 'configuration', false, 'primary'],
  ['0A000', 'configuration', false, 'CREATE EXTENSION vector'],
  ['58P01', 'configuration', false, 'CREATE EXTENSION vector'],
  ['42704', 'configuration', false, 'CREATE EXTENSION vector'],
  ['42703', 'configuration', false, 'another table'],
  ['42P01', 'server_error', true, 'creates it again'],
  ['22021', 'invalid_request', false, 'NUL'],
  ['22P05', 'invalid_request', false, ''],
  ['54000', 'too_large', false, 'smaller'],
  ['XX000', 'server_error', false, 'XX000'],
] as const;

describe('failures of PostgreSQL', () => {
  it.each(STATES)('with the state %s are %s', (state, code, retryable, part) => {
    const cause = fromServer(state);
    const error = fromSqlError(cause);
    expect(error).toMatchObject({ code, retryable, cause });
    expect(error.message).toContain(part);
    expect(error.message).not.toMatch(/secret|db\.internal/);
  });

  it.each([
    ['a refused connection', Object.assign(new Error(TEXT), { code: 'ECONNREFUSED' }), 'network', true],
    [
      'a broken pipe, whose code looks like a state',
      Object.assign(new Error(TEXT), { code: 'EPIPE' }),
      'network',
      true,
    ],
    ['a connection that ended', new Error('Connection terminated unexpectedly'), 'network', true],
    ['a slow connection', Object.assign(new Error(TEXT), { code: 'ETIMEDOUT' }), 'timeout', true],
    ['a certificate', Object.assign(new Error(TEXT), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }), 'network', false],
    ['an address', Object.assign(new TypeError(TEXT), { code: 'ERR_INVALID_URL' }), 'configuration', false],
    ['a socket that is not there', Object.assign(new Error(TEXT), { code: 'ENOENT' }), 'configuration', false],
    ['a mistake of ours', new TypeError(TEXT), 'server_error', false],
  ])('on the way to it are told: %s', (_title, cause, code, retryable) => {
    const error = fromSqlError(cause);
    expect(error).toMatchObject({ code, retryable, cause });
    expect(error.message).not.toMatch(/secret|db\.internal/);
  });

  it('are not blamed on it when the caller left, or when they are ours', () => {
    expect(fromSqlError(fromServer('57014'), AbortSignal.abort())).toMatchObject({ code: 'cancelled' });
    const own = new AppError('configuration', 'x');
    expect(fromSqlError(own)).toBe(own);
  });

  it('say whether the table is gone', () => {
    expect(isMissingTable(fromServer('42P01'))).toBe(true);
    expect(isMissingTable(fromServer('42501'))).toBe(false);
    expect(isMissingTable(new Error('42P01'))).toBe(false);
  });
});
