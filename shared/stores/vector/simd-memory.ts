import { AppError } from '../../contracts/app-error.ts';
import { KERNEL_BYTES } from './simd-kernel-bytes.ts';

/** Rows of a segment. The bar that rows have to reach rises with every segment that was searched. */
export const SEGMENT_ROWS = 256;
/** Most records that one call of the kernel takes from the list. */
export const LIST_LENGTH = 1_024;
/** Beside its codes: unit, step, error, and where the vector is. */
export const RECORD_HEAD_BYTES = 16;

const PAGE_BYTES = 65_536;
/** 32-bit addresses reach 4 GiB. */
const MAX_PAGES = 65_536;
/** Of the memory there is. */
const GROW_AHEAD = 0.25;
/** The kernel reads 16 numbers at a time. */
const STRIDE = 16;

export interface Kernel {
  /** See simd-kernel.wat. */
  visit(
    record: number,
    count: number,
    measure: number,
    bar: number,
    queryStep: number,
    queryLength: number,
    slack: number,
  ): number;
  encode(record: number): void;
}

/** The memory of the kernel: segments of rows, given out and taken back, and a few places where both sides meet. */
export interface SimdMemory {
  readonly dimensions: number;
  readonly kernel: Kernel;
  /** Bytes of a vector, and of a record: both with their padding. */
  readonly vectorBytes: number;
  readonly recordBytes: number;
  /** Records carry codes. */
  readonly coded: boolean;
  /** Byte addresses. */
  readonly places: { readonly query: number; readonly queryCodes: number; readonly list: number };
  readonly found: { readonly positions: number; readonly values: number };
  /** The whole memory. Not to be kept: it is another one after the memory has grown. */
  floats(): Float32Array;
  integers(): Uint32Array;
  shorts(): Int16Array;
  /** Makes sure that so many segments can be taken. @throws AppError `quota_exceeded`. */
  reserve(segments: number): void;
  /** The address of a segment: records first, then vectors. @throws AppError `quota_exceeded`. */
  take(): number;
  giveBack(segment: number): void;
  /** Bytes in use: segments that are taken, and what is there once. */
  readonly bytes: number;
}

export interface SimdMemoryOptions {
  readonly dimensions: number;
  /** Keep 8-bit codes of the vectors, a quarter of their size, which most rows can be passed over by. */
  readonly coded: boolean;
}

/** Undefined where WebAssembly or its SIMD instructions are missing. */
export function createSimdMemory({ dimensions, coded }: SimdMemoryOptions): SimdMemory | undefined {
  const padded = Math.ceil(dimensions / STRIDE) * STRIDE;
  const vectorBytes = 4 * padded;
  const recordBytes = RECORD_HEAD_BYTES + (coded ? padded : 0);
  const segmentBytes = SEGMENT_ROWS * (vectorBytes + recordBytes);
  const queryCodes = vectorBytes;
  const list = queryCodes + 2 * padded;
  const positions = list + 4 * LIST_LENGTH;
  const values = positions + 4 * LIST_LENGTH;
  const headBytes = values + 4 * LIST_LENGTH;

  const opened = openKernel(Math.ceil(headBytes / PAGE_BYTES), {
    dimensions: padded,
    codes: recordBytes - RECORD_HEAD_BYTES,
    query: 0,
    queryCodes,
    list,
    found: positions,
    values,
  });
  if (opened === undefined) return undefined;
  const { memory, kernel } = opened;
  const free: number[] = [];
  let end = headBytes;
  let taken = 0;
  let floats = new Float32Array(memory.buffer);
  let integers = new Uint32Array(memory.buffer);
  let shorts = new Int16Array(memory.buffer);

  const reserve = (segments: number): void => {
    const present = memory.buffer.byteLength;
    const missing = Math.ceil((end + (segments - free.length) * segmentBytes - present) / PAGE_BYTES);
    if (missing <= 0) return;
    // Each time costs milliseconds and garbage, while memory that nobody has written to yet costs nothing.
    const ahead = Math.min(Math.ceil((present * GROW_AHEAD) / PAGE_BYTES), MAX_PAGES - present / PAGE_BYTES);
    try {
      memory.grow(Math.max(missing, ahead));
    } catch (cause) {
      throw new AppError(
        'quota_exceeded',
        'The in-memory vector store cannot get more memory: it holds at most 4 GiB of vectors, and less where the machine has less. ' +
          'Use another vector store.',
        { retryable: false, cause },
      );
    }
    floats = new Float32Array(memory.buffer);
    integers = new Uint32Array(memory.buffer);
    shorts = new Int16Array(memory.buffer);
  };

  return {
    dimensions,
    kernel,
    vectorBytes,
    recordBytes,
    coded,
    places: { query: 0, queryCodes, list },
    found: { positions, values },
    floats: () => floats,
    integers: () => integers,
    shorts: () => shorts,
    reserve,
    take() {
      reserve(1);
      taken += 1;
      const reused = free.pop();
      if (reused !== undefined) return reused;
      end += segmentBytes;
      return end - segmentBytes;
    },
    giveBack(segment) {
      taken -= 1;
      free.push(segment);
    },
    get bytes() {
      return headBytes + taken * segmentBytes;
    },
  };
}

/** As much of the global `WebAssembly` as is used here: Node's types leave it out, and the browser's are not loaded. */
interface WebAssemblyParts {
  readonly Memory: new (limits: { initial: number; maximum: number }) => WebAssemblyMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

function openKernel(
  pages: number,
  layout: Readonly<Record<string, number>>,
): { memory: WebAssemblyMemory; kernel: Kernel } | undefined {
  const { WebAssembly: parts } = globalThis as { WebAssembly?: WebAssemblyParts };
  if (parts === undefined) return undefined;
  try {
    const memory = new parts.Memory({ initial: pages, maximum: MAX_PAGES });
    const module = new parts.Module(Buffer.from(KERNEL_BYTES, 'base64'));
    const instance = new parts.Instance(module, { kernel: { memory, ...layout } });
    return { memory, kernel: instance.exports as Kernel };
  } catch {
    // No SIMD, or no room for the address space: the plain rows do the same.
    return undefined;
  }
}
