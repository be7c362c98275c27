/** A page of text is a few kilobytes, a large font ten megabytes. */
const MAX_BYTES = 64 * 1_048_576;
/** Buffers from this size on are added up. */
const LARGE_BYTES = 1_048_576;
const MAX_LARGE_BYTES_TOGETHER = 512 * 1_048_576;

export interface BufferLimit {
  /** Counts anew, for the next file. */
  reset(): void;
  /** Whether a buffer was refused; parsers like to go on without what was in it. */
  isExceeded(): boolean;
}

/**
 * Makes `Uint8Array` of this realm refuse sizes that no document needs: streams of a PDF unpack to a thousand times their
 * size, into memory that limits on a thread's heap do not count. Only for a thread that does nothing else.
 *
 * @throws RangeError from the constructor, as for an array that is too long for the machine.
 */
export function limitBuffers(realm: { Uint8Array: Uint8ArrayConstructor } = globalThis): BufferLimit {
  let together = 0;
  let isExceeded = false;
  realm.Uint8Array = new Proxy(realm.Uint8Array, {
    construct(target, parameters, newTarget) {
      const [bytes] = parameters;
      if (typeof bytes === 'number' && bytes >= LARGE_BYTES) {
        together += bytes;
        isExceeded ||= bytes > MAX_BYTES || together > MAX_LARGE_BYTES_TOGETHER;
        if (isExceeded) throw new RangeError('The file unpacks to too much.');
      }
      return Reflect.construct(target, parameters, newTarget) as Uint8Array;
    },
  });
  return {
    reset() {
      together = 0;
      isExceeded = false;
    },
    isExceeded: () => isExceeded,
  };
}
