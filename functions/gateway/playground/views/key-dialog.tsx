import { useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';
import type { Session } from '../state/session.ts';

export interface KeyDialogProps {
  readonly session: Session;
  readonly onClose: () => void;
}

/** Takes the API key of this tab. */
export function KeyDialog({ session, onClose }: KeyDialogProps) {
  const [key, setKey] = useState(session.key.get());
  return (
    <Dialog title="API key" onClose={onClose}>
      <form
        class="key-form"
        onSubmit={(event) => {
          event.preventDefault();
          session.setKey(key.trim());
        }}
      >
        <p>This service wants a key with each request. It is kept in this tab and is gone when you close it.</p>
        <label>
          Key
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <div class="row">
          <button type="submit" class="primary" disabled={key.trim() === ''}>
            Use this key
          </button>
          {session.key.get() === '' ? null : (
            <button type="button" class="quiet" onClick={() => session.setKey('')}>
              Forget it
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
