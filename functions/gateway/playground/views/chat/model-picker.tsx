import type { ModelObject } from '../../api/wire.ts';
import { formatShort } from '../../parts/format.ts';

export interface ModelPickerProps {
  readonly models: readonly ModelObject[];
  readonly isLoading: boolean;
  readonly current: ModelObject | undefined;
  readonly onChange: (id: string) => void;
}

const KINDS = [
  ['agent', 'Agents'],
  ['model', 'Models'],
] as const;

/** Who is asked, and what is known of it. */
export function ModelPicker({ models, isLoading, current, onChange }: ModelPickerProps) {
  return (
    <div class="model-picker">
      <label>
        <span class="sr-only">Model or agent</span>
        <select
          class="model-select"
          value={current?.id ?? ''}
          disabled={models.length === 0}
          onChange={(event) => onChange(event.currentTarget.value)}
        >
          {models.length === 0 ? <option value="">{isLoading ? 'Loading…' : 'No models'}</option> : null}
          {KINDS.map(([kind, label]) => {
            const group = models.filter(({ sluice }) => sluice.kind === kind);
            return group.length === 0 ? null : (
              <optgroup key={kind} label={label}>
                {group.map(({ id }) => (
                  <option key={id} value={id}>
                    {id}
                  </option>
                ))}
              </optgroup>
            );
          })}
        </select>
      </label>
      <p class="model-facts">
        {current === undefined ? '\u00a0' : factsOf(current).map((fact) => <span key={fact}>{fact}</span>)}
      </p>
    </div>
  );
}

function factsOf({ id, sluice }: ModelObject): string[] {
  const { provider, model, context_window: context, prices, cascade } = sluice;
  const legs = cascade ?? [];
  const first = `${provider}/${model}`;
  const unit = prices?.unit === 'per_1k_characters' ? '1K characters' : '1M tokens';
  return [
    ...(id === first ? [provider] : [legs.length > 1 ? legs.join(' → ') : first]),
    ...(context === null ? [] : [`${formatShort(context)} context`]),
    ...(prices === null
      ? ['price unknown']
      : prices.input === 0 && !prices.output
        ? ['free']
        : [`$${prices.input} in${prices.output === null ? '' : `, $${prices.output} out`} per ${unit}`]),
  ];
}
