import { z } from 'zod';
import { jsonObject, sluiceSchema } from './common-schema.ts';

/**
 * The request of Chat Completions as OpenAI documents it (https://platform.openai.com/docs/api-reference/chat/create),
 * strict: what is not listed is refused, as OpenAI does. Where OpenAI takes null for "not set", so do we.
 */

const cacheControl = z.strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() }).nullish();
const name = z.string().min(1).max(256);

/** What the client library adds to an answer that it parsed; it comes back with the message and goes no further. */
const ofTheClient = z
  .unknown()
  .transform(() => undefined)
  .optional();

const textPart = z.strictObject({ type: z.literal('text'), text: z.string(), cache_control: cacheControl });
const refusalPart = z.strictObject({ type: z.literal('refusal'), refusal: z.string() });
const imagePart = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({ url: z.string().min(1), detail: z.enum(['auto', 'low', 'high']).nullish() }),
  cache_control: cacheControl,
});
const audioPart = z.strictObject({
  type: z.literal('input_audio'),
  input_audio: z.strictObject({ data: z.string().min(1), format: z.enum(['wav', 'mp3', 'flac', 'opus', 'pcm16']) }),
  cache_control: cacheControl,
});
/** Media by URL or data URL, for providers that take them (Gemini, Vertex AI, vLLM). */
const url = z.strictObject({ url: z.string().min(1) });
const videoPart = z.strictObject({ type: z.literal('video_url'), video_url: url, cache_control: cacheControl });
const audioUrlPart = z.strictObject({ type: z.literal('audio_url'), audio_url: url, cache_control: cacheControl });
const filePart = z.strictObject({
  type: z.literal('file'),
  file: z.strictObject({
    file_data: z.string().optional(),
    file_id: z.string().optional(),
    filename: z.string().optional(),
  }),
  cache_control: cacheControl,
});

const textContent = z.union([z.string(), z.array(textPart).min(1)]);

const toolCall = z.discriminatedUnion('type', [
  z.strictObject({
    id: z.string().min(1),
    type: z.literal('function'),
    function: z.strictObject({ name, arguments: z.string(), parsed_arguments: ofTheClient }),
    index: z.int().optional(),
    extra_content: jsonObject.nullish(),
    cache_control: cacheControl,
  }),
  z.strictObject({
    id: z.string().min(1),
    type: z.literal('custom'),
    custom: z.strictObject({ name, input: z.string() }),
  }),
]);

const thinkingBlock = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
  z.strictObject({ type: z.literal('redacted_thinking'), data: z.string() }),
]);

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: textContent, name: name.nullish() }),
  z.strictObject({ role: z.literal('developer'), content: textContent, name: name.nullish() }),
  z.strictObject({
    role: z.literal('user'),
    content: z.union([
      z.string(),
      z.array(z.discriminatedUnion('type', [textPart, imagePart, audioPart, audioUrlPart, videoPart, filePart])).min(1),
    ]),
    name: name.nullish(),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, refusalPart]))]).nullish(),
    name: name.nullish(),
    refusal: z.string().nullish(),
    parsed: ofTheClient,
    audio: z.strictObject({ id: z.string() }).nullish(),
    tool_calls: z.array(toolCall).nullish(),
    function_call: z.strictObject({ name, arguments: z.string() }).nullish(),
    annotations: z.array(z.unknown()).nullish(),
    reasoning_content: z.string().nullish(),
    thinking_blocks: z.array(thinkingBlock).nullish(),
    extra_content: jsonObject.nullish(),
    images: z.array(z.unknown()).nullish(),
  }),
  z.strictObject({
    role: z.literal('tool'),
    content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, imagePart, filePart])).min(1)]),
    tool_call_id: z.string().min(1),
    name: name.nullish(),
    cache_control: cacheControl,
  }),
  z.strictObject({ role: z.literal('function'), content: z.string().nullable(), name }),
]);

const tool = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('function'),
    function: z.strictObject({
      name: z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/, 'use 1 to 128 letters, digits and the characters _ . : -'),
      description: z.string().nullish(),
      parameters: jsonObject.nullish(),
      strict: z.boolean().nullish(),
    }),
    cache_control: cacheControl,
  }),
  z.strictObject({ type: z.literal('custom'), custom: jsonObject }),
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

export const chatSchema = z.strictObject({
  model: z.string().min(1).max(256),
  messages: z.array(message).min(1),
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
  logit_bias: z.record(z.string(), z.number()).nullish(),
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
  metadata: z.record(z.string(), z.string()).nullish(),
  store: z.boolean().nullish(),
  service_tier: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_retention: z.string().nullish(),
  prompt_cache_options: jsonObject.nullish(),
  moderation: jsonObject.nullish(),
  web_search_options: jsonObject.nullish(),
  search_parameters: jsonObject.nullish(),
  sluice: sluiceSchema.optional(),
});

export type ChatBody = z.output<typeof chatSchema>;
