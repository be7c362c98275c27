import * as z from 'zod';
import { cacheControlSchema as cacheControl, jsonObject, orNull, passedOver, sluiceSchema } from './common-schema.ts';

/**
 * The request of Anthropic's Messages API (https://platform.claude.com/docs/en/api/messages), strict: what is not listed
 * is refused by name. Fields that only exist in answers (`citations`, `caller`) are taken on blocks that clients send
 * back. `top_k` and the vendor's own tools are listed so that their refusal can say why.
 */

const name = z.string().min(1).max(256);
const id = z.string().min(1).max(4096);
const url = z.strictObject({ type: z.literal('url'), url: z.string().min(1) });

const textBlock = z.strictObject({
  type: z.literal('text'),
  text: z.string(),
  cache_control: cacheControl,
  citations: z.array(z.unknown()).nullish(),
});

const imageBlock = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z.enum(['image/jpeg', 'image/png', 'image/gif', 'image/webp']),
      data: z.string().min(1),
    }),
    url,
  ]),
  cache_control: cacheControl,
});

const documentBlock = z.strictObject({
  type: z.literal('document'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z.literal('application/pdf'),
      data: z.string().min(1),
    }),
    z.strictObject({ type: z.literal('text'), media_type: z.literal('text/plain'), data: z.string() }),
    z.strictObject({
      type: z.literal('content'),
      content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textBlock, imageBlock]))]),
    }),
    url,
  ]),
  title: z.string().max(500).nullish(),
  context: z.string().nullish(),
  citations: z.strictObject({ enabled: z.boolean().optional() }).nullish(),
  cache_control: cacheControl,
});

const toolUseBlock = z.strictObject({
  type: z.literal('tool_use'),
  id,
  name,
  input: jsonObject,
  cache_control: cacheControl,
  caller: z.strictObject({ type: z.literal('direct') }).nullish(),
  toolset_name: z.null().optional(),
  /** What a provider wants back with its call; it came on the block of our own answer. */
  extra_content: jsonObject.nullish(),
});

const resultBlock = z.discriminatedUnion('type', [textBlock, imageBlock, documentBlock]);

const toolResultBlock = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: id,
  content: z.union([z.string(), z.array(resultBlock)]).optional(),
  is_error: z.boolean().optional(),
  cache_control: cacheControl,
  toolset_name: z.null().optional(),
});

const userBlock = z.discriminatedUnion('type', [textBlock, imageBlock, documentBlock, toolResultBlock]);

/** Calls of the vendor's own tools and their results, in conversations that began there: taken as they came. */
const serverBlock = z.looseObject({
  type: z.enum([
    'server_tool_use',
    'web_search_tool_result',
    'web_fetch_tool_result',
    'code_execution_tool_result',
    'bash_code_execution_tool_result',
    'text_editor_code_execution_tool_result',
    'tool_search_tool_result',
  ]),
});

const assistantBlock = z.discriminatedUnion('type', [
  textBlock,
  toolUseBlock,
  serverBlock,
  z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
  z.strictObject({ type: z.literal('redacted_thinking'), data: z.string() }),
]);

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('user'), content: z.union([z.string(), z.array(userBlock).min(1)]) }),
  z.strictObject({ role: z.literal('assistant'), content: z.union([z.string(), z.array(assistantBlock)]) }),
  z.strictObject({ role: z.literal('system'), content: z.union([z.string(), z.array(textBlock).min(1)]) }),
]);

const clientTool = z.strictObject({
  type: z.literal('custom').nullish(),
  name: z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/, 'use 1 to 128 letters, digits and the characters _ . : -'),
  description: z.string().nullish(),
  input_schema: jsonObject,
  strict: z.boolean().nullish(),
  /** How finely the vendor cuts the input of a streamed call; the call is the same. */
  eager_input_streaming: z.boolean().nullish(),
  /** Every tool is there from the start. */
  defer_loading: passedOver,
  cache_control: cacheControl,
});

/** A tool the vendor defines or runs itself, e.g. `web_search_20250305`. */
const vendorTool = z.looseObject({
  type: z.string().regex(/^(?!custom$)[a-z0-9_]{1,64}$/, "expected 'custom' or the type of a tool"),
});

const serial = { disable_parallel_tool_use: z.boolean().optional() };
const display = z.enum(['summarized', 'omitted']).nullish();
const outputFormat = z.strictObject({ type: z.literal('json_schema'), schema: jsonObject }).nullish();

/** What decides the input, and so what `count_tokens` takes. */
const inputFields = {
  model: z.string().min(1).max(256),
  messages: z.array(message).min(1),
  system: z.union([z.string(), z.array(textBlock)]).optional(),
  tools: z
    .array(z.union([clientTool, vendorTool]))
    .max(512)
    .optional(),
  tool_choice: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('auto'), ...serial }),
      z.strictObject({ type: z.literal('any'), ...serial }),
      z.strictObject({ type: z.literal('tool'), name, ...serial }),
      z.strictObject({ type: z.literal('none') }),
    ])
    .optional(),
  thinking: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('enabled'), budget_tokens: z.int().min(1024), display }),
      z.strictObject({ type: z.literal('adaptive'), display }),
      z.strictObject({ type: z.literal('disabled') }),
      z.strictObject({ type: z.literal('between_tools') }),
    ])
    .optional(),
  output_config: z
    .strictObject({ effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).nullish(), format: outputFormat })
    .optional(),
  /** The same format under its earlier name. */
  output_format: outputFormat,
  cache_control: cacheControl,
};

export const messagesSchema = z.strictObject({
  ...inputFields,
  max_tokens: z.int().min(1),
  stop_sequences: z.array(z.string().min(1)).max(16).optional(),
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: orNull(z.int().min(0)),
  metadata: z.strictObject({ user_id: z.string().nullish() }).optional(),
  service_tier: z.enum(['auto', 'standard_only']).optional(),
  /** A place where the vendor runs code: clients write the one of the last answer, which is none. */
  container: z.null().optional(),
  /** A conversation that the vendor keeps. The client's tool runner asks for one first, and goes on without. */
  thread: z.looseObject({ type: z.string() }).nullish(),
  sluice: sluiceSchema.optional(),
});

/** `POST /v1/messages/count_tokens`. */
export const countTokensSchema = z.strictObject(inputFields);

export type MessagesBody = z.output<typeof messagesSchema>;
export type CountTokensBody = z.output<typeof countTokensSchema>;
export type MessagesTurn = z.output<typeof message>;
export type UserBlock = z.output<typeof userBlock>;
export type AssistantBlock = z.output<typeof assistantBlock>;
export type ToolResultBlock = z.output<typeof toolResultBlock>;
export type ContentBlock = z.output<typeof resultBlock>;
export type MessagesTool = z.output<typeof clientTool> | z.output<typeof vendorTool>;
