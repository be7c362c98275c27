import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiError } from '../../api/api-error.ts';
import type { UsageReport } from '../../api/wire.ts';
import { ErrorNotice } from '../../parts/error-notice.tsx';
import { Segments } from '../../parts/segments.tsx';
import type { Session } from '../../state/session.ts';
import { Breakdown } from './breakdown.tsx';
import { DayChart } from './day-chart.tsx';
import { Limits } from './limits.tsx';
import { METRICS, type Metric } from './metric.ts';
import { Totals } from './totals.tsx';

type Loaded =
  | { readonly state: 'loading'; readonly before?: UsageReport | undefined }
  | { readonly state: 'ready'; readonly report: UsageReport }
  | { readonly state: 'failed'; readonly error: ApiError };

type Range = '1' | '7' | '30';

const RANGES = [
  ['1', 'Today'],
  ['7', '7 days'],
  ['30', '30 days'],
] as const;

const SCOPES = {
  all: 'Everybody’s calls, by UTC day.',
  tenant: 'The calls of your tenant, by UTC day.',
  key: 'The calls of your key, by UTC day.',
} as const;

export function UsageView({ session, isShown }: { readonly session: Session; readonly isShown: boolean }) {
  const [range, setRange] = useState<Range>('1');
  const [metric, setMetric] = useState<Metric>('requests');
  const [loaded, setLoaded] = useState<Loaded>({ state: 'loading' });
  const load = useCallback(async () => {
    setLoaded((now) => ({ state: 'loading', before: now.state === 'ready' ? now.report : undefined }));
    try {
      setLoaded({ state: 'ready', report: await session.api.get<UsageReport>(`/v1/usage?days=${range}`) });
    } catch (error) {
      setLoaded({ state: 'failed', error: ApiError.from(error) });
    }
  }, [session, range]);
  useEffect(() => {
    if (isShown) void load();
  }, [isShown, load]);

  // What was there stays until the new figures come: nothing jumps.
  const report = loaded.state === 'ready' ? loaded.report : loaded.state === 'loading' ? loaded.before : undefined;
  return (
    <div class="page">
      <div class="page-head">
        <h1>Usage</h1>
        <button type="button" class="quiet" onClick={() => void load()}>
          Refresh
        </button>
      </div>
      <div class="row">
        <Segments label="Period" options={RANGES} value={range} onChange={setRange} />
        <Segments label="Figure" options={METRICS} value={metric} onChange={setMetric} />
      </div>
      {loaded.state === 'failed' ? (
        <ErrorNotice error={loaded.error} onRetry={() => void load()} onKey={() => session.isKeyOpen.set(true)} />
      ) : null}
      {report === undefined && loaded.state === 'loading' ? <p class="empty-line">Adding up…</p> : null}
      {report === undefined ? null : (
        <div aria-busy={loaded.state === 'loading'}>
          <Totals figures={report.period} />
          {report.days.length > 1 ? <DayChart days={report.days} metric={metric} /> : null}
          {report.period.requests === 0 ? (
            <p class="empty-line">Nothing here yet: ask something, and come back.</p>
          ) : (
            <Breakdown by={report.period.by ?? {}} metric={metric} />
          )}
          <Limits limits={report.limits} resetsAt={report.resets_at} />
          <p class="faint">{SCOPES[report.scope]}</p>
        </div>
      )}
    </div>
  );
}
