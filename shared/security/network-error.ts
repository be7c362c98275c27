import { AppError } from '../contracts/app-error.ts';

const TIMEOUT_CODES: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** Node's and OpenSSL's codes of a certificate that was refused. Waiting does not mend a certificate. */
const CERTIFICATE_CODE =
  /^(CERT_|CRL_|ERR_TLS_CERT|ERROR_IN_C|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH)/;

/** What broke on the way to an upstream, as `network` or `timeout`. Names no host: the caller may see the message. */
export function toNetworkError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = errorCode(error);
  if (TIMEOUT_CODES.has(code)) {
    return new AppError('timeout', 'The upstream could not be reached in time.', { cause: error });
  }
  if (CERTIFICATE_CODE.test(code)) {
    return new AppError('network', `The upstream's certificate was refused (${code}).`, {
      retryable: false,
      cause: error,
    });
  }
  return new AppError('network', `The connection to the upstream failed${code ? ` (${code})` : ''}.`, { cause: error });
}

/** The first system or library code in the chain of causes, or the empty string. */
function errorCode(error: unknown): string {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; current = current.cause, depth += 1) {
    const { code } = current as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
    if (current instanceof AggregateError && current.errors.length > 0) return errorCode(current.errors[0]);
  }
  return '';
}
