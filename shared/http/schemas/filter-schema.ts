import * as z from 'zod';

/** Nesting that a filter may have; deeper ones are refused before they reach a store. */
const MAX_DEPTH = 8;
const MAX_VALUES = 100;

const key = z.string().min(1).max(256);
const scalar = z.union([z.string().max(4096), z.number(), z.boolean()]);

const comparison = z.discriminatedUnion('type', [
  z.strictObject({ type: z.enum(['eq', 'ne', 'contains']), key, value: scalar }),
  z.strictObject({ type: z.enum(['gt', 'gte', 'lt', 'lte']), key, value: z.union([z.string().max(4096), z.number()]) }),
  z.strictObject({ type: z.enum(['in', 'nin']), key, value: z.array(scalar).min(1).max(MAX_VALUES) }),
  z.strictObject({ type: z.literal('exists'), key, value: z.boolean() }),
]);

type FilterInput = z.output<typeof comparison> | { type: 'and' | 'or'; filters: FilterInput[] };

const nested = (depth: number): z.ZodType<FilterInput> =>
  depth === 0
    ? comparison
    : z.discriminatedUnion('type', [
        comparison,
        z.strictObject({
          type: z.enum(['and', 'or']),
          filters: z.lazy(() =>
            z
              .array(nested(depth - 1))
              .min(1)
              .max(MAX_VALUES),
          ),
        }),
      ]);

/** A metadata filter in OpenAI's vector-store filter language, with `contains` and `exists` added. */
export const filterSchema = nested(MAX_DEPTH);
