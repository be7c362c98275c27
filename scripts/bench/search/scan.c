/* The floor under exact search: one thread reads every vector once and multiplies. Prints scans per second of its time. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
  if (count != 3) return 1;
  const long rows = atol(arguments[1]), dimensions = atol(arguments[2]);
  float *vectors = aligned_alloc(64, rows * dimensions * sizeof(float));
  float *query = aligned_alloc(64, dimensions * sizeof(float));
  if (vectors == NULL || query == NULL) return 1;
  for (long i = 0; i < rows * dimensions; i += 1) vectors[i] = (float)(i % 97);
  for (long i = 0; i < dimensions; i += 1) query[i] = (float)(i % 13);
  float best = 0;
  long scans = 0;
  const double start = seconds();
  while (seconds() - start < 0.3) {
    for (long row = 0; row < rows; row += 1) {
      const float *vector = vectors + row * dimensions;
      float sum = 0;
      for (long i = 0; i < dimensions; i += 1) sum += vector[i] * query[i];
      if (sum > best) best = sum;
    }
    scans += 1;
    query[0] += 1;
  }
  printf("%f %g\n", scans / (seconds() - start), best);
  return 0;
}
