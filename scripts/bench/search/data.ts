/** A seeded generator, so that all processes have the same vectors without sending them to each other. From 0 up to 1. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** Makes of the vector one of length 1 in a direction of its own. */
export function fillVector(random: () => number, vector: Float32Array): Float32Array {
  let squares = 0;
  for (let i = 0; i < vector.length; i += 1) {
    // Sums of four are close enough to normally distributed.
    const value = random() + random() + random() + random() - 2;
    vector[i] = value;
    squares += value * value;
  }
  const length = Math.sqrt(squares);
  for (let i = 0; i < vector.length; i += 1) vector[i] = (vector[i] as number) / length;
  return vector;
}

export const VECTOR_SEED = 1;
const QUERY_SEED = 2;
const QUERIES = 32;
export const TOP_K = 10;

export interface SearchSize {
  readonly count: number;
  readonly dimensions: number;
}

/** The rows of the best products with each of the first `queries` queries, summed in 64 bits: what recall is held against. */
export function findTruth({ count, dimensions }: SearchSize, queries: number): number[][] {
  const random = createRandom(VECTOR_SEED);
  const asked = makeQueries(dimensions).slice(0, queries);
  const scores = asked.map(() => new Float64Array(count));
  for (let row = 0; row < count; row += 1) {
    const vector = fillVector(random, new Float32Array(dimensions));
    for (const [place, query] of asked.entries()) {
      let sum = 0;
      for (let i = 0; i < dimensions; i += 1) sum += (vector[i] as number) * (query[i] as number);
      (scores[place] as Float64Array)[row] = sum;
    }
  }
  return scores.map((values) => {
    const rows = Array.from(values.keys());
    return rows.sort((left, right) => (values[right] as number) - (values[left] as number)).slice(0, TOP_K);
  });
}

export function makeQueries(dimensions: number): Float32Array[] {
  const random = createRandom(QUERY_SEED);
  return Array.from({ length: QUERIES }, () => fillVector(random, new Float32Array(dimensions)));
}
