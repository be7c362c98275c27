import { useEffect, useState } from 'preact/hooks';

/** Until the first word: that something goes on, and for how long by now. */
export function Waiting({ retrieval }: { readonly retrieval: boolean }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="waiting">
      <span class="pulse" aria-hidden="true" />
      {retrieval ? 'Looking into the documents' : 'Waiting for the first word'}
      <span class="number">{seconds < 2 ? '' : `${seconds} s`}</span>
    </p>
  );
}
