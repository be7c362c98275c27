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
  const annotations = toAnnotations(message.annotations);
  if (annotations.length > 0) plain.annotations = annotations;
  return plain;
}

/** The field of a choice that holds what it says. */
export type DeltaSource = 'delta' | 'message' | 'text';

/**
 * What a choice of a stream adds: its delta. Vendors that send none put the whole message there, which counts when
 * nothing came before it, or pieces of text, as in text completions.
 * @param known where earlier output of the choice stood.
 */
export function readDelta(
  { delta, message, text }: LooseMessage,
  known: DeltaSource | undefined,
): { readonly source: DeltaSource; readonly delta: LooseMessage } {
  if (isFields(delta)) return { source: 'delta', delta };
  if (isFields(message)) return { source: 'message', delta: known === undefined ? message : {} };
  const isPiece = typeof text === 'string' && (known === undefined || known === 'text');
  return { source: 'text', delta: isPiece ? { content: text } : {} };
}

/** The calls among whatever stands in `tool_calls`: a list, or in older Text Generation Inference a single call. */
export function readToolCalls({ tool_calls: calls }: LooseMessage): LooseToolCall[] {
  if (Array.isArray(calls)) return calls.filter(isFields);
  return isFields(calls) ? [calls] : [];
}

/** Arguments as JSON text: empty for none; an object that was not encoded is encoded. */
export function toArgumentsText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Token probabilities with the two lists OpenAI's schema requires; null when there are none. */
export function toLogprobs(logprobs: unknown): Record<string, unknown> | null {
  if (!isFields(logprobs)) return null;
  return { ...logprobs, content: toTokens(logprobs.content), refusal: toTokens(logprobs.refusal) };
}

/** Whether annotations can be forwarded as they are. */
export function isPlainAnnotations(annotations: unknown): boolean {
  return annotations === undefined || (Array.isArray(annotations) && annotations.every(isPlainAnnotation));
}

/** Citations with a URL; OpenAI has no other annotation, and a place in the text only where the vendor gives one. */
function toAnnotations(annotations: unknown): unknown[] {
  if (!Array.isArray(annotations)) return [];
  return annotations.flatMap((annotation: unknown) => {
    if (isPlainAnnotation(annotation)) return [annotation];
    const citation = isFields(annotation) ? annotation.url_citation : undefined;
    if (!isFields(citation) || typeof citation.url !== 'string') return [];
    const { url, title, start_index, end_index } = citation;
    const url_citation = {
      ...citation,
      title: typeof title === 'string' ? title : url,
      start_index: Number.isInteger(start_index) ? start_index : 0,
      end_index: Number.isInteger(end_index) ? end_index : 0,
    };
    return [{ type: 'url_citation', url_citation }];
  });
}

function isPlainAnnotation(annotation: unknown): boolean {
  if (!isFields(annotation) || annotation.type !== 'url_citation' || !isFields(annotation.url_citation)) return false;
  const { url, title, start_index, end_index } = annotation.url_citation;
  return (
    typeof url === 'string' && typeof title === 'string' && Number.isInteger(start_index) && Number.isInteger(end_index)
  );
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
      // A fragment of a stream has one of the two.
      return !isFields(value) || ![value.name, value.arguments].every(isTextOrNothing);
    case 'audio':
      return !isFields(value);
    case 'annotations':
      return true;
    default:
      return false;
  }
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
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

/** Tokens with all that OpenAI's schema requires of one; what a vendor calls otherwise is not among them. */
function toTokens(tokens: unknown): unknown[] | null {
  if (!Array.isArray(tokens)) return null;
  return tokens.filter(isToken).map(({ top_logprobs: top, ...token }) => ({
    ...toToken(token),
    top_logprobs: Array.isArray(top) ? top.filter(isToken).map(toToken) : [],
  }));
}

function isToken(token: unknown): token is LooseMessage {
  return isFields(token) && typeof token.token === 'string' && Number.isFinite(token.logprob);
}

function toToken(token: LooseMessage): LooseMessage {
  return { ...token, bytes: Array.isArray(token.bytes) && token.bytes.every(Number.isInteger) ? token.bytes : null };
}
