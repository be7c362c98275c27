/**
 * One operation per key at a time, in the order they came; other keys do not wait. Two versions of a document that
 * arrive together would otherwise remove each other's chunks.
 */
export function createTurns(): <T>(key: string, operation: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, operation) => {
    const before = last.get(key) ?? Promise.resolve();
    const turn = before.then(operation, operation);
    last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (last.get(key) === turn) last.delete(key);
    }
  };
}
