import { AppError } from '../contracts/app-error.ts';

export interface VectorCheck {
  /** Texts that were asked for. */
  readonly count: number;
  /** Length of the vectors of earlier answers; undefined before the first. */
  readonly dimensions: number | undefined;
  /** What made them, for messages. */
  readonly name: string;
}

export interface CheckedVectors {
  /** Length of the vectors; undefined when there is none. */
  readonly dimensions: number | undefined;
  /** What is wrong with single vectors, by their place in the answer. */
  readonly faults: ReadonlyMap<number, AppError>;
}

/**
 * What every answer of one embedding model has in common with the answers before, whichever provider gave it.
 * @throws AppError `invalid_output` where the fault is of the whole answer: another number of vectors than of texts, or
 * several lengths of which nobody can say which is right.
 */
export function checkVectors(
  vectors: readonly Float32Array[],
  { count, dimensions, name }: VectorCheck,
): CheckedVectors {
  if (vectors.length !== count) {
    throw new AppError('invalid_output', `${name} gave ${vectors.length} vectors for ${count} texts.`);
  }
  const expected = dimensions ?? vectors[0]?.length;
  const faults = new Map<number, AppError>();
  for (const [position, vector] of vectors.entries()) {
    const hasLength = vector.length === expected && vector.length > 0;
    if (hasLength && hasDirection(vector)) continue;
    const fault = hasLength
      ? 'a vector without a direction (zero, or not finite)'
      : `a vector of ${vector.length} dimensions instead of ${expected}`;
    const error = new AppError('invalid_output', `${name} gave ${fault}.`);
    if (!hasLength && dimensions === undefined) throw error;
    faults.set(position, error);
  }
  return { dimensions: expected, faults };
}

/** Finite, and not all zeros. */
export function hasDirection(vector: Float32Array): boolean {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return Number.isFinite(squares) && squares > 0;
}
