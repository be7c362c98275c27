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
