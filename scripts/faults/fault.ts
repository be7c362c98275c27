import type { ErrorCode } from '../../shared/contracts/app-error.ts';
import type { Reply } from './fault-upstream.ts';
import type { AnswerParts } from './vendor-wire.ts';

/** What must come of a leg that has the fault. */
export type Outcome =
  /** It answers in spite of it. */
  | { readonly as: 'answer' }
  /** It fails with this code before anything has left. */
  | { readonly as: 'failure'; readonly code: ErrorCode; readonly retryAfter?: number }
  /** Its first text has left; what follows is an `error` event with this code, and no other leg. */
  | { readonly as: 'broken'; readonly code: ErrorCode };

export interface FaultContext {
  readonly provider: string;
  readonly streamed: boolean;
  readonly parts: AnswerParts;
  /** An address that nobody may ever ask. */
  readonly trap: string;
}

export interface FaultForm {
  readonly outcome: Outcome;
  readonly reply: (context: FaultContext) => Reply;
  /** Nobody listens where the leg points. */
  readonly refused?: boolean;
  /** The leg's time limit, and the longest silence of a stream. What no fault is about has ample time. */
  readonly timeout?: string;
  readonly idleTimeout?: string;
}

/** A row of the matrix: a way to fail, whole and streamed. A form that makes no sense is absent. */
export interface Fault {
  readonly name: string;
  readonly plain?: FaultForm;
  readonly streamed?: FaultForm;
}

/** Short enough to wait for, and much longer than an answer that is there takes, on a loaded machine too. */
export const SHORT = '1s';

export function fails(code: ErrorCode, retryAfter?: number): Outcome {
  return { as: 'failure', code, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

export function breaks(code: ErrorCode): Outcome {
  return { as: 'broken', code };
}

export const ANSWERS: Outcome = { as: 'answer' };

/** The same whether it is streamed or not. */
export function both(name: string, form: FaultForm): Fault {
  return { name, plain: form, streamed: form };
}
