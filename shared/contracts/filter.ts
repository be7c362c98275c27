/**
 * Metadata filters in OpenAI's vector-store filter language
 * (https://platform.openai.com/docs/api-reference/vector-stores/search), plus `contains` (an array field holds the
 * value) and `exists`. A key names one metadata field.
 *
 * A missing field never matches, whatever the operator: `ne` and `nin` mean "present, not null, and different" on every
 * store. A filter that a store cannot run is an AppError `unsupported` naming it; it is never dropped and never widened.
 */
export type FilterValue = string | number | boolean;

export type Filter =
  | { readonly type: 'eq' | 'ne'; readonly key: string; readonly value: FilterValue }
  | { readonly type: 'gt' | 'gte' | 'lt' | 'lte'; readonly key: string; readonly value: string | number }
  | { readonly type: 'in' | 'nin'; readonly key: string; readonly value: readonly FilterValue[] }
  | { readonly type: 'contains'; readonly key: string; readonly value: FilterValue }
  | { readonly type: 'exists'; readonly key: string; readonly value: boolean }
  | { readonly type: 'and' | 'or'; readonly filters: readonly Filter[] };

export type FilterOperator = Filter['type'];
