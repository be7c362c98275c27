import type { DayFigures } from '../../api/wire.ts';
import { formatCount, formatDay, formatUsd } from '../../parts/format.ts';
import { figureOf, formatMetric, type Metric } from './metric.ts';

const WIDTH = 720;
const HEIGHT = 180;
const TOP = 28;
const BOTTOM = 26;

export interface DayChartProps {
  /** Today first. */
  readonly days: readonly DayFigures[];
  readonly metric: Metric;
}

/** A bar for each day, and the same as a table. */
export function DayChart({ days, metric }: DayChartProps) {
  const ordered = days.toReversed();
  const most = Math.max(...ordered.map((day) => figureOf(day, metric)));
  const step = WIDTH / ordered.length;
  const barWidth = Math.min(48, step * 0.7);
  const room = HEIGHT - TOP - BOTTOM;
  const first = ordered[0]?.day ?? '';
  const last = ordered.at(-1)?.day ?? '';
  const summary = `${formatMetric(most, metric)} on the busiest of ${ordered.length} days, ${formatDay(first)} to ${formatDay(last)}`;
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={summary}>
        <line class="axis" x1="0" x2={WIDTH} y1={HEIGHT - BOTTOM} y2={HEIGHT - BOTTOM} />
        <line class="axis faint-line" x1="0" x2={WIDTH} y1={TOP} y2={TOP} />
        <text class="chart-label" x="0" y={TOP - 6}>
          {most === 0 ? '0' : formatMetric(most, metric)}
        </text>
        {ordered.map((day, index) => {
          const value = figureOf(day, metric);
          const height = most === 0 ? 0 : Math.max(value > 0 ? 2 : 0, (value / most) * room);
          const isToday = index === ordered.length - 1;
          return (
            <g key={day.day}>
              <title>
                {formatDay(day.day)}: {formatMetric(value, metric)}
              </title>
              <rect class="hit" x={index * step} y={TOP} width={step} height={room} />
              <rect
                class={isToday ? 'day today' : 'day'}
                x={index * step + (step - barWidth) / 2}
                y={HEIGHT - BOTTOM - height}
                width={barWidth}
                height={height}
                rx="2"
              />
            </g>
          );
        })}
        <text class="chart-label" x="0" y={HEIGHT - 5}>
          {formatDay(first)}
        </text>
        <text class="chart-label end" x={WIDTH} y={HEIGHT - 5}>
          Today
        </text>
      </svg>
      <details>
        <summary>As a table</summary>
        <table class="figures">
          <thead>
            <tr>
              <th>Day</th>
              <th>Calls</th>
              <th>Tokens</th>
              <th>Cost</th>
            </tr>
          </thead>
          <tbody>
            {days.map((day) => (
              <tr key={day.day}>
                <td>{formatDay(day.day)}</td>
                <td>{formatCount(day.requests)}</td>
                <td>{formatCount(day.total_tokens)}</td>
                <td>{day.cost_usd === null ? '–' : formatUsd(day.cost_usd)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
