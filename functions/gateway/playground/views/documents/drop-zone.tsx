import { useRef } from 'preact/hooks';
import { Icon } from '../../parts/icon.tsx';
import { ACCEPTED } from '../../state/upload-file.ts';

export interface DropZoneProps {
  /** Files are held over the page. */
  readonly isOver: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}

/** Where files are dropped or chosen. The drop itself is heard by the whole page. */
export function DropZone({ isOver, onFiles }: DropZoneProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <section class={isOver ? 'drop over' : 'drop'} aria-label="Upload">
      <Icon name="upload" />
      <p>
        Drop files here, or{' '}
        <button type="button" data-main-field onClick={() => input.current?.click()}>
          choose files
        </button>
      </p>
      <p class="faint">Markdown, text, HTML, PDF and DOCX. The same name again replaces the document.</p>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={ACCEPTED}
        aria-label="Files to upload"
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }}
      />
    </section>
  );
}
