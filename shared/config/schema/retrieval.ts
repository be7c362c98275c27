import { RETRIEVAL_MODES } from '../names.ts';
import { flag, number, wholeNumber } from './common.ts';
import { block, changed, type Infer, oneOf } from './schema.ts';

export const retrieval = () =>
  block({
    top_k: wholeNumber({ min: 1, max: 1000 }).optional(),
    min_score: number({ min: 0, max: 1 }).optional(),
    mode: oneOf(RETRIEVAL_MODES).optional(),
    mmr: changed(
      (value) => (value === true || value === 'true' ? {} : value === false || value === 'false' ? undefined : value),
      block({ lambda: number({ min: 0, max: 1 }).optional() }).optional(),
    ),
    rewrite: flag.optional(),
    multi_query: wholeNumber({ min: 0, max: 5 }).optional(),
    answer_without_context: flag.optional(),
  });
export type RetrievalInput = Infer<ReturnType<typeof retrieval>>;
