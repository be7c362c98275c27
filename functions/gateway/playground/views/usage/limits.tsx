import type { UsageReport } from '../../api/wire.ts';
import { formatShort, formatUsd } from '../../parts/format.ts';

const NAMES: Readonly<Record<string, string>> = {
  daily_token_limit: 'Tokens a day',
  daily_usd: 'Cost a day',
  daily_budget_usd: 'Budget of this key a day',
};

export interface LimitsProps {
  readonly limits: UsageReport['limits'];
  /** ISO 8601. */
  readonly resetsAt: string;
}

/** How much of today's limits is used up. */
export function Limits({ limits, resetsAt }: LimitsProps) {
  if (limits.length === 0) return null;
  return (
    <section>
      <h2>Limits of today</h2>
      <ul class="bars">
        {limits.map(({ name, unit, used, limit }) => {
          const format = unit === 'usd' ? formatUsd : formatShort;
          return (
            <li key={name}>
              <span class="bars-label">{NAMES[name] ?? name}</span>
              <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect class="bar-track" width="100" height="6" />
                <rect class="bar-fill" width={limit === 0 ? 100 : Math.min(100, (used / limit) * 100)} height="6" />
              </svg>
              <span class="number">
                {format(used)} of {format(limit)}
              </span>
            </li>
          );
        })}
      </ul>
      <p class="faint">They begin anew at {new Date(resetsAt).toLocaleTimeString([], { timeStyle: 'short' })}.</p>
    </section>
  );
}
