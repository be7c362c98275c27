const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** Each unit at most once, largest first; `ms` is tried before `m` would swallow it. */
const PATTERN = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/;

/** What a duration looks like, for error messages. */
export const DURATION_RULE = 'must be a duration with its unit (ms, s, m, h), such as 500ms, 60s or 1m30s';

/**
 * Milliseconds of a duration such as `500ms`, `60s`, `1m30s` or `1.5h`; undefined when the text is not one. A bare
 * number, a sign, spaces and other units are not durations.
 */
export function parseDuration(text: string): number | undefined {
  const match = PATTERN.exec(text);
  if (match === null || text === '') return undefined;
  const [, hours, minutes, seconds, milliseconds] = match;
  const total =
    Number(hours ?? 0) * UNIT_MS.h +
    Number(minutes ?? 0) * UNIT_MS.m +
    Number(seconds ?? 0) * UNIT_MS.s +
    Number(milliseconds ?? 0) * UNIT_MS.ms;
  const rounded = Math.round(total);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}
