/** A value made on first use and kept. A failure is forgotten, so that the next use tries again. */
export interface Lazy<T> {
  get(): Promise<T>;
  /** The value if it has been asked for; undefined otherwise. */
  peek(): Promise<T> | undefined;
}

export function createLazy<T>(make: () => Promise<T>): Lazy<T> {
  let value: Promise<T> | undefined;
  return {
    get() {
      if (!value) {
        const made = make();
        value = made;
        made.catch(() => {
          if (value === made) value = undefined;
        });
      }
      return value;
    },
    peek: () => value,
  };
}
