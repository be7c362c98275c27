/**
 * Joins everything it is given within one turn of the event loop into one write: standard output is a pipe in production,
 * and each write to it blocks the process until the system has taken it. What still waits when the process ends is
 * written then.
 */
export function createBatchedWriter(write: (text: string) => void): (text: string) => void {
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
