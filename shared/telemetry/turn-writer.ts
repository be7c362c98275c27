/**
 * Writes what is given to it within one turn of the event loop at once: standard output is a pipe in production, and each
 * write to it stops the process until the system has taken it. What is left when the process ends is written then.
 */
export function createTurnWriter(write: (text: string) => void): (text: string) => void {
  let waiting = '';
  const flush = (): void => {
    process.off('exit', flush);
    const text = waiting;
    waiting = '';
    if (text !== '') write(text);
  };
  return (text) => {
    if (waiting === '') {
      setImmediate(flush);
      process.once('exit', flush);
    }
    waiting += text;
  };
}
