/**
 * Runs the operations of each key one at a time, in the order they came; different keys do not wait for each other. Two
 * versions of a document that arrive together would otherwise remove each other's chunks.
 */
export function createKeyQueue(): <T>(key: string, operation: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, operation) => {
    const before = last.get(key) ?? Promise.resolve();
    const result = before.then(operation, operation);
    last.set(key, result);
    try {
      return await result;
    } finally {
      if (last.get(key) === result) last.delete(key);
    }
  };
}
