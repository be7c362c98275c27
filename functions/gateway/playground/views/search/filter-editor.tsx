import { Icon } from '../../parts/icon.tsx';
import { type Condition, FILTER_TYPES, type FilterType } from './filter.ts';

export interface FilterEditorProps {
  readonly conditions: readonly Condition[];
  readonly onChange: (conditions: readonly Condition[]) => void;
}

/** Conditions on metadata, all of which must hold. */
export function FilterEditor({ conditions, onChange }: FilterEditorProps) {
  const change = (place: number, part: Partial<Condition>): void =>
    onChange(conditions.map((condition, index) => (index === place ? { ...condition, ...part } : condition)));
  return (
    <fieldset class="filter">
      <legend class="sr-only">Filter by metadata</legend>
      {conditions.map(({ key, type, value }, index) => (
        <div class="condition" key={index}>
          <input
            aria-label={`Field of condition ${index + 1}`}
            placeholder="field"
            value={key}
            onInput={(event) => change(index, { key: event.currentTarget.value })}
          />
          <select
            aria-label={`Comparison of condition ${index + 1}`}
            value={type}
            onChange={(event) => change(index, { type: event.currentTarget.value as FilterType })}
          >
            {FILTER_TYPES.map(([option, label]) => (
              <option key={option} value={option}>
                {label}
              </option>
            ))}
          </select>
          <input
            aria-label={`Value of condition ${index + 1}`}
            placeholder={type === 'in' || type === 'nin' ? 'a, b, c' : type === 'exists' ? 'true' : 'value'}
            value={value}
            onInput={(event) => change(index, { value: event.currentTarget.value })}
          />
          <button
            type="button"
            class="quiet icon-only"
            aria-label={`Remove condition ${index + 1}`}
            onClick={() => onChange(conditions.filter((_, place) => place !== index))}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      <div class="row">
        <button
          type="button"
          class="quiet small"
          onClick={() => onChange([...conditions, { key: '', type: 'eq', value: '' }])}
        >
          <Icon name="plus" />
          {conditions.length === 0 ? 'Filter by metadata' : 'Another condition'}
        </button>
        {conditions.length === 0 ? null : (
          <span class="faint">Numbers and true are read as such; write "2024" in quotes for a text.</span>
        )}
      </div>
    </fieldset>
  );
}
