import { useState } from 'preact/hooks';

const SHOWN_MS = 1_500;

export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [result, setResult] = useState('');
  const copy = async (): Promise<void> => {
    // Browsers give pages without https, loopback excepted, no clipboard.
    const done = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    setResult(done ? 'Copied' : 'Not allowed');
    setTimeout(() => setResult(''), SHOWN_MS);
  };
  return (
    <button type="button" class="quiet small" aria-label={`Copy ${what}`} onClick={() => void copy()}>
      <span aria-live="polite">{result || 'Copy'}</span>
    </button>
  );
}
