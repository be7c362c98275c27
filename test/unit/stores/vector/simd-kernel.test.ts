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
    expect(Buffer.from(KERNEL_BYTES, 'base64').length).toBeLessThan(2_048);
  });

  it('keeps codes that are a vector rounded to 8 bits, and knows how much was rounded away', () => {
    const random = createRandom(2);
    const dimensions = 50;
    const memory = createSimdMemory({ dimensions, coded: true });
    if (memory === undefined) throw new Error('This Node has no WebAssembly SIMD.');
    const record = memory.take();
    const vector = randomVector(random, dimensions);
    memory.floats().set(vector, (record + SEGMENT_ROWS * memory.recordBytes) / 4);
    memory.integers()[record / 4 + 3] = record + SEGMENT_ROWS * memory.recordBytes;
    memory.kernel.encode(record);

    const step = memory.floats()[record / 4 + 1] as number;
    const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(step).toBeCloseTo(largest / 127, 9);
    const codes = new Int8Array(memory.floats().buffer, record + RECORD_HEAD_BYTES, 64);
    expect(Array.from(codes.subarray(0, dimensions))).toEqual(
      Array.from(vector, (value) => Math.round(value / step) + 0),
    );
    expect(Array.from(codes.subarray(dimensions)).every((code) => code === 0)).toBe(true);
    const rest = vector.map((value, place) => value - (codes[place] as number) * step);
    expect(memory.floats()[record / 4 + 2]).toBeCloseTo(Math.hypot(...rest), 6);
  });

  it('uses memory again that was given back', () => {
    const memory = createSimdMemory({ dimensions: 16, coded: false });
    const first = memory?.take();
    const before = memory?.bytes;
    memory?.giveBack(first ?? 0);
    expect(memory?.take()).toBe(first);
    expect(memory?.bytes).toBe(before);
  });

  it.each([
    [false, 1.02],
    [true, 1.27],
  ])('takes little more than the vectors themselves: with codes, %s, at most %f times', (coded, atMost) => {
    const dimensions = 384;
    const memory = createSimdMemory({ dimensions, coded });
    for (let segment = 0; segment < 40; segment += 1) memory?.take();
    expect((memory?.bytes ?? Infinity) / (40 * SEGMENT_ROWS * dimensions * 4)).toBeLessThan(atMost);
  });

  it('refuses what is beyond 32-bit addresses, and stays usable', () => {
    const memory = createSimdMemory({ dimensions: 4_096, coded: true });
    expect(() => memory?.reserve(1_000)).toThrowError(expect.objectContaining({ code: 'quota_exceeded' }));
    expect(memory?.take()).toBeGreaterThan(0);
  });
});
