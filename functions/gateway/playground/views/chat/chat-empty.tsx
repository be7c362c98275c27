import type { ModelObject } from '../../api/wire.ts';

export interface ChatEmptyProps {
  readonly model: ModelObject | undefined;
  readonly onAsk: (text: string, retrieval: boolean) => void;
}

const STARTERS: readonly { readonly text: string; readonly retrieval: boolean; readonly note: string }[] = [
  { text: 'What are the documents about?', retrieval: true, note: 'from your documents' },
  { text: 'Explain what a sluice does, in three sentences.', retrieval: false, note: 'from the model' },
  { text: 'Write a regular expression for ISO dates, and explain it.', retrieval: false, note: 'from the model' },
];

/** Before the first question. */
export function ChatEmpty({ model, onAsk }: ChatEmptyProps) {
  if (model === undefined) {
    return (
      <div class="empty">
        <h1>No model yet</h1>
        <p>
          The configuration names no agent that can be asked. Add one under <code>agents</code> and start again.
        </p>
      </div>
    );
  }
  const cascade = model.sluice.cascade ?? [];
  return (
    <div class="empty">
      <h1>Ask something</h1>
      <p>
        {cascade.length > 1
          ? `${cascade.length} models stand behind ${model.id}: when one fails, the next one answers.`
          : `${model.sluice.provider}/${model.sluice.model} answers.`}
      </p>
      <ul class="starters">
        {STARTERS.map(({ text, retrieval, note }) => (
          <li key={text}>
            <button type="button" onClick={() => onAsk(text, retrieval)}>
              {text}
              <span class="faint">{note}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
