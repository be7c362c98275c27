/** Series of one metric; what comes beyond them is counted under labels that all say `other`. */
const MAX_SERIES = 2_000;
const OTHER = 'other';

export interface MetricDefinition {
  /** By Prometheus' conventions: unit in the name, counters end in `_total`. */
  readonly name: string;
  readonly help: string;
  /** Names of labels, in the order in which values are given. */
  readonly labels?: readonly string[];
}

export interface HistogramDefinition extends MetricDefinition {
  /** Upper bounds, ascending, without the infinite one. */
  readonly buckets: readonly number[];
}

export interface NumberSeries {
  readonly labels: readonly string[];
  value: number;
}

export interface HistogramSeries {
  readonly labels: readonly string[];
  /** Observations by bucket, not summed up; the last one is above all bounds. */
  readonly counts: number[];
  sum: number;
  count: number;
}

export type MetricFamily =
  | (MetricDefinition & { readonly type: 'counter' | 'gauge'; readonly series: readonly NumberSeries[] })
  | (HistogramDefinition & { readonly type: 'histogram'; readonly series: readonly HistogramSeries[] });

export interface Metrics {
  counter(definition: MetricDefinition): (labels: readonly string[], value?: number) => void;
  gauge(definition: MetricDefinition): {
    set(labels: readonly string[], value: number): void;
    add(labels: readonly string[], value: number): void;
  };
  /** A gauge that is read when somebody looks. */
  observed(definition: MetricDefinition & { readonly type?: 'counter' | 'gauge' }, read: () => number): void;
  histogram(definition: HistogramDefinition): (labels: readonly string[], value: number) => void;
  /** Everything that was counted so far, in the order of definition. */
  families(): readonly MetricFamily[];
}

/**
 * Counters, gauges and histograms in memory. An observation is one look-up by its labels and one addition: some tens of
 * nanoseconds, and nothing is allocated for a series that is known.
 */
export function createMetrics(): Metrics {
  const families: (() => MetricFamily)[] = [];

  const numbers = (definition: MetricDefinition, type: 'counter' | 'gauge') => {
    const series = createSeries<NumberSeries>((labels) => ({ labels, value: 0 }));
    // Without labels there is one series, and it is there before its first event.
    if (definition.labels === undefined) series.find([]);
    families.push(() => ({ ...definition, type, series: series.all() }));
    return series;
  };

  return {
    counter(definition) {
      const series = numbers(definition, 'counter');
      return (labels, value = 1) => {
        if (value >= 0) series.find(labels).value += value;
      };
    },
    gauge(definition) {
      const series = numbers(definition, 'gauge');
      return {
        set(labels, value) {
          series.find(labels).value = value;
        },
        add(labels, value) {
          series.find(labels).value += value;
        },
      };
    },
    observed({ type = 'gauge', ...definition }, read) {
      families.push(() => ({ ...definition, type, series: [{ labels: [], value: read() }] }));
    },
    histogram(definition) {
      const { buckets } = definition;
      const series = createSeries<HistogramSeries>((labels) => ({
        labels,
        counts: new Array<number>(buckets.length + 1).fill(0),
        sum: 0,
        count: 0,
      }));
      families.push(() => ({ ...definition, type: 'histogram', series: series.all() }));
      return (labels, value) => {
        const found = series.find(labels);
        let bucket = 0;
        while (bucket < buckets.length && value > (buckets[bucket] as number)) bucket += 1;
        (found.counts[bucket] as number) += 1;
        found.sum += value;
        found.count += 1;
      };
    },
    families: () => families.map((family) => family()),
  };
}

function createSeries<Series>(make: (labels: readonly string[]) => Series) {
  const known = new Map<string, Series>();
  const add = (key: string, labels: readonly string[]): Series => {
    const made = make([...labels]);
    known.set(key, made);
    return made;
  };
  return {
    find(labels: readonly string[]): Series {
      const key = labels.length === 1 ? (labels[0] as string) : labels.join('\u0000');
      const found = known.get(key);
      if (found !== undefined) return found;
      if (known.size < MAX_SERIES) return add(key, labels);
      const others = labels.map(() => OTHER);
      const overflow = others.join('\u0000');
      return known.get(overflow) ?? add(overflow, others);
    },
    all: () => [...known.values()],
  };
}
