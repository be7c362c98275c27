import { flag, matching, name, wholeNumber } from './common.ts';
import { block, changed, type Infer, list } from './schema.ts';

const region = matching(/^[A-Za-z0-9-]{1,64}$/, 'must be a region such as europe-west1 or eu');

export const routing = () =>
  block({
    rules: list(
      block({
        when: block({
          prompt_tokens_over: wholeNumber({ min: 0 }).optional(),
          prompt_tokens_under: wholeNumber().optional(),
          tools: flag.optional(),
          images: flag.optional(),
          region: changed(
            (value) => (typeof value === 'string' ? [value] : value),
            list(region, 'must list at least one region'),
          ).optional(),
        }),
        agent: name,
      }),
    ).optional(),
  });
export type RoutingInput = Infer<ReturnType<typeof routing>>;
