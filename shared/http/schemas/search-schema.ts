import * as z from 'zod';
import {
  collectionSchema,
  minScoreSchema,
  neighborsSchema,
  searchModeSchema,
  tenantSchema,
  topKSchema,
} from './common-schema.ts';
import { filterSchema } from './filter-schema.ts';

const query = z.string().min(1).max(32_768).regex(/\S/, 'write a query that is not blank');
const sluice = z.strictObject({ tenant: tenantSchema.optional() }).optional();

export const searchSchema = z.strictObject({
  query,
  top_k: topKSchema.optional(),
  /** Results to pass over; a store that charges for reading charges for them too. */
  offset: z.int().min(0).max(999).optional(),
  min_score: minScoreSchema.optional(),
  filter: filterSchema.optional(),
  collection: collectionSchema.optional(),
  mode: searchModeSchema.optional(),
  neighbors: neighborsSchema.optional(),
  /** Give the places of the query's words in each content. */
  highlights: z.boolean().optional(),
  sluice,
});

/** OpenAI's vector-store search (https://platform.openai.com/docs/api-reference/vector-stores/search). */
export const vectorStoreSearchSchema = z.strictObject({
  query: z.union([query, z.array(query).min(1).max(16)]),
  filters: filterSchema.optional(),
  max_num_results: z.int().min(1).max(50).optional(),
  ranking_options: z
    .strictObject({ ranker: z.string().optional(), score_threshold: minScoreSchema.optional() })
    .optional(),
  rewrite_query: z.boolean().optional(),
  sluice,
});
