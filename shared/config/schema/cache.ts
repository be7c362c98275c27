import { CACHE_NAMES } from '../names.ts';
import { duration, flag, number, secret, wholeNumber } from './common.ts';
import { block, type Infer, oneOf } from './schema.ts';
import { collectionName } from './vectorstore.ts';

export const cache = () =>
  block({
    provider: oneOf(CACHE_NAMES),
    ttl: duration.optional(),
    url: secret.optional(),
    collection: collectionName.optional(),
    max_entries: wholeNumber().optional(),
    allow_temperature: flag.optional(),
    semantic: block({ enabled: flag.optional(), threshold: number({ min: 0, max: 1 }).optional() }).optional(),
  });
export type CacheInput = Infer<ReturnType<typeof cache>>;
