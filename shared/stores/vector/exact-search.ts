/**
 * The arithmetic of exact search, over rows that lie one after the other in one flat array. Sums are made in 64 bits.
 * The kernel in simd-kernel.wat does the same faster, in 32; this is where it cannot run, and what it is tested against.
 */

/** |vector|. Squares of 32-bit numbers neither overflow nor vanish in 64 bits. */
export function norm(vector: Float32Array): number {
  // Two sums, because each has to wait for its own last addition.
  let even = 0;
  let odd = 0;
  const pairs = vector.length - (vector.length % 2);
  for (let position = 0; position < pairs; position += 2) {
    const first = vector[position] as number;
    const second = vector[position + 1] as number;
    even += first * first;
    odd += second * second;
  }
  if (pairs < vector.length) even += (vector[pairs] as number) ** 2;
  return Math.sqrt(even + odd);
}

/** 1 / length, and 0 for the length 0: a product with it is a cosine, and never NaN. */
export function inverseOf(length: number): number {
  return length === 0 ? 0 : 1 / length;
}

/** The vector with length 1, put into `target`; a zero vector stays zero. */
export function normalise(vector: Float32Array, target: Float32Array = new Float32Array(vector.length)): Float32Array {
  const factor = inverseOf(norm(vector));
  for (let position = 0; position < vector.length; position += 1) {
    target[position] = (vector[position] as number) * factor;
  }
  return target;
}

/**
 * Dot products of the query with rows 0 to `count`, into `products`.
 *
 * Four rows share each read of the query, which is the fastest form that V8 makes of plain JavaScript.
 */
export function dotProducts(rows: Float32Array, count: number, query: Float32Array, products: Float64Array): void {
  const dimensions = query.length;
  const blockEnd = count - (count % 4);
  for (let row = 0; row < blockEnd; row += 4) {
    const first = row * dimensions;
    const second = first + dimensions;
    const third = second + dimensions;
    const fourth = third + dimensions;
    let firstSum = 0;
    let secondSum = 0;
    let thirdSum = 0;
    let fourthSum = 0;
    for (let position = 0; position < dimensions; position += 1) {
      const value = query[position] as number;
      firstSum += (rows[first + position] as number) * value;
      secondSum += (rows[second + position] as number) * value;
      thirdSum += (rows[third + position] as number) * value;
      fourthSum += (rows[fourth + position] as number) * value;
    }
    products[row] = firstSum;
    products[row + 1] = secondSum;
    products[row + 2] = thirdSum;
    products[row + 3] = fourthSum;
  }
  for (let row = blockEnd; row < count; row += 1) products[row] = dotProductOfRow(rows, row, query);
}

/** The dot product of the query with one row: the way to go when a filter left few rows. */
export function dotProductOfRow(rows: Float32Array, row: number, query: Float32Array): number {
  const dimensions = query.length;
  const offset = row * dimensions;
  let sum = 0;
  for (let position = 0; position < dimensions; position += 1) {
    sum += (rows[offset + position] as number) * (query[position] as number);
  }
  return sum;
}

export function squaredDistanceToRow(rows: Float32Array, row: number, query: Float32Array): number {
  const dimensions = query.length;
  const offset = row * dimensions;
  let sum = 0;
  for (let position = 0; position < dimensions; position += 1) {
    const difference = (rows[offset + position] as number) - (query[position] as number);
    sum += difference * difference;
  }
  return sum;
}
