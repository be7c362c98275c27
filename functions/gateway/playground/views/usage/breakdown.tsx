import type { UsageFigures } from '../../api/wire.ts';
import { figureOf, formatMetric, type Metric } from './metric.ts';

const NAMES: Readonly<Record<string, string>> = {
  provider: 'By provider',
  model: 'By model',
  agent: 'By agent',
  tenant: 'By tenant',
  key: 'By key',
};
const MOST = 8;

export interface BreakdownProps {
  readonly by: Readonly<Record<string, Readonly<Record<string, UsageFigures>>>>;
  readonly metric: Metric;
}

/** Where the figures come from, each part as a bar. */
export function Breakdown({ by, metric }: BreakdownProps) {
  const parts = Object.entries(NAMES).filter(([dimension]) => Object.keys(by[dimension] ?? {}).length > 0);
  return (
    <div class="breakdown">
      {parts.map(([dimension, name]) => (
        <section key={dimension}>
          <h2>{name}</h2>
          <Bars figures={by[dimension] ?? {}} metric={metric} />
        </section>
      ))}
    </div>
  );
}

interface BarsProps {
  readonly figures: Readonly<Record<string, UsageFigures>>;
  readonly metric: Metric;
}

function Bars({ figures, metric }: BarsProps) {
  const sorted = Object.entries(figures).sort(
    ([, left], [, right]) => figureOf(right, metric) - figureOf(left, metric),
  );
  const most = Math.max(...sorted.map(([, each]) => figureOf(each, metric)), 0);
  return (
    <ul class="bars">
      {sorted.slice(0, MOST).map(([label, each]) => (
        <li key={label}>
          <span class="bars-label">{label || '(none)'}</span>
          <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
            <rect class="bar-track" width="100" height="6" />
            <rect class="bar-fill" width={most === 0 ? 0 : (figureOf(each, metric) / most) * 100} height="6" />
          </svg>
          <span class="number">{formatMetric(figureOf(each, metric), metric)}</span>
        </li>
      ))}
    </ul>
  );
}
