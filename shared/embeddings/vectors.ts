import { AppError } from '../contracts/app-error.ts';

export interface ExpectedVectors {
  /** Provider name, for messages. */
  readonly provider: string;
  /** One for each text. */
  readonly count: number;
  /** Length of each; undefined where only their agreement can be checked. */
  readonly dimensions: number | undefined;
}

/**
 * The vectors of an answer, in the order of the texts. A vector that is not one would be stored and found for ever, so
 * each is checked before it is used.
 *
 * @param values lists of numbers, or vectors that an adapter has decoded.
 * @throws AppError `invalid_output`.
 */
export function toVectors(values: unknown, { provider, count, dimensions }: ExpectedVectors): Float32Array[] {
  if (!Array.isArray(values) || values.length !== count) {
    throw invalidAnswer(provider, `${Array.isArray(values) ? values.length : 'no'} vectors for ${count} texts`);
  }
  let expected = dimensions;
  return values.map((value: unknown) => {
    const vector = toVector(value, provider);
    expected ??= vector.length;
    if (vector.length === 0 || vector.length !== expected) {
      throw invalidAnswer(
        provider,
        `a vector of ${vector.length} dimensions where ${expected || 'some'} were expected`,
      );
    }
    return vector;
  });
}

/** What every adapter says of an answer that cannot be used. */
export function invalidAnswer(provider: string, what: string): AppError {
  return new AppError('invalid_output', `${provider} answered the embedding request with ${what}.`);
}

/** The same direction at length 1. */
export function toUnitLength(vector: Float32Array): Float32Array {
  const length = Math.sqrt(sumOfSquares(vector));
  return vector.map((value) => value / length);
}

function toVector(value: unknown, provider: string): Float32Array {
  if (!(value instanceof Float32Array) && !isNumbers(value)) {
    throw invalidAnswer(provider, 'an item without a vector of numbers');
  }
  const vector = value instanceof Float32Array ? value : Float32Array.from(value);
  const squares = sumOfSquares(vector);
  if (!Number.isFinite(squares)) throw invalidAnswer(provider, 'a vector with values that are not finite numbers');
  if (squares === 0 && vector.length > 0) throw invalidAnswer(provider, 'a vector of zeros, which has no direction');
  return vector;
}

/** Checked before the conversion, which would read null as 0. */
export function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'number');
}

function sumOfSquares(vector: Float32Array): number {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return squares;
}
