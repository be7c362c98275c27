import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../../parts/icon.tsx';
import { Switch } from '../../parts/switch.tsx';

export interface ComposerProps {
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  readonly isRunning: boolean;
  readonly canSend: boolean;
  readonly retrieval: boolean;
  readonly onRetrieval: (on: boolean) => void;
  readonly onSend: () => void;
  readonly onStop: () => void;
}

/** Where a question is written. */
export function Composer(props: ComposerProps) {
  const { draft, onDraft, isRunning, canSend, retrieval, onRetrieval, onSend, onStop } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // On a touch screen the focus would bring up a keyboard that nobody asked for.
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, []);
  const onKeyDown = (event: KeyboardEvent): void => {
    // While an input method composes a character, Enter belongs to it.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    onSend();
  };
  return (
    <form
      class="composer column"
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      <textarea
        ref={field}
        data-main-field
        rows={1}
        value={draft}
        placeholder={retrieval ? 'Ask your documents' : 'Ask anything'}
        aria-label="Your question"
        aria-keyshortcuts="Enter"
        onInput={(event) => onDraft(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div class="composer-row">
        <Switch isOn={retrieval} onChange={onRetrieval}>
          Answer from documents
        </Switch>
        <span class="hint faint">Shift + Enter for a new line</span>
        {isRunning ? (
          <button key="stop" type="button" class="primary round" aria-keyshortcuts="Escape" onClick={onStop}>
            <Icon name="stop" />
            Stop
          </button>
        ) : (
          <button key="send" type="submit" class="primary round" disabled={!canSend || draft.trim() === ''}>
            <Icon name="send" />
            Send
          </button>
        )}
      </div>
    </form>
  );
}
