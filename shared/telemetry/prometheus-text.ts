import type { HistogramSeries, MetricFamily } from './metrics.ts';

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format). */
export function toPrometheusText(families: readonly MetricFamily[]): string {
  return families.map((family) => `${toHead(family)}${toLines(family).join('\n')}\n`).join('\n');
}

function toHead({ name, help, type, series }: MetricFamily): string {
  const text = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `# HELP ${name} ${text}\n# TYPE ${name} ${type}${series.length === 0 ? '' : '\n'}`;
}

function toLines(family: MetricFamily): string[] {
  const names = family.labels ?? [];
  if (family.type !== 'histogram') {
    return family.series.map(({ labels, value }) => `${family.name}${toLabels(names, labels)} ${toNumber(value)}`);
  }
  return family.series.flatMap((series) => toHistogramLines(family.name, names, family.buckets, series));
}

function toHistogramLines(
  name: string,
  names: readonly string[],
  buckets: readonly number[],
  { labels, counts, sum, count }: HistogramSeries,
): string[] {
  let below = 0;
  const bounds = [...buckets.map(toNumber), '+Inf'];
  return [
    ...bounds.map((bound, index) => {
      below += counts[index] ?? 0;
      return `${name}_bucket${toLabels(['le', ...names], [bound, ...labels])} ${below}`;
    }),
    `${name}_sum${toLabels(names, labels)} ${toNumber(sum)}`,
    `${name}_count${toLabels(names, labels)} ${count}`,
  ];
}

function toLabels(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  return `{${names.map((name, index) => `${name}="${escapeValue(values[index] ?? '')}"`).join(',')}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function toNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
