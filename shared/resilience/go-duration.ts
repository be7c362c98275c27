const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000_001,
};

/** A Go or protobuf duration (`1h2m3.5s`, `250ms`, `7s`) in whole milliseconds, rounded up. */
export function durationToMs(value: string): number | undefined {
  const text = value.trim();
  if (!/^(\d{1,12}(\.\d{1,12})?(h|ms|m|us|µs|ns|s))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)([a-zµ]+)/g))
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return Math.ceil(total);
}
