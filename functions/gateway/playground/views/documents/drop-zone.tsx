import { useRef, useState } from 'preact/hooks';
import { Icon } from '../../parts/icon.tsx';
import { ACCEPTED } from '../../state/upload-file.ts';

/** Takes files that are dropped on it, or chosen with its button. */
export function DropZone({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }) {
  const [isOver, setIsOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    setIsOver(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) onFiles(files);
  };
  return (
    <section
      class={isOver ? 'drop over' : 'drop'}
      aria-label="Upload"
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={onDrop}
    >
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
