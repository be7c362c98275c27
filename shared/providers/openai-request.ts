import type { ChatMessage, ChatRequest } from '../contracts/chat-provider.ts';
import { withMediaAsUserTurn } from './openai-tool-media.ts';
import { isFields } from './openai-usage.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Fields of a conversation that belong to other vendors or to answers alone; who does not know them refuses the request. */
const FOREIGN_FIELDS = [
  'reasoning_content',
  'thinking_blocks',
  'cache_control',
  'extra_content',
  'images',
  'annotations',
  'index',
  'error_prefix',
  'content_blocks',
  'thinking_budget_tokens',
  'text_completion',
] as const;
type ForeignField = (typeof FOREIGN_FIELDS)[number];

const NONE: ReadonlySet<ForeignField> = new Set();

/**
 * The request without what every compatible vendor would refuse: foreign fields, and media in the results of tools. It
 * comes back as it is when there is nothing to change, and is never changed itself.
 * @param keeps the foreign fields this vendor reads.
 */
export function toCompatibleRequest(request: ChatRequest, keeps: ReadonlySet<ForeignField> = NONE): ChatRequest {
  return withMediaAsUserTurn(withoutForeignFields(request, keeps));
}

/** Looks at the request itself, messages, their content parts and tool calls, and at tool definitions. */
function withoutForeignFields(request: ChatRequest, keeps: ReadonlySet<ForeignField>): ChatRequest {
  const unwanted = FOREIGN_FIELDS.filter((field) => !keeps.has(field));
  const own = without(request, unwanted);
  const messages = mapChanged(request.messages, (message) => cleanMessage(message, unwanted));
  const tools = request.tools && mapChanged(request.tools, (tool) => without(tool, unwanted));
  if (messages === request.messages && tools === request.tools) return own;
  return { ...own, messages, ...(tools ? { tools: [...tools] } : {}) };
}

function cleanMessage(message: ChatMessage, unwanted: readonly ForeignField[]): ChatMessage {
  let clean = without(message, unwanted);
  for (const list of ['content', 'tool_calls'] as const) {
    const parts: unknown = (clean as unknown as Fields)[list];
    if (!Array.isArray(parts)) continue;
    const cleanParts = mapChanged(parts, (part) => without(part, unwanted));
    if (cleanParts !== parts) clean = { ...clean, [list]: cleanParts };
  }
  return clean;
}

/** The value itself when it has none of the fields, else a copy without them. */
function without<Value>(value: Value, fields: readonly string[]): Value {
  if (!isFields(value) || !fields.some((field) => field in value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([field]) => !fields.includes(field))) as Value;
}

/** Maps a list; the list itself when no element changed. */
function mapChanged<Element>(list: readonly Element[], map: (element: Element) => Element): readonly Element[] {
  let changed: Element[] | undefined;
  for (const [position, element] of list.entries()) {
    const mapped = map(element);
    if (mapped === element) continue;
    changed ??= [...list];
    changed[position] = mapped;
  }
  return changed ?? list;
}

/** Families that refuse `max_tokens` (https://platform.openai.com/docs/api-reference/chat/create): o-series, GPT-5 and later. */
const WANTS_MAX_COMPLETION_TOKENS = /^(ft:)?(o\d|gpt-([5-9]|\d\d)|codex)/;

/** OpenAI's request: as it came, but for the name of the output limit. */
export function toOpenAIRequest(request: ChatRequest, model: string): ChatRequest {
  const clean = toCompatibleRequest(request);
  const { max_tokens, ...rest } = clean;
  if (max_tokens === undefined || !WANTS_MAX_COMPLETION_TOKENS.test(model)) return clean;
  return { ...rest, max_completion_tokens: rest.max_completion_tokens ?? max_tokens };
}

const XAI_KEEPS: ReadonlySet<ForeignField> = new Set(['reasoning_content']);

/** xAI's assistant messages take the reasoning of earlier turns; live search parameters pass as they came. */
export function toXaiRequest(request: ChatRequest): ChatRequest {
  return toCompatibleRequest(request, XAI_KEEPS);
}

/**
 * vLLM's: earlier thinking goes back to chat templates that use it, under both names, because the field was renamed
 * (https://docs.vllm.ai/en/latest/features/reasoning_outputs/).
 */
export function toVllmRequest(request: ChatRequest): ChatRequest {
  const clean = toCompatibleRequest(request, XAI_KEEPS);
  const messages = mapChanged(withoutDeveloper(clean.messages), (message) => {
    if (typeof message.reasoning_content !== 'string' || message.reasoning_content === '') return message;
    const doubled: ChatMessage & { reasoning: string } = { ...message, reasoning: message.reasoning_content };
    return doubled;
  });
  return messages === clean.messages ? clean : { ...clean, messages };
}

/** Hugging Face's chat schema has one name for the output limit and no room for thinking. */
export function toHuggingFaceRequest(request: ChatRequest): ChatRequest {
  const compatible = toCompatibleRequest(request);
  const messages = withoutDeveloper(compatible.messages);
  const clean = messages === compatible.messages ? compatible : { ...compatible, messages };
  const { max_completion_tokens, ...rest } = clean;
  if (max_completion_tokens === undefined || max_completion_tokens === null) return clean;
  return { ...rest, max_tokens: rest.max_tokens ?? max_completion_tokens };
}

/** Chat templates of open models know the role of instructions as `system` alone, and refuse any other. */
function withoutDeveloper(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return mapChanged(messages, (message) =>
    message.role === 'developer' ? { ...message, role: 'system' as const } : message,
  );
}
