import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';
import { createLogSink } from '../../../shared/telemetry/log-sink.ts';
import { createTelemetry } from '../../../shared/telemetry/telemetry.ts';
import { parseLogFilter } from '../../support/log-filter.ts';
import { logDocuments, tellEverything } from '../../support/telemetry-lines.ts';

type Line = Readonly<Record<string, unknown>>;

interface Metric {
  readonly name: string;
  readonly filter: string;
  readonly value: string | undefined;
  /** Fields of the lines, by label. */
  readonly labels: Readonly<Record<string, string>>;
}

const read = (file: string): string => readFileSync(join(ROOT, 'infra', file), 'utf8');

/** The map of metrics in metrics.tf, which is flat: one block each, one line for each argument. */
function readMetrics(): Metric[] {
  const text = read('metrics.tf');
  const blocks = [...text.matchAll(/^ {4}(\w+) = \{\n([\s\S]*?)^ {4}\}/gm)];
  return blocks.map(([, name = '', body = '']) => ({
    name,
    filter: (/^\s+filter\s+= "(.*)"$/m.exec(body)?.[1] ?? '').replaceAll('\\"', '"'),
    value: /^\s+value\s+= "(\w+)"$/m.exec(body)?.[1],
    labels: Object.fromEntries(
      [...(/^\s+labels\s+= \{(.*)\}$/m.exec(body)?.[1] ?? '').matchAll(/(\w+) = "jsonPayload\.(\w+)"/g)].map(
        ([, label = '', field = '']) => [label, field],
      ),
    ),
  }));
}

function writtenLines(): Line[] {
  const lines: Line[] = [];
  const log = (severity: string, message: string, fields: object = {}) =>
    void lines.push(JSON.parse(JSON.stringify({ severity, message, ...fields })));
  tellEverything(createTelemetry([createLogSink({ log, project: 'p', tracksTokens: true, tracksCost: true })]));
  logDocuments(log);
  return lines;
}

const metrics = readMetrics();
const lines = writtenLines();
const alerts = read('alerts.tf');
const queries = `${alerts}\n${read('dashboard.tf')}`;

describe.each(metrics.map((metric) => [metric.name, metric] as const))('the metric %s', (name, metric) => {
  const matching = lines.filter(parseLogFilter(metric.filter));

  it('counts lines that the code writes, and not all of them', () => {
    expect(matching.length).toBeGreaterThan(0);
    expect(matching.length).toBeLessThan(lines.length);
  });

  it('finds its value and its labels on each of them', () => {
    for (const line of matching) {
      if (metric.value !== undefined) expect(line[metric.value]).toEqual(expect.any(Number));
      for (const field of Object.values(metric.labels)) expect(line[field] ?? `no ${field}`).not.toBe(`no ${field}`);
    }
  });

  it('is looked at by an alert or a chart, by labels that it has', () => {
    const uses = [
      ...queries.matchAll(
        new RegExp(`(?:by \\(([^)]*)\\) \\()?(?:rate|increase)\\(\\$\\{local\\.promql\\.${name}\\}(\\w*)`, 'g'),
      ),
    ];
    expect(uses.length).toBeGreaterThan(0);
    for (const [, by = '', suffix = ''] of uses) {
      expect(metric.value === undefined ? [''] : ['_bucket', '_sum', '_count']).toContain(suffix);
      const labels = by.split(',').map((label) => label.trim());
      const known = ['', ...(suffix === '_bucket' ? ['le'] : []), ...Object.keys(metric.labels)];
      expect(labels.filter((label) => !known.includes(label))).toEqual([]);
    }
  });
});

describe('the lines that the code writes', () => {
  /** Lines for people who look for a cause; what they are about is counted elsewhere. */
  const NOTES = ['document not ingested yet'];

  it('are counted or alerted on where they are about something wrong', () => {
    const filters = metrics.map(({ filter }) => parseLogFilter(filter));
    const matched = [...alerts.matchAll(/jsonPayload\.message=\\"([^"\\]+)\\"/g)].map(([, message]) => message);
    const wrong = lines.filter(({ severity }) => severity === 'WARNING' || severity === 'ERROR');
    expect(wrong.length).toBeGreaterThan(6);
    const missed = wrong.filter(
      (line) =>
        !filters.some((filter) => filter(line)) &&
        !matched.includes(line.message as string) &&
        !NOTES.includes(line.message as string),
    );
    expect(missed).toEqual([]);
  });

  it('have every measurement as the value of a metric', () => {
    const measured = new Set(
      lines.flatMap((line) => Object.keys(line).filter((field) => /(_seconds|_tokens|_usd)$/.test(field))),
    );
    // The wait before a retry, and the two numbers of the alert, are for reading.
    for (const field of ['delay_seconds', 'threshold_usd']) measured.delete(field);
    expect([...measured].sort()).toEqual([...new Set(metrics.flatMap(({ value }) => value ?? []))].sort());
  });

  it('are the ones that alerts look for by name', () => {
    const named = [...alerts.matchAll(/jsonPayload\.message=\\"([^"\\]+)\\"/g)].map(([, message]) => message);
    expect(named.length).toBeGreaterThan(0);
    const messages = lines.map(({ message }) => message);
    for (const message of named) expect(messages).toContain(message);
  });

  it('count tokens and costs once, although calls and legs both have them', () => {
    for (const name of ['prompt_tokens', 'completion_tokens', 'cost_usd']) {
      const metric = metrics.find((candidate) => candidate.name === name);
      const counted = lines.filter(parseLogFilter(metric?.filter ?? ''));
      expect(counted.filter((line) => 'status' in line)).toEqual([]);
    }
  });
});
