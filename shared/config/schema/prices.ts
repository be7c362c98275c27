import { matching, number, wholeNumber } from './common.ts';
import { block, type Infer, oneOf, record } from './schema.ts';

const price = number({ min: 0 }).optional();

export const prices = () =>
  record(
    matching(/^[a-z_]+\/[\w@][\w.:@/+-]*$/, 'must be provider/model'),
    block({
      unit: oneOf(['tokens', 'characters']).optional(),
      input: price,
      output: price,
      cached_input: price,
      cache_write: price,
      context_window: wholeNumber().optional(),
      max_output_tokens: wholeNumber().optional(),
    }),
  );
export type PricesInput = Infer<ReturnType<typeof prices>>;
