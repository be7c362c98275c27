import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  /** `side`: a panel at the edge, for reading beside the page. */
  readonly kind?: 'middle' | 'side';
  readonly children: ComponentChildren;
}

/** A modal dialog: the browser keeps the focus inside, closes it on Escape and gives the focus back. */
export function Dialog({ title, onClose, kind = 'middle', children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const close = useRef(onClose);
  close.current = onClose;
  useLayoutEffect(() => {
    const dialog = element.current;
    const onEnd = (): void => close.current();
    dialog?.showModal();
    dialog?.addEventListener('close', onEnd);
    return () => {
      // The event comes later, when the next dialog may be open already, and it is not that one's.
      dialog?.removeEventListener('close', onEnd);
      dialog?.close();
    };
  }, []);
  // A press that begins inside and ends on the backdrop, as when selecting text, closes nothing.
  const onPress = (event: MouseEvent): void => {
    if (event.target === element.current) onClose();
  };
  return (
    <dialog ref={element} class={`dialog ${kind}`} aria-labelledby={titleId} onMouseDown={onPress}>
      <div class="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <button type="button" class="quiet icon-only" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {children}
    </dialog>
  );
}
