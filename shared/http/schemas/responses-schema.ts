import * as z from 'zod';
import { jsonObject, passedOver, recordOf, sluiceSchema } from './common-schema.ts';

/**
 * The request of OpenAI's Responses API (https://platform.openai.com/docs/api-reference/responses/create), strict: what
 * is not listed is refused. What OpenAI has and a stateless gateway has not (stored responses, tools that OpenAI runs
 * itself) passes here by its type alone, so that it can be refused by name with what to do instead.
 */

const name = z.string().min(1).max(256);
const callId = z.string().min(1);
const id = z.string().nullish();
const status = z.enum(['in_progress', 'completed', 'incomplete']).nullish();
const tokens = z.int().min(1);

const inputText = z.strictObject({ type: z.literal('input_text'), text: z.string() });
const inputImage = z.strictObject({
  type: z.literal('input_image'),
  image_url: z.string().min(1).nullish(),
  file_id: z.string().nullish(),
  detail: z.enum(['low', 'high', 'auto', 'original']).nullish(),
});
const inputFile = z.strictObject({
  type: z.literal('input_file'),
  file_data: z.string().nullish(),
  file_url: z.string().nullish(),
  file_id: z.string().nullish(),
  filename: z.string().nullish(),
});
const outputText = z.strictObject({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.unknown()).nullish(),
  logprobs: z.array(z.unknown()).nullish(),
  // What the official client's helpers add to an answer comes back with it.
  parsed: z.unknown().optional(),
});
const refusal = z.strictObject({
  type: z.literal('refusal'),
  refusal: z.string(),
  parsed: z.unknown().optional(),
});

const inputParts = z.discriminatedUnion('type', [inputText, inputImage, inputFile]);
const systemContent = z.union([z.string(), z.array(inputText).min(1)]);
const messageFields = {
  type: z.literal('message'),
  id,
  status,
  phase: z.enum(['commentary', 'final_answer']).nullish(),
};

const message = z.discriminatedUnion('role', [
  z.strictObject({
    ...messageFields,
    role: z.literal('user'),
    content: z.union([z.string(), z.array(inputParts).min(1)]),
  }),
  z.strictObject({ ...messageFields, role: z.literal('system'), content: systemContent }),
  z.strictObject({ ...messageFields, role: z.literal('developer'), content: systemContent }),
  z.strictObject({
    ...messageFields,
    role: z.literal('assistant'),
    content: z.union([z.string(), z.array(z.discriminatedUnion('type', [outputText, refusal, inputText]))]),
  }),
]);

const toolOutput = z.union([z.string(), z.array(inputParts)]);

/** Items of tools that OpenAI runs, and of what OpenAI stores. */
const FOREIGN_ITEMS = [
  'item_reference',
  'additional_tools',
  'apply_patch_call',
  'apply_patch_call_output',
  'code_interpreter_call',
  'compaction',
  'compaction_trigger',
  'computer_call',
  'computer_call_output',
  'file_search_call',
  'image_generation_call',
  'local_shell_call',
  'local_shell_call_output',
  'mcp_approval_request',
  'mcp_approval_response',
  'mcp_call',
  'mcp_list_tools',
  'program',
  'program_output',
  'shell_call',
  'shell_call_output',
  'tool_search_call',
  'tool_search_output',
  'web_search_call',
] as const;

const item = z.discriminatedUnion('type', [
  message,
  z.strictObject({
    type: z.literal('function_call'),
    id,
    status,
    call_id: callId,
    name,
    arguments: z.string(),
    parsed_arguments: z.unknown().optional(),
  }),
  z.strictObject({ type: z.literal('function_call_output'), id, status, call_id: callId, output: toolOutput }),
  z.strictObject({ type: z.literal('custom_tool_call'), id, status, call_id: callId, name, input: z.string() }),
  z.strictObject({ type: z.literal('custom_tool_call_output'), id, status, call_id: callId, output: toolOutput }),
  z.strictObject({
    type: z.literal('reasoning'),
    id,
    status,
    summary: z.array(z.strictObject({ type: z.literal('summary_text'), text: z.string() })).nullish(),
    content: z.array(z.strictObject({ type: z.literal('reasoning_text'), text: z.string() })).nullish(),
    encrypted_content: z.string().nullish(),
  }),
  z.looseObject({ type: z.enum(FOREIGN_ITEMS) }),
]);

/** A message may leave its type out. */
const inputItem = z.preprocess(
  (value) =>
    typeof value === 'object' && value !== null && 'role' in value && !('type' in value)
      ? { type: 'message', ...value }
      : value,
  item,
);

/** Tools that OpenAI runs itself. */
const HOSTED_TOOLS = [
  'apply_patch',
  'code_interpreter',
  'computer',
  'computer_use',
  'computer_use_preview',
  'file_search',
  'image_generation',
  'local_shell',
  'mcp',
  'namespace',
  'programmatic_tool_calling',
  'shell',
  'tool_search',
  'web_search',
  'web_search_2025_08_26',
  'web_search_preview',
  'web_search_preview_2025_03_11',
] as const;

const tool = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('function'),
    name: z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/, 'use 1 to 128 letters, digits and the characters _ . : -'),
    description: z.string().nullish(),
    parameters: jsonObject.nullish(),
    strict: z.boolean().nullish(),
    /** Every tool is there from the start. */
    defer_loading: passedOver,
  }),
  z.strictObject({
    type: z.literal('custom'),
    name,
    description: z.string().nullish(),
    format: z
      .discriminatedUnion('type', [
        z.strictObject({ type: z.literal('text') }),
        z.strictObject({
          type: z.literal('grammar'),
          syntax: z.enum(['lark', 'regex']),
          definition: z.string(),
        }),
      ])
      .nullish(),
    defer_loading: passedOver,
  }),
  z.strictObject({ type: z.literal('google_search'), google_search: jsonObject.optional() }),
  z.looseObject({ type: z.enum(HOSTED_TOOLS) }),
]);

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('function'), name }),
    z.strictObject({ type: z.literal('custom'), name }),
    z.strictObject({
      type: z.literal('allowed_tools'),
      mode: z.enum(['auto', 'required']),
      tools: z.array(z.looseObject({ type: z.string(), name: name.optional() })).min(1),
    }),
    z.looseObject({ type: z.enum(HOSTED_TOOLS) }),
  ]),
]);

const textFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'use 1 to 64 letters, digits, underscores and hyphens'),
    description: z.string().nullish(),
    schema: jsonObject,
    strict: z.boolean().nullish(),
  }),
]);

const summary = z.enum(['auto', 'concise', 'detailed']).nullish();

export const responsesSchema = z.strictObject({
  model: z.string().min(1).max(256),
  input: z.union([z.string(), z.array(inputItem).min(1)]),
  instructions: z.string().nullish(),
  tools: z.array(tool).max(512).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  /** Limits the tools that OpenAI runs itself; there are none here, so that any limit is kept. */
  max_tool_calls: z.int().min(1).nullish(),
  text: z
    .strictObject({ format: textFormat.nullish(), verbosity: z.enum(['low', 'medium', 'high']).nullish() })
    .nullish(),
  reasoning: z
    .strictObject({
      effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),
      summary,
      generate_summary: summary,
    })
    .nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  max_output_tokens: tokens.nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_obfuscation: z.boolean().nullish() }).nullish(),
  /** Nothing is stored, whatever is asked; the answer says `store: false`. */
  store: z.boolean().nullish(),
  include: z
    .array(
      z.enum([
        'reasoning.encrypted_content',
        'message.output_text.logprobs',
        'code_interpreter_call.outputs',
        'computer_call_output.output.image_url',
        'file_search_call.results',
        'message.input_image.image_url',
        'web_search_call.action.sources',
        'web_search_call.results',
      ]),
    )
    .nullish(),
  metadata: recordOf(z.string(), z.string()).nullish(),
  /** What a client notes about itself, for OpenAI. */
  client_metadata: passedOver,
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_retention: z.enum(['in_memory', '24h']).nullish(),
  service_tier: z.enum(['auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast']).nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  background: z.boolean().nullish(),
  previous_response_id: z.string().nullish(),
  conversation: z.union([z.string(), jsonObject]).nullish(),
  prompt: jsonObject.nullish(),
  sluice: sluiceSchema.optional(),
});

export type ResponsesBody = z.output<typeof responsesSchema>;
export type ResponsesItem = Exclude<ResponsesBody['input'], string>[number];
export type ResponsesTool = NonNullable<ResponsesBody['tools']>[number];
