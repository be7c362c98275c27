import { AppError } from '../../contracts/app-error.ts';
import { type CodeFormat, codeFormatOf } from './simd-codes.ts';
import { KERNEL_BYTES } from './simd-kernel-bytes.ts';

/** Rows of a segment, a power of two. Even at the least: the kernel goes through codes two rows at a time. */
export const SEGMENT_BITS = 8;
export const SEGMENT_ROWS = 1 << SEGMENT_BITS;
/**
 * Segments whose memory is laid out together: all their records, then all their vectors. A search that goes through
 * records alone is up to a third faster when many of them lie in a row, and blocks that grow take segments one after
 * the other.
 */
const SLAB_SEGMENTS = 8;
/** Most rows that one call of the kernel visits. The bar that rows have to reach rises from call to call. */
export const LIST_LENGTH = 1_024;
/** Most rows that may be put off before a call of the kernel; there is room for these and for those it adds. */
export const MOST_PUT_OFF = 4_096;
/** Before its codes: unit, step, error, and where the vector is. */
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
  visit(firstRecord: number, first: number, count: number, measure: number, bar: number): number;
  encode(record: number): void;
}

/** Byte addresses of what both sides read or write: see simd-kernel.wat. */
export interface KernelPlaces {
  readonly query: number;
  readonly queryCodes: number;
  readonly centre: number;
  readonly scratch: number;
  readonly search: number;
  /** Room for LIST_LENGTH and, as the kernel reads two at a time, one more. */
  readonly list: number;
  readonly found: number;
  readonly values: number;
  readonly putOffCount: number;
  readonly putOff: number;
  readonly mosts: number;
}

/** Where a segment's rows are: byte addresses. */
export interface Segment {
  readonly records: number;
  readonly vectors: number;
}

/** The memory of the kernel: segments of rows, lent and taken back, and a few places that both sides read and write. */
export interface SimdMemory {
  readonly dimensions: number;
  readonly kernel: Kernel;
  /** Bytes of a vector, and of a record: both with their padding. */
  readonly vectorBytes: number;
  readonly recordBytes: number;
  /** Of the codes that records carry; undefined: none. */
  readonly format: CodeFormat | undefined;
  readonly places: KernelPlaces;
  /** The whole memory. Not to be kept: it is another one after the memory has grown. */
  floats(): Float32Array;
  integers(): Uint32Array;
  shorts(): Int16Array;
  /** Makes sure that so many segments can be taken. @throws AppError `quota_exceeded`. */
  reserve(segments: number): void;
  /** @throws AppError `quota_exceeded`. */
  take(): Segment;
  giveBack(segment: Segment): void;
  /** Bytes in use: segments that are taken, and what is there once. */
  readonly bytes: number;
}

export interface SimdMemoryOptions {
  readonly dimensions: number;
  /** Keep codes of the vectors, a sixth or a quarter of their size, by which most rows can be passed over. */
  readonly coded: boolean;
}

/** Undefined where WebAssembly or its SIMD instructions are missing. */
export function createSimdMemory({ dimensions, coded }: SimdMemoryOptions): SimdMemory | undefined {
  const padded = Math.ceil(dimensions / STRIDE) * STRIDE;
  const vectorBytes = 4 * padded;
  const format = coded ? codeFormatOf(dimensions) : undefined;
  const codeBytes = format?.bytes ?? 0;
  const codeCount = format?.count ?? 0;
  const recordBytes = RECORD_HEAD_BYTES + codeBytes;
  const segmentBytes = SEGMENT_ROWS * (vectorBytes + recordBytes);
  let headBytes = 0;
  const place = (bytes: number): number => {
    const start = headBytes;
    headBytes += STRIDE * Math.ceil(bytes / STRIDE);
    return start;
  };
  const places: KernelPlaces = {
    query: place(vectorBytes),
    queryCodes: place(2 * codeCount),
    centre: place(vectorBytes),
    scratch: place(Math.max(codeCount, padded)),
    search: place(16),
    list: place(4 * (LIST_LENGTH + 1)),
    found: place(4 * LIST_LENGTH),
    values: place(4 * LIST_LENGTH),
    putOffCount: place(4),
    putOff: place(4 * (MOST_PUT_OFF + LIST_LENGTH)),
    mosts: place(4 * (MOST_PUT_OFF + LIST_LENGTH)),
  };

  const opened = openKernel(Math.ceil(headBytes / PAGE_BYTES), {
    dimensions: padded,
    codeBytes,
    largest: format?.largest ?? 0,
    ...places,
  });
  if (opened === undefined) return undefined;
  const { memory, kernel } = opened;
  const slabBytes = SLAB_SEGMENTS * segmentBytes;
  /** The one to take next is the last. */
  const free: Segment[] = [];
  let end = headBytes;
  let taken = 0;
  let floats = new Float32Array(memory.buffer);
  let integers = new Uint32Array(memory.buffer);
  let shorts = new Int16Array(memory.buffer);

  const reserve = (segments: number): void => {
    const present = memory.buffer.byteLength;
    const slabs = Math.ceil((segments - free.length) / SLAB_SEGMENTS);
    const missing = Math.ceil((end + slabs * slabBytes - present) / PAGE_BYTES);
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
    format,
    places,
    floats: () => floats,
    integers: () => integers,
    shorts: () => shorts,
    reserve,
    take() {
      reserve(1);
      if (free.length === 0) {
        const vectors = end + SLAB_SEGMENTS * SEGMENT_ROWS * recordBytes;
        for (let segment = SLAB_SEGMENTS - 1; segment >= 0; segment -= 1) {
          free.push({
            records: end + segment * SEGMENT_ROWS * recordBytes,
            vectors: vectors + segment * SEGMENT_ROWS * vectorBytes,
          });
        }
        end += slabBytes;
      }
      taken += 1;
      return free.pop() as Segment;
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
