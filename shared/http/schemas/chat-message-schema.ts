import * as z from 'zod';
import { cacheControlSchema as cacheControl, jsonObject, orNull } from './common-schema.ts';

/**
 * A message of Chat Completions as OpenAI documents it, strict but for the assistant's: those are answers that come
 * back, and hold whatever a vendor put there, so that what is not known is left out instead.
 */

const name = z.string().min(1).max(256);

const textPart = z.strictObject({ type: z.literal('text'), text: z.string(), cache_control: cacheControl });
const refusalPart = z.strictObject({ type: z.literal('refusal'), refusal: z.string() });
/** Chat Completions know no word for the image's own size; `high` comes closest. */
const imageDetail = z
  .enum(['auto', 'low', 'high', 'original'])
  .transform((detail) => (detail === 'original' ? 'high' : detail));
const imagePart = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({ url: z.string().min(1), detail: imageDetail.nullish() }),
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
    file_data: orNull(z.string()),
    file_id: orNull(z.string()),
    filename: orNull(z.string()),
  }),
  cache_control: cacheControl,
});

const textContent = z.union([z.string(), z.array(textPart).min(1)]);

const toolCall = z.discriminatedUnion('type', [
  z.object({
    id: z.string().min(1),
    type: z.literal('function'),
    function: z.object({ name, arguments: z.string() }),
    extra_content: jsonObject.nullish(),
    cache_control: cacheControl,
  }),
  z.object({
    id: z.string().min(1),
    type: z.literal('custom'),
    custom: z.object({ name, input: z.string() }),
  }),
]);

const thinkingBlock = z.discriminatedUnion('type', [
  z.object({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
  z.object({ type: z.literal('redacted_thinking'), data: z.string() }),
]);

export const chatMessageSchema = z.discriminatedUnion('role', [
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
  z
    .object({
      role: z.literal('assistant'),
      content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, refusalPart]))]).nullish(),
      name: name.nullish(),
      refusal: z.string().nullish(),
      audio: z.object({ id: z.string() }).nullish(),
      tool_calls: z.array(toolCall).nullish(),
      function_call: z.object({ name, arguments: z.string() }).nullish(),
      annotations: z.array(z.unknown()).nullish(),
      reasoning_content: z.string().nullish(),
      /** The same under vLLM's name. */
      reasoning: z.unknown().optional(),
      thinking_blocks: z.array(thinkingBlock).nullish(),
      extra_content: jsonObject.nullish(),
      images: z.array(z.unknown()).nullish(),
    })
    .transform(withReasoningContent),
  z.strictObject({
    role: z.literal('tool'),
    content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, imagePart, filePart])).min(1)]),
    tool_call_id: z.string().min(1),
    name: name.nullish(),
    cache_control: cacheControl,
  }),
  z.strictObject({ role: z.literal('function'), content: z.string().nullable(), name }),
]);

interface Reasoned {
  readonly reasoning_content?: string | null | undefined;
  readonly reasoning?: unknown;
}

function withReasoningContent<Message extends Reasoned>({
  reasoning,
  ...message
}: Message): Omit<Message, 'reasoning'> {
  if (message.reasoning_content || typeof reasoning !== 'string' || reasoning === '') return message;
  return { ...message, reasoning_content: reasoning };
}
