import type { ApiError } from '../api/api-error.ts';
import { cureFor } from '../api/cures.ts';

export interface ErrorNoticeProps {
  readonly error: ApiError;
  readonly onRetry?: (() => void) | undefined;
  /** Opens the field for the API key. */
  readonly onKey?: (() => void) | undefined;
}

/** What went wrong, its code, and what to do about it. */
export function ErrorNotice({ error, onRetry, onKey }: ErrorNoticeProps) {
  return (
    <div class="notice" role="alert">
      <p class="notice-message">
        <code>{error.code}</code> {error.message}
      </p>
      {error.param === undefined ? null : (
        <p>
          Field: <code>{error.param}</code>
        </p>
      )}
      <p>{cureFor(error.code)}</p>
      <div class="row">
        {error.status === 401 && onKey ? (
          <button type="button" onClick={onKey}>
            Enter an API key
          </button>
        ) : null}
        {onRetry ? (
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        ) : null}
        {error.requestId === undefined ? null : <span class="faint">Request {error.requestId}</span>}
      </div>
    </div>
  );
}
