import { useEffect } from 'preact/hooks';

export interface Shortcut {
  readonly keys: string;
  readonly does: string;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: '1 2 3 4', does: 'Chat, search, documents, usage' },
  { keys: '/', does: 'Go to the field for typing' },
  { keys: 'Enter', does: 'Send the question' },
  { keys: 'Shift + Enter', does: 'A new line in the question' },
  { keys: 'Escape', does: 'Stop the answer; close a dialog' },
  { keys: 'n', does: 'New chat' },
  { keys: 'd', does: 'Answer from documents, or not' },
  { keys: 't', does: 'Theme: system, light, dark' },
  { keys: '?', does: 'This list' },
];

/**
 * Single keys, heard while nobody types and no dialog is open.
 * @param actions by key.
 * @param isOn asked at each key, so that the next one counts by what was just switched.
 */
export function useShortcuts(actions: Readonly<Record<string, () => void>>, isOn: () => boolean): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (document.querySelector('dialog[open]') !== null) return;
      const isTyping =
        event.target instanceof Element &&
        event.target.matches('input:not([type=radio], [type=checkbox]), textarea, select');
      const action = actions[event.key];
      if (action === undefined || (event.key !== 'Escape' && (isTyping || !isOn()))) return;
      event.preventDefault();
      action();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [actions, isOn]);
}
