import { inverseOf, norm } from './exact-search.ts';
import type { VectorMeasure } from './vector-measure.ts';
import type { VectorRows } from './vector-rows.ts';

/**
 * Codes: vectors with their values rounded to few bits. A search reads the codes of all rows and the vectors of few, and
 * still is exact.
 *
 * Why: coded is x = row * unit - m, with m a centre. Vectors of one model have much in common, and what they have in common
 * is not rounded. With q the query, c the codes of a row times their step, e = x - c what rounding took away, and p the same
 * for the query's own codes, f = q - p:
 *
 *   q·row * unit  =  q·m + q·x  =  q·m + p·c + f·c + q·e  ≤  q·m + p·c + |f| |x| + (|q| + |f|) |e|
 *
 * since c = x - e. p·c is computed in whole numbers, without error. |e| is kept with the row, |f| is measured with the query.
 * A row is passed over only when the right side, and what 32-bit sums may be off by, lies below the value of the worst row
 * among the best found so far: no row that belongs to the result is ever missed.
 */
export interface CodeFormat {
  /** Codes are whole numbers, and this the largest. */
  readonly largest: 15 | 127;
  /** What is added to them where they are kept. */
  readonly added: number;
  /** Bytes of the codes of a row, a multiple of 16, and how many codes have room in them. */
  readonly bytes: number;
  readonly count: number;
}

/**
 * Up to here 5 bits, three codes to two bytes; beyond, a byte. The products of vectors that have nothing in common lie the
 * closer together the longer the vectors are, and what 5 bits round away is then too much to tell them apart by. The kernel
 * also counts on codes of 5 bits to be short.
 */
const MOST_DIMENSIONS_OF_5_BITS = 512;

export function codeFormatOf(dimensions: number): CodeFormat {
  if (dimensions > MOST_DIMENSIONS_OF_5_BITS) {
    const count = 16 * Math.ceil(dimensions / 16);
    return { largest: 127, added: 0, bytes: count, count };
  }
  const words = Math.ceil(dimensions / 24);
  return { largest: 15, added: 16, bytes: 16 * words, count: 24 * words };
}

/** What the kernel is told about a query beside its codes: see `sieve` in simd-kernel.wat. */
export interface QueryCodes {
  readonly offset: number;
  readonly step: number;
  /** That of the query and of what its codes are off by. */
  readonly length: number;
  /** What is the same for every row: the product with the centre, and the errors that do not depend on the row. */
  readonly common: number;
}

export interface QueryCoding {
  readonly format: CodeFormat;
  readonly centre: Float32Array;
  /** Of the query. */
  readonly length: number;
  /** Of what is coded: of no row it is longer. */
  readonly longest: number;
  /** What a sum of products in 32 bits may be off by, for lengths of 1. */
  readonly sumError: number;
}

/** Another one's 32nd is taken off some, and the difference has to fit in 16 bits. */
const LARGEST_QUERY_CODE = 31_000;

/** Writes the codes of a query, in the order that the kernel reads them in. */
export function encodeQuery(
  query: Float32Array,
  codes: Int16Array,
  { format, centre, length, longest, sumError }: QueryCoding,
): QueryCodes {
  const dimensions = query.length;
  let largest = 0;
  let atCentre = 0;
  for (let position = 0; position < dimensions; position += 1) {
    const value = query[position] as number;
    const magnitude = Math.abs(value);
    if (magnitude > largest) largest = magnitude;
    atCentre += value * (centre[position] as number);
  }
  // The sum of the products of the codes is at most |query codes| |row codes|, and has to fit in 31 bits.
  const leastStep = (1.01 * length * format.largest * Math.sqrt(dimensions)) / 2 ** 31;
  const step = Math.max(largest / LARGEST_QUERY_CODE, leastStep);
  const perStep = inverseOf(step);
  const isPacked = format.largest === 15;
  let squares = 0;
  let sum = 0;
  for (let position = 0; position < dimensions; position += 1) {
    const value = query[position] as number;
    const isHighest = isPacked && position % 24 >= 16;
    const code = isHighest ? Math.round((value * perStep) / 32) : Math.round(value * perStep);
    codes[position] = code;
    if (isHighest) codes[position - 8] = (codes[position - 8] as number) - code;
    const counted = isHighest ? 32 * code : code;
    sum += counted;
    squares += (value - counted * step) ** 2;
  }
  const error = Math.sqrt(squares);
  return {
    offset: -format.added * sum,
    step,
    length: length + error,
    common: atCentre + (error + sumError * length) * longest,
  };
}

/** The mean of the rows, each times its unit: a good centre for rows like these. Any makes an exact search of any rows. */
export function centreOf(
  rows: VectorRows,
  { dimensions, measure }: { dimensions: number; measure: VectorMeasure },
): Float32Array {
  const sums = new Float64Array(dimensions);
  for (let row = 0; row < rows.size; row += 1) {
    const vector = rows.vectorAt(row);
    const length = norm(vector);
    if (!isOrdinaryLength(length)) continue;
    const share = measure.unitOf(length) / rows.size;
    for (let position = 0; position < dimensions; position += 1) {
      sums[position] = (sums[position] as number) + (vector[position] as number) * share;
    }
  }
  return Float32Array.from(sums);
}

/** Squared lengths outside of this range would overflow or vanish in the kernel's 32-bit sums. */
const LEAST_SQUARES = 1e-20;
const MOST_SQUARES = 1e20;

/** Whether the kernel can compare vectors of this length. Others are compared outside of it, in 64 bits. */
export function isOrdinaryLength(length: number): boolean {
  return length === 0 || (length ** 2 > LEAST_SQUARES && length ** 2 < MOST_SQUARES);
}
