import prometheus from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../shared/telemetry/metrics.ts';
import { toPrometheusText } from '../../../shared/telemetry/prometheus-text.ts';

/** Lines in an order of their own, as both sides may order series as they like. */
const sorted = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .sort();

describe('the text for Prometheus', () => {
  it('is what its own client library writes for the same observations', async () => {
    const registry = new prometheus.Registry();
    const ours = createMetrics();
    const labels = ['provider', 'model'];
    const buckets = [0.1, 0.5, 1, 2.5, 10];
    const theirs = {
      histogram: new prometheus.Histogram({
        name: 'latency_seconds',
        help: 'Help with a \\ and\na line',
        labelNames: labels,
        buckets,
        registers: [registry],
      }),
      counter: new prometheus.Counter({
        name: 'calls_total',
        help: 'Calls',
        labelNames: labels,
        registers: [registry],
      }),
      gauge: new prometheus.Gauge({ name: 'streams', help: 'Streams', registers: [registry] }),
    };
    const mine = {
      histogram: ours.histogram({ name: 'latency_seconds', help: 'Help with a \\ and\na line', labels, buckets }),
      counter: ours.counter({ name: 'calls_total', help: 'Calls', labels }),
      gauge: ours.gauge({ name: 'streams', help: 'Streams' }),
    };
    const models = ['gpt-4o', 'say "hi"', 'back\\slash', 'two\nlines', 'ü'];
    for (let index = 0; index < 200; index += 1) {
      const values = ['openai', models[index % models.length] as string];
      const named = { provider: values[0] as string, model: values[1] as string };
      const seconds = [0, 0.1, 0.1000001, 0.75, 3, 11, 1e-7][index % 7] as number;
      theirs.histogram.observe(named, seconds);
      mine.histogram(values, seconds);
      theirs.counter.inc(named, index * 0.25);
      mine.counter(values, index * 0.25);
      theirs.gauge.inc(index % 3);
      mine.gauge.add([], index % 3);
    }
    expect(sorted(toPrometheusText(ours.families()))).toEqual(sorted(await registry.metrics()));
  });

  it('has the series of metrics without labels before their first event, and heads for those without series', () => {
    const metrics = createMetrics();
    metrics.counter({ name: 'alerts_total', help: 'Alerts' });
    metrics.counter({ name: 'calls_total', help: 'Calls', labels: ['code'] });
    metrics.observed({ name: 'memory_bytes', help: 'Memory' }, () => 42);
    expect(sorted(toPrometheusText(metrics.families()))).toEqual(
      sorted(`# HELP alerts_total Alerts
# TYPE alerts_total counter
alerts_total 0
# HELP calls_total Calls
# TYPE calls_total counter
# HELP memory_bytes Memory
# TYPE memory_bytes gauge
memory_bytes 42`),
    );
  });
});

describe('metrics', () => {
  it('never count down', () => {
    const metrics = createMetrics();
    const count = metrics.counter({ name: 'x_total', help: 'x', labels: ['a'] });
    count(['1'], 2);
    count(['1'], -1);
    count(['1'], Number.NaN);
    expect(metrics.families()[0]?.series).toEqual([{ labels: ['1'], value: 2 }]);
  });

  it('stay bounded whatever the labels: what comes beyond is counted together', () => {
    const metrics = createMetrics();
    const count = metrics.counter({ name: 'x_total', help: 'x', labels: ['a', 'b'] });
    for (let index = 0; index < 10_000; index += 1) count([`label ${index}`, 'b']);
    const series = metrics.families()[0]?.series as { labels: string[]; value: number }[];
    expect(series.length).toBe(2_001);
    expect(series.find(({ labels }) => labels.every((label) => label === 'other'))?.value).toBe(8_000);
  });
});
