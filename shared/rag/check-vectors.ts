import { AppError } from '../contracts/app-error.ts';

export interface VectorCheck {
  /** Texts that were asked for. */
  readonly count: number;
  /** Length of the vectors of earlier answers; undefined before the first. */
  readonly dimensions: number | undefined;
  /** What made them, for messages. */
  readonly name: string;
}

/**
 * What every answer of one embedding model has in common with the answers before, whichever provider gave it.
 * @returns the length of the vectors.
 * @throws AppError `invalid_output`.
 */
export function checkVectors(
  vectors: readonly Float32Array[],
  { count, dimensions, name }: VectorCheck,
): number | undefined {
  if (vectors.length !== count) {
    throw new AppError('invalid_output', `${name} gave ${vectors.length} vectors for ${count} texts.`);
  }
  const expected = dimensions ?? vectors[0]?.length;
  for (const vector of vectors) {
    if (vector.length !== expected || vector.length === 0) {
      throw new AppError(
        'invalid_output',
        `${name} gave a vector of ${vector.length} dimensions instead of ${expected}.`,
      );
    }
    if (!hasDirection(vector)) {
      throw new AppError('invalid_output', `${name} gave a vector without a direction (zero, or not finite).`);
    }
  }
  return expected;
}

/** Finite, and not all zeros. */
export function hasDirection(vector: Float32Array): boolean {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return Number.isFinite(squares) && squares > 0;
}
