import type { Attempt } from '../../api/wire.ts';
import { formatMs } from '../../parts/format.ts';

/** What a leg's latency is drawn as at least, in percent: nothing is invisible. */
const LEAST = 1.5;

/** The legs that were tried, one after the other, each where it stands in time. */
export function Timeline({ attempts }: { readonly attempts: readonly Attempt[] }) {
  const total = attempts.reduce((sum, { latency_ms: ms }) => sum + ms, 0) || 1;
  let before = 0;
  return (
    <ol class="timeline" aria-label="Attempts">
      {attempts.map(({ provider, model, code, latency_ms: ms }, index) => {
        const x = Math.min(100 - LEAST, (before / total) * 100);
        before += ms;
        return (
          <li key={index} class={code === undefined ? 'answered' : 'refused'}>
            <span class="leg">
              {provider}/{model}
            </span>
            <span class="code">{code ?? 'answered'}</span>
            <svg class="span" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
              <rect class="bar-track" width="100" height="6" />
              <rect class="bar-fill" x={x} width={Math.max(LEAST, (ms / total) * 100)} height="6" />
            </svg>
            <span class="number">{formatMs(ms)}</span>
          </li>
        );
      })}
    </ol>
  );
}
