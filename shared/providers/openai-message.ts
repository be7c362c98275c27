import { isFields } from './openai-usage.ts';

/** Pieces that finished answers and stream deltas of OpenAI-compatible vendors have in common. */

/** A vendor's message or delta: OpenAI's fields as loose as they come on the wire. */
export type LooseMessage = Readonly<Record<string, unknown>>;

/** A vendor's tool call, or a fragment of one. */
export type LooseToolCall = Readonly<Record<string, unknown>>;

/** Fields with a null that OpenAI's schema does not allow are left out; `content` and `refusal` may be null. */
const NULLABLE: ReadonlySet<string> = new Set(['content', 'refusal']);

/**
 * The message with text as a string, thinking under `reasoning_content` and no null where OpenAI has none.
 * Unknown fields stay: compatible vendors put citations and the like there. Tool calls are the caller's to read.
 */
export function toPlainMessage(message: LooseMessage): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(message)) {
    if (value === null ? NULLABLE.has(field) : !isReplaced(field, value)) plain[field] = value;
  }
  const reasoning = readReasoning(message);
  if (reasoning !== undefined) plain.reasoning_content = reasoning;
  if (Array.isArray(message.content)) plain.content = joinText(message.content);
  return plain;
}

/** The calls among whatever stands in `tool_calls`. */
export function readToolCalls(message: LooseMessage): LooseToolCall[] {
  return Array.isArray(message.tool_calls) ? message.tool_calls.filter(isFields) : [];
}

/** Arguments as JSON text: empty for none; an object that was not encoded is encoded. */
export function toArgumentsText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Token probabilities with the two lists OpenAI's schema requires; null when there are none. */
export function toLogprobs(logprobs: unknown): Record<string, unknown> | null {
  if (!isFields(logprobs)) return null;
  return { ...logprobs, content: toList(logprobs.content), refusal: toList(logprobs.refusal) };
}

/** Fields that are read by name elsewhere, or that break OpenAI's schema with a type of their own. */
function isReplaced(field: string, value: unknown): boolean {
  switch (field) {
    case 'tool_calls':
    case 'role':
    case 'reasoning':
    case 'reasoning_content':
      return true;
    case 'content':
    case 'refusal':
      return typeof value !== 'string';
    case 'function_call':
    case 'audio':
      return !isFields(value);
    case 'annotations':
      return !Array.isArray(value);
    default:
      return false;
  }
}

function readReasoning(message: LooseMessage): string | undefined {
  for (const text of [message.reasoning_content, message.reasoning]) {
    if (typeof text === 'string' && text !== '') return text;
  }
  if (!Array.isArray(message.content)) return undefined;
  const thinking = message.content
    .filter((part) => isFields(part) && part.type === 'thinking')
    .map(({ thinking: text }) => (Array.isArray(text) ? joinText(text) : typeof text === 'string' ? text : ''))
    .join('');
  return thinking === '' ? undefined : thinking;
}

function joinText(parts: readonly unknown[]): string {
  return parts.map((part) => (isFields(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

function toList(value: unknown): unknown[] | null {
  return Array.isArray(value) ? value : null;
}
