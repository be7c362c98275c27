import type { UsageFigures } from '../../api/wire.ts';
import { formatCount, formatUsd, plural } from '../../parts/format.ts';

/** The sums of the period, in large figures. */
export function Totals({ figures }: { readonly figures: UsageFigures }) {
  const { requests, prompt_tokens: input, completion_tokens: output, cost_usd: cost, unpriced } = figures;
  const items = [
    ['Calls', formatCount(requests), ''],
    ['Tokens in', formatCount(input), ''],
    ['Tokens out', formatCount(output), ''],
    [
      'Cost',
      cost === null ? 'not tracked' : formatUsd(cost),
      unpriced === 0 ? '' : `${plural(unpriced, 'call')} without a price`,
    ],
  ] as const;
  return (
    <dl class="totals">
      {items.map(([name, value, note]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
          {note === '' ? null : <dd class="note">{note}</dd>}
        </div>
      ))}
    </dl>
  );
}
