export const DAY_MS = 86_400_000;

/** The UTC day of a time in milliseconds since the epoch, `YYYY-MM-DD`. */
export function toDay(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** 00:00 UTC of the day of a time, in milliseconds since the epoch. */
export function startOfDayMs(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS;
}

/** 00:00 UTC of the day after. */
export function nextDayMs(timeMs: number): number {
  return startOfDayMs(timeMs) + DAY_MS;
}

/** The last `count` UTC days, today first. */
export function lastDays(timeMs: number, count: number): string[] {
  return Array.from({ length: count }, (_, age) => toDay(timeMs - age * DAY_MS));
}
