import * as z from 'zod';

/**
 * What answers look like, for the OpenAPI document. What comes from a model's vendor is described by the members that
 * every answer has; what Sluice makes itself is described whole. Tests hold running answers against it.
 */

const count = z.int().min(0);
const money = z.number().min(0).nullable().describe('USD; null when the price is not known');

const citation = z.strictObject({
  index: z.int().describe('The number the model cites it by'),
  id: z.string(),
  document_id: z.string(),
  title: z.string().optional(),
  source: z.string().optional(),
  score: z.number(),
  start: count.optional(),
  end: count.optional(),
});

const attempt = z.strictObject({
  provider: z.string(),
  model: z.string(),
  code: z.string().optional().describe('Why the leg failed; absent on the one that answered'),
  latency_ms: z.number().min(0),
});

const answerFacts = z
  .looseObject({
    provider: z.string(),
    model: z.string(),
    attempts: z.array(attempt),
    cost_usd: money,
    cached: z.boolean(),
    citations: z.array(citation).optional(),
    steps: z.array(z.looseObject({ tool: z.string() })).optional(),
  })
  .describe('What Sluice adds to an answer; of a stream, on its last piece');

export const errorBody = z
  .strictObject({
    error: z.strictObject({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
    }),
    sluice: z.looseObject({}).optional().describe('More about it, such as the legs that were tried'),
  })
  .describe('The error body of OpenAI');

export const anthropicErrorBody = z
  .strictObject({
    type: z.literal('error'),
    error: z.looseObject({ type: z.string(), message: z.string() }),
    request_id: z.string().nullable(),
    sluice: z.looseObject({}).optional(),
  })
  .describe('The error body of Anthropic');

export const chatCompletion = z.looseObject({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.looseObject({
      index: z.int(),
      message: z.looseObject({ role: z.literal('assistant') }),
      finish_reason: z.string().nullable(),
    }),
  ),
  usage: z.looseObject({ prompt_tokens: count, completion_tokens: count, total_tokens: count }).optional(),
  sluice: answerFacts,
});

export const textCompletion = z.looseObject({
  id: z.string(),
  object: z.literal('text_completion'),
  created: z.int(),
  model: z.string(),
  choices: z.array(z.looseObject({ index: z.int(), text: z.string(), finish_reason: z.string().nullable() })),
  sluice: answerFacts,
});

export const responseObject = z.looseObject({
  id: z.string(),
  object: z.literal('response'),
  status: z.string(),
  model: z.string(),
  output: z.array(z.looseObject({ type: z.string() })),
  sluice: answerFacts,
});

export const messageObject = z.looseObject({
  id: z.string(),
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: z.string(),
  content: z.array(z.looseObject({ type: z.string() })),
  stop_reason: z.string().nullable(),
  usage: z.looseObject({ input_tokens: count, output_tokens: count }),
  sluice: answerFacts,
});

export const tokenCount = z.looseObject({ input_tokens: count });

export const modelObject = z.strictObject({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
  sluice: z.strictObject({
    kind: z.enum(['agent', 'model', 'embedding']),
    provider: z.string(),
    model: z.string(),
    context_window: z.int().nullable(),
    max_output_tokens: z.int().nullable(),
    prices: z
      .strictObject({
        unit: z.enum(['per_1m_tokens', 'per_1k_characters']),
        input: z.number(),
        output: z.number().nullable(),
      })
      .nullable(),
    capabilities: z.looseObject({}),
    cascade: z.array(z.string()).optional(),
  }),
});

export const modelList = z.strictObject({ object: z.literal('list'), data: z.array(modelObject) });

const embeddingTokens = z.strictObject({ prompt_tokens: count, total_tokens: count });

export const embeddingList = z.strictObject({
  object: z.literal('list'),
  data: z.array(
    z.strictObject({
      object: z.literal('embedding'),
      index: z.int(),
      embedding: z.union([z.array(z.number()), z.string().describe('Little-endian float32 as base64')]),
    }),
  ),
  model: z.string(),
  usage: embeddingTokens,
  sluice: z.strictObject({ provider: z.string(), model: z.string(), cost_usd: money }),
});

export const documentObject = z.strictObject({
  object: z.literal('document'),
  id: z.string(),
  status: z.string(),
  chunks: count,
  embedded: count.optional(),
  skipped: count.optional(),
  tokens: count.optional(),
  cost_usd: money.optional(),
  error: z.strictObject({ code: z.string(), message: z.string(), retry_after: count.optional() }).optional(),
  updated_at: z.string().optional(),
});

export const documentList = z.looseObject({ object: z.literal('list'), data: z.array(documentObject) });

export const deletedDocument = z.strictObject({
  id: z.string(),
  object: z.literal('document.deleted'),
  deleted: z.literal(true),
});

export const searchResults = z.strictObject({
  object: z.literal('list'),
  data: z.array(
    z.strictObject({
      id: z.string(),
      document_id: z.string(),
      score: z.number(),
      scores: z.strictObject({ vector: z.number().optional(), lexical: z.number() }).optional(),
      content: z.string(),
      metadata: z.looseObject({}),
      highlights: z.array(z.looseObject({})).optional(),
    }),
  ),
  usage: embeddingTokens,
  sluice: z.strictObject({ cost_usd: money, reads: count.nullable().optional() }),
});

export const vectorStoreResults = z.strictObject({
  object: z.literal('vector_store.search_results.page'),
  search_query: z.array(z.string()),
  data: z.array(
    z.strictObject({
      file_id: z.string(),
      filename: z.string(),
      score: z.number(),
      attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullable(),
      content: z.array(z.strictObject({ type: z.literal('text'), text: z.string() })),
    }),
  ),
  has_more: z.boolean(),
  next_page: z.string().nullable(),
});

const figures = {
  requests: count,
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  cost_usd: z.number().min(0).nullable(),
  unpriced: count,
};
const byDimension = z
  .record(z.string(), z.record(z.string(), z.strictObject(figures)))
  .optional()
  .describe('By provider, model, agent, tenant and key; for those who see everything');

export const usageReport = z.strictObject({
  object: z.literal('usage'),
  scope: z.enum(['all', 'tenant', 'key']),
  today: z.strictObject({ day: z.string(), ...figures, by: byDimension }),
  period: z.strictObject({ from: z.string(), to: z.string(), days: z.int(), ...figures, by: byDimension }),
  days: z.array(z.strictObject({ day: z.string(), ...figures })),
  limits: z.array(
    z.strictObject({
      name: z.string(),
      unit: z.enum(['tokens', 'usd']),
      limit: z.number(),
      used: z.number(),
      left: z.number(),
    }),
  ),
  cost_alert_threshold_usd: z.number().optional(),
  resets_at: z.string(),
});

export const liveness = z.looseObject({ status: z.literal('ok') });
export const readiness = z.looseObject({
  status: z.enum(['ready', 'not_ready']),
  problems: z.array(z.string()).optional(),
});
export const index = z.looseObject({ name: z.literal('sluice'), routes: z.array(z.string()) });
