import type { AppError, ErrorCode } from '../../contracts/app-error.ts';
import { toErrorAnswer } from '../error-response.ts';

/** Anthropic's error body (https://platform.claude.com/docs/en/api/errors). */
export interface MessagesErrorBody {
  readonly type: 'error';
  readonly error: { readonly type: string; readonly message: string; readonly details?: ThreadRefusal };
  readonly request_id: string | null;
  /** What Sluice adds, e.g. the `attempts` that failed. */
  readonly sluice?: Readonly<Record<string, unknown>>;
}

/** By this the vendor's clients know that they may go on without a thread. */
interface ThreadRefusal {
  readonly error_code: 'thread_unsupported_request';
  readonly unsupported: readonly string[];
}

/** Codes that are not here are `api_error`. */
const TYPES: Readonly<Partial<Record<ErrorCode, string>>> = {
  invalid_request: 'invalid_request_error',
  unsupported: 'invalid_request_error',
  context_length_exceeded: 'invalid_request_error',
  content_filtered: 'invalid_request_error',
  authentication: 'authentication_error',
  permission: 'permission_error',
  not_found: 'not_found_error',
  model_not_found: 'not_found_error',
  too_large: 'request_too_large',
  rate_limit: 'rate_limit_error',
  quota_exceeded: 'rate_limit_error',
  budget_exceeded: 'rate_limit_error',
  timeout: 'timeout_error',
};

/**
 * An error as Anthropic's clients read it. Message and added facts are those of our other errors, and so as safe. The
 * parameter at fault leads the message where it is not named there, since the body has no field for it.
 */
export function toMessagesErrorBody(error: AppError, requestId?: string): MessagesErrorBody {
  const { status, body } = toErrorAnswer(error);
  const { message, param } = body.error;
  const type = TYPES[error.code] ?? (status === 503 ? 'overloaded_error' : 'api_error');
  return {
    type: 'error',
    error: {
      type,
      message: param === null || message.includes(param) ? message : `${param}: ${message}`,
      ...toThreadRefusal(error),
    },
    request_id: requestId ?? null,
    ...(body.sluice === undefined ? {} : { sluice: body.sluice }),
  };
}

function toThreadRefusal({ code, param }: AppError): { details?: ThreadRefusal } {
  if (code !== 'unsupported' || param !== 'thread') return {};
  return { details: { error_code: 'thread_unsupported_request', unsupported: ['thread'] } };
}
