export const DAY_MS = 86_400_000;

/** Nearly every question is about the day of the one before: several are asked for each request. */
let latest = { number: Number.NaN, day: '' };

/** The UTC day of a time in milliseconds since the epoch, `YYYY-MM-DD`. */
export function toDay(timeMs: number): string {
  const number = Math.floor(timeMs / DAY_MS);
  if (number !== latest.number) latest = { number, day: new Date(timeMs).toISOString().slice(0, 10) };
  return latest.day;
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
