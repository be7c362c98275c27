import type { Attempt, ErrorBody } from './wire.ts';

/** A request that failed, in the service's own words. */
export class ApiError extends Error {
  readonly code: string;
  /** HTTP status; 0 when no answer came, 200 when it broke off in the middle. */
  readonly status: number;
  readonly param: string | undefined;
  readonly attempts: readonly Attempt[];
  readonly requestId: string | undefined;

  constructor(
    code: string,
    message: string,
    options: { status?: number; param?: string | null; attempts?: readonly Attempt[]; requestId?: string | null } = {},
  ) {
    super(message);
    this.code = code;
    this.status = options.status ?? 0;
    this.param = options.param ?? undefined;
    this.attempts = options.attempts ?? [];
    this.requestId = options.requestId ?? undefined;
  }

  /** Whatever was thrown. A stop is not an error and is to be looked for before. */
  static from(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    return new ApiError('unreachable', 'The service did not answer.');
  }

  /** From the text of an answer, which need not be the service's own. */
  static fromAnswer(status: number, text: string, requestId: string | null): ApiError {
    const { error, sluice } = parse(text);
    return new ApiError(error?.code ?? `http_${status}`, error?.message ?? `The answer was HTTP ${status}.`, {
      status,
      param: error?.param ?? null,
      attempts: sluice?.attempts ?? [],
      requestId,
    });
  }
}

function parse(text: string): ErrorBody {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}
