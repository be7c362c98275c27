import * as z from 'zod';

/** The request of OpenAI's Embeddings (https://platform.openai.com/docs/api-reference/embeddings/create). */
export const embeddingsSchema = z.strictObject({
  model: z.string().min(1).max(256),
  input: z.union([z.string(), z.array(z.string())]),
  dimensions: z.int().min(1).max(4096).nullish(),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  user: z.string().nullish(),
  sluice: z.strictObject({ purpose: z.enum(['document', 'query']).optional() }).optional(),
});
