import { RECORD_STORE_NAMES } from '../names.ts';
import { anyText, flag, number, secret, text, wholeNumber } from './common.ts';
import { block, type Infer, oneOf, record } from './schema.ts';
import { collectionName } from './vectorstore.ts';

export const observability = () =>
  block({
    cost_tracking: flag.optional(),
    cost_alert_threshold: number({ min: 0 }).optional(),
    llm_observability: block({
      enabled: flag.optional(),
      track_tokens: flag.optional(),
      daily_token_limit: wholeNumber().optional(),
    }).optional(),
    log_content: flag.optional(),
    metrics: block({ enabled: flag.optional(), token: secret.optional() }).optional(),
    ledger: oneOf(RECORD_STORE_NAMES).optional(),
    usage_collection: collectionName.optional(),
    tracing: block({
      endpoint: text.optional(),
      protocol: oneOf(['http/protobuf', 'http/json']).optional(),
      headers: record(anyText, secret).optional(),
      sample_ratio: number({ min: 0, max: 1 }).optional(),
    }).optional(),
    langfuse: block({ public_key: secret, secret_key: secret, endpoint: text.optional() }).optional(),
  });
export type ObservabilityInput = Infer<ReturnType<typeof observability>>;
