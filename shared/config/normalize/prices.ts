import { defined } from '../objects.ts';
import type { PricesInput } from '../schema/prices.ts';
import type { PriceConfig } from '../types.ts';

export function normalizePrices(input: PricesInput | undefined): Readonly<Record<string, PriceConfig>> {
  const rows = Object.entries(input ?? {}).map(([model, row]) => [
    model,
    defined({
      unit: row.unit ?? 'tokens',
      input: row.input,
      output: row.output,
      cachedInput: row.cached_input,
      cacheWrite: row.cache_write,
      contextWindow: row.context_window,
      maxOutputTokens: row.max_output_tokens,
    }),
  ]);
  return Object.fromEntries(rows);
}
