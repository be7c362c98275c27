import * as z from 'zod';
import { collectionSchema, recordOf, tenantSchema } from './common-schema.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const documentFields = {
  id: z.string().min(1).max(512).optional(),
  text: z.string().optional(),
  content_base64: z.string().optional(),
  content_type: z.string().max(128).optional(),
  title: z.string().max(1024).nullish(),
  source: z.string().max(2048).nullish(),
  metadata: recordOf(
    z.string().max(256, 'a name has at most 256 characters'),
    z.union([scalar, z.null(), z.array(scalar)]),
  ).optional(),
  collection: collectionSchema.optional(),
};

const document = z.strictObject(documentFields);

export type DocumentInput = z.output<typeof document>;

/** One document, or several under `documents`. Exactly one of `text` and `content_base64` is checked per document. */
export const documentsSchema = z.strictObject({
  ...documentFields,
  documents: z.array(document).min(1).max(1000).optional(),
  sluice: z.strictObject({ tenant: tenantSchema.optional() }).optional(),
});
