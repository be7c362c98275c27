import * as z from 'zod';
import { recordOf, sluiceSchema } from './common-schema.ts';

/**
 * The request of OpenAI's text completions (https://platform.openai.com/docs/api-reference/completions/create), strict.
 * What the chat behind it cannot do is listed too, so that its refusal can say why.
 */
export const completionsSchema = z.strictObject({
  model: z.string().min(1).max(256),
  prompt: z.union([z.string(), z.array(z.string()).min(1), z.array(z.int()).min(1), z.array(z.array(z.int())).min(1)]),
  suffix: z.string().nullish(),
  best_of: z.int().min(1).max(20).nullish(),
  echo: z.boolean().nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: recordOf(z.string(), z.number()).nullish(),
  logprobs: z.int().min(0).max(5).nullish(),
  max_tokens: z.int().min(1).nullish(),
  n: z.int().min(1).max(128).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() })
    .nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  user: z.string().optional(),
  sluice: sluiceSchema.optional(),
});

export type CompletionsBody = z.output<typeof completionsSchema>;
