import * as z from 'zod';
import { filterSchema } from './filter-schema.ts';

/** Names of collections and tenants become parts of identifiers in every store. */
export const collectionSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'use 1 to 63 letters, digits, hyphens and underscores')
  .refine((name) => !name.startsWith('sluice_'), 'names that begin with sluice_ are reserved');

export const tenantSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,127}$/, 'use 1 to 128 letters, digits and the characters _ . @ -');

/** Where a document is, in the query of a request whose path names it. */
export const scopeSchema = z.object({ collection: collectionSchema.optional(), tenant: tenantSchema.optional() });

/** The collection that a path names. */
export const placeSchema = z.object({ collection: collectionSchema });

export const searchModeSchema = z.enum(['vector', 'lexical', 'hybrid']);
export const topKSchema = z.int().min(1).max(1000);
export const minScoreSchema = z.number().min(0).max(1);
/** Chunks of a document on either side that a result is widened by. */
export const neighborsSchema = z.int().min(0).max(5);

/** Sluice's own fields, in one object that plain clients never see. */
export const sluiceSchema = z.strictObject({
  retrieval: z
    .union([
      z.boolean(),
      z.strictObject({
        collection: collectionSchema.optional(),
        top_k: topKSchema.optional(),
        min_score: minScoreSchema.optional(),
        filter: filterSchema.optional(),
        mode: searchModeSchema.optional(),
        neighbors: neighborsSchema.optional(),
        /** Give each citation the text of its passage. */
        include_content: z.boolean().optional(),
      }),
    ])
    .optional(),
  cache: z.boolean().optional(),
  tenant: tenantSchema.optional(),
});

export type SluiceOptions = z.output<typeof sluiceSchema>;

/** A field that is taken and goes no further: a hint to one vendor, or what came with an answer. */
export const passedOver = z
  .unknown()
  .transform(() => undefined)
  .optional();

/** An optional field whose null is the same as leaving it out. */
export function orNull<Schema extends z.ZodType>(schema: Schema) {
  return schema
    .nullable()
    .transform((value) => value ?? undefined)
    .optional();
}

/** Where a prompt may be cached, as Anthropic marks it. How widely the vendor shares its cache is left to the vendor. */
export const cacheControlSchema = z
  .strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional(), scope: passedOver })
  .nullish();

/** An object with names of the caller's own. A record schema alone passes over the name `__proto__` as if it were not there. */
export function recordOf<Key extends z.ZodString, Value extends z.ZodType>(key: Key, value: Value) {
  return z.preprocess(
    (input, context) => {
      if (typeof input === 'object' && input !== null && Object.hasOwn(input, '__proto__')) {
        context.addIssue({ code: 'custom', path: ['__proto__'], message: 'the name is reserved' });
      }
      return input;
    },
    z.record(key, value),
  );
}

/**
 * Any JSON object, taken as it is: a record schema copies what it checks, and the copy loses a key named `__proto__`.
 */
export const jsonObject = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
);
