import { describe, expect, it } from 'vitest';
import { assembleKernel } from '../../../../scripts/assemble.ts';
import { KERNEL_BYTES } from '../../../../shared/stores/vector/simd-kernel-bytes.ts';
import { createSimdMemory, RECORD_HEAD_BYTES, SEGMENT_ROWS } from '../../../../shared/stores/vector/simd-memory.ts';
import { createRandom, randomVector } from '../../../contracts/vectors.ts';

describe('the search kernel', () => {
  it('is what its source assembles to, byte for byte', async () => {
    expect(KERNEL_BYTES).toBe(Buffer.from(await assembleKernel()).toString('base64'));
  });

  it('is small', () => {
    expect(Buffer.from(KERNEL_BYTES, 'base64').length).toBeLessThan(2_304);
  });

  it.each([
    [24, 15],
    [50, 15],
    [96, 15],
    [1_000, 127],
  ])('keeps codes for %i dimensions, up to %i, and knows how much was rounded away', (dimensions, largest) => {
    const random = createRandom(2);
    const memory = createSimdMemory({ dimensions, coded: true });
    if (memory === undefined) throw new Error('This Node has no WebAssembly SIMD.');
    const { records: record, vectors: place } = memory.take();
    const vector = randomVector(random, dimensions);
    const centre = randomVector(random, dimensions);
    const unit = 0.75;
    const floats = memory.floats();
    floats.set(vector, place / 4);
    floats.set(centre, memory.places.centre / 4);
    floats[record / 4] = unit;
    memory.integers()[record / 4 + 3] = place;
    memory.kernel.encode(record);

    // As the kernel has them: a value between two codes would otherwise become the one here and the other there.
    const coded = Array.from(vector, (value, at) => Math.fround(Math.fround(value * unit) - (centre[at] as number)));
    const step = floats[record / 4 + 1] as number;
    expect(step).toBeCloseTo(Math.max(...coded.map(Math.abs)) / largest, 6);
    const words = new Uint16Array(floats.buffer, record + RECORD_HEAD_BYTES);
    const bytes = new Int8Array(floats.buffer, record + RECORD_HEAD_BYTES);
    const codes = coded.map((_, at) => {
      if (largest === 127) return bytes[at] as number;
      const word = words[8 * Math.floor(at / 24) + (at % 8)] as number;
      return ((word >> (5 * Math.floor((at % 24) / 8))) & 31) - 16;
    });
    expect(codes).toEqual(coded.map((value) => Math.round(Math.fround(value / step)) + 0));
    const error = Math.hypot(...coded.map((value, at) => value - (codes[at] as number) * step));
    expect(floats[record / 4 + 2]).toBeCloseTo(error, 5);
  });

  it('uses memory again that was given back', () => {
    const memory = createSimdMemory({ dimensions: 16, coded: false });
    const first = memory?.take();
    const before = memory?.bytes;
    if (first !== undefined) memory?.giveBack(first);
    expect(memory?.take()).toBe(first);
    expect(memory?.bytes).toBe(before);
  });

  it.each([
    [384, false, 1.02],
    [384, true, 1.185],
    [1_536, true, 1.26],
  ])(
    'takes little more than the vectors themselves: %i dimensions, codes %s, %f times',
    (dimensions, coded, atMost) => {
      const memory = createSimdMemory({ dimensions, coded });
      for (let segment = 0; segment < 40; segment += 1) memory?.take();
      expect((memory?.bytes ?? Infinity) / (40 * SEGMENT_ROWS * dimensions * 4)).toBeLessThan(atMost);
    },
  );

  it('refuses what is beyond 32-bit addresses, and stays usable', () => {
    const memory = createSimdMemory({ dimensions: 4_096, coded: true });
    expect(() => memory?.reserve(1_000)).toThrowError(expect.objectContaining({ code: 'quota_exceeded' }));
    expect(memory?.take().records).toBeGreaterThan(0);
  });
});
