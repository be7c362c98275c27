import type { UsageFigures } from '../../api/wire.ts';
import { formatShort, formatUsd } from '../../parts/format.ts';

export type Metric = 'requests' | 'total_tokens' | 'cost_usd';

export const METRICS = [
  ['requests', 'Calls'],
  ['total_tokens', 'Tokens'],
  ['cost_usd', 'Cost'],
] as const;

export function figureOf(figures: UsageFigures, metric: Metric): number {
  return figures[metric] ?? 0;
}

export function formatMetric(value: number, metric: Metric): string {
  return metric === 'cost_usd' ? formatUsd(value) : formatShort(value);
}
