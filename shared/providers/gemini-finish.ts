import { AppError } from '../contracts/app-error.ts';
import type { FinishReason } from '../contracts/chat-provider.ts';

/** The vendor kept something back: its filters, Model Armor, or text too close to a source. */
const FILTERED: ReadonlySet<string> = new Set([
  'SAFETY',
  'RECITATION',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'MODEL_ARMOR',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
]);

/** The model went wrong, and so may go right when it is asked again. */
const FAILED: ReadonlySet<string> = new Set([
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MALFORMED_RESPONSE',
  'MISSING_THOUGHT_SIGNATURE',
  'NO_IMAGE',
  'IMAGE_OTHER',
]);

const STOPPED: ReadonlySet<string> = new Set(['STOP', 'FINISH_REASON_UNSPECIFIED']);

/**
 * `finishReason` in OpenAI's terms. The vendor says `STOP` for a turn that ended with a call too. Any other reason, a
 * malformed or unexpected call among them, is an ordinary end: such a call is not one to run and go on with.
 */
export function toFinishReason(reason: string | null | undefined, calledTool: boolean): FinishReason {
  if (!reason || STOPPED.has(reason)) return calledTool ? 'tool_calls' : 'stop';
  if (reason === 'MAX_TOKENS') return 'length';
  return FILTERED.has(reason) ? 'content_filter' : 'stop';
}

/** Whether an answer that holds nothing ended for a reason that makes it a failure rather than an empty answer. */
export function isFailure(reason: string | null | undefined): boolean {
  return reason !== undefined && reason !== null && FAILED.has(reason);
}

/** An answer that is one failure. @param reason as the vendor says it, known to be one of its words. */
export function toFailure(provider: string, reason: string | null | undefined): AppError {
  return new AppError('server_error', `${provider} gave no answer (${reason}); try again.`);
}
