import { PROVIDER_NAMES } from '../names.ts';
import { number, timeout, wholeNumber } from './common.ts';
import { block, type Infer } from './schema.ts';

const rate = () => ({ requests_per_minute: wholeNumber().optional(), tokens_per_minute: wholeNumber().optional() });
const bytes = () => wholeNumber({ min: 1024, max: 512 * 1024 * 1024 }).optional();

export const limits = () =>
  block({
    chat_body_bytes: bytes(),
    embed_body_bytes: bytes(),
    ingest_body_bytes: bytes(),
    search_body_bytes: bytes(),
    body_bytes_in_flight: wholeNumber({ min: 1024 * 1024, max: 64 * 1024 ** 3 }).optional(),
    request_timeout: timeout.optional(),
    idle_timeout: timeout.optional(),
    daily_usd: number({ above: 0 }).optional(),
    ...rate(),
    max_inputs: wholeNumber({ max: 100_000 }).optional(),
    max_documents: wholeNumber({ max: 100_000 }).optional(),
    providers: block(
      Object.fromEntries(PROVIDER_NAMES.map((provider) => [provider, block(rate()).optional()])),
    ).optional(),
    forwarded_hops: wholeNumber({ min: 0, max: 10 }).optional(),
    client: block({ requests_per_second: number({ above: 0 }), burst: wholeNumber() }).optional(),
  });
export type LimitsInput = Infer<ReturnType<typeof limits>>;
