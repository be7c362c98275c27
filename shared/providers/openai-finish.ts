import { AppError, type ErrorCode } from '../contracts/app-error.ts';
import type { FinishReason } from '../contracts/chat-provider.ts';

/** What OpenAI-compatible vendors write in `finish_reason`, beside OpenAI's own words. */
const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['eos', 'stop'],
  ['eos_token', 'stop'],
  ['stop_sequence', 'stop'],
  ['end_turn', 'stop'],
  ['complete', 'stop'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_calls', 'tool_calls'],
  ['tool_use', 'tool_calls'],
  ['tool_call', 'tool_calls'],
  ['content_filter', 'content_filter'],
  ['safety', 'content_filter'],
  ['recitation', 'content_filter'],
  ['refusal', 'content_filter'],
  ['sensitive', 'content_filter'],
  ['error_toxic', 'content_filter'],
]);

/** Words for an answer that broke off: OpenRouter and Mistral, DeepSeek, SGLang. */
const BROKEN: ReadonlyMap<string, ErrorCode> = new Map([
  ['error', 'server_error'],
  ['insufficient_system_resource', 'server_error'],
  ['abort', 'server_error'],
]);

export interface FinishContext {
  readonly provider: string;
  readonly calledTool: boolean;
  /** The caller uses OpenAI's older function interface, whose answers end in `function_call`. */
  readonly usesFunctions: boolean;
}

/**
 * A compatible vendor's finish reason in OpenAI's terms; an unknown word is an ordinary stop. A turn that called a tool
 * ended for that call, whatever the vendor names it: agent loops stop otherwise.
 * @throws AppError `server_error` for a reason that says the vendor broke off.
 */
export function toFinishReason(reason: string, context: FinishContext): FinishReason | 'function_call' {
  const word = reason.toLowerCase();
  const broken = BROKEN.get(word);
  if (broken) throw new AppError(broken, `${context.provider} broke off its answer (${word}).`);
  if (word === 'function_call' && context.usesFunctions) return 'function_call';
  const finish = FINISH_REASONS.get(word) ?? 'stop';
  if (context.calledTool) return finish === 'stop' ? 'tool_calls' : finish;
  // Without a call there is nothing an agent loop could answer.
  return finish === 'tool_calls' ? 'stop' : finish;
}
