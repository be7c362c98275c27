import * as z from 'zod';
import { chatMessageSchema } from './chat-message-schema.ts';
import { cacheControlSchema, jsonObject, passedOver, recordOf, sluiceSchema } from './common-schema.ts';

/**
 * The request of Chat Completions as OpenAI documents it (https://platform.openai.com/docs/api-reference/chat/create),
 * strict: what is not listed is refused, as OpenAI does. Where OpenAI takes null for "not set", so do we.
 */

const name = z.string().min(1).max(256);

const tool = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('function'),
    function: z.strictObject({
      name: z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/, 'use 1 to 128 letters, digits and the characters _ . : -'),
      description: z.string().nullish(),
      parameters: jsonObject.nullish(),
      strict: z.boolean().nullish(),
    }),
    cache_control: cacheControlSchema,
    /** Every tool is there from the start. */
    defer_loading: passedOver,
  }),
  z.strictObject({ type: z.literal('custom'), custom: jsonObject, defer_loading: passedOver }),
  z.strictObject({ type: z.literal('google_search'), google_search: jsonObject.optional() }),
]);

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('function'), function: z.strictObject({ name }) }),
    z.strictObject({ type: z.literal('custom'), custom: z.strictObject({ name }) }),
    z.strictObject({ type: z.literal('allowed_tools'), allowed_tools: jsonObject }),
  ]),
]);

const responseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'use 1 to 64 letters, digits, underscores and hyphens'),
      description: z.string().nullish(),
      schema: jsonObject.optional(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

const tokens = z.int().min(1);

/** What vLLM adds to OpenAI's request (https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html). */
const modelServerParameters = {
  top_k: z.int().min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().positive().nullish(),
  chat_template_kwargs: jsonObject.nullish(),
  structured_outputs: jsonObject.nullish(),
  guided_json: z.union([z.string(), jsonObject]).nullish(),
  guided_regex: z.string().nullish(),
  guided_choice: z.array(z.string()).min(1).nullish(),
  guided_grammar: z.string().nullish(),
  guided_decoding_backend: z.string().nullish(),
  guided_whitespace_pattern: z.string().nullish(),
};

export const chatSchema = z.strictObject({
  model: z.string().min(1).max(256),
  messages: z.array(chatMessageSchema).min(1),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() })
    .nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  n: z.int().min(1).max(128).nullish(),
  max_tokens: tokens.nullish(),
  max_completion_tokens: tokens.nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: recordOf(z.string(), z.number()).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  seed: z.int().nullish(),
  user: z.string().nullish(),
  tools: z.array(tool).max(512).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  functions: z.array(jsonObject).nullish(),
  function_call: z.union([z.enum(['none', 'auto']), z.strictObject({ name })]).nullish(),
  response_format: responseFormat.nullish(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),
  verbosity: z.enum(['low', 'medium', 'high']).nullish(),
  modalities: z.array(z.enum(['text', 'audio'])).nullish(),
  audio: jsonObject.nullish(),
  prediction: jsonObject.nullish(),
  metadata: recordOf(z.string(), z.string()).nullish(),
  store: z.boolean().nullish(),
  service_tier: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_retention: z.string().nullish(),
  prompt_cache_options: jsonObject.nullish(),
  moderation: jsonObject.nullish(),
  web_search_options: jsonObject.nullish(),
  search_parameters: jsonObject.nullish(),
  ...modelServerParameters,
  sluice: sluiceSchema.optional(),
});

export type ChatBody = z.output<typeof chatSchema>;
