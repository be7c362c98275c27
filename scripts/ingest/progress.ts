import type { InputFile } from './collect-files.ts';
import type { FileResult } from './report.ts';

const BAR_WIDTH = 24;
const REDRAW_MS = 250;
const CLEAR_LINE = '\r\u001b[K';

export interface Progress {
  add(result: Pick<FileResult, 'path' | 'status'>): void;
  /** Takes the line away. */
  end(): void;
}

/**
 * One line on a terminal that is written over and over, and nothing elsewhere: how much is done, how fast, how long yet.
 * What is left is judged by size, since files differ more in it than in anything else.
 * @param now milliseconds of a clock that only goes forward.
 */
export function createProgress(
  files: readonly Pick<InputFile, 'source' | 'bytes'>[],
  stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write' | 'columns'>,
  now: () => number = () => performance.now(),
): Progress {
  if (!stream.isTTY || files.length === 0) return { add() {}, end() {} };
  const sizes = new Map(files.map(({ source, bytes }) => [source, bytes]));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const startedAt = now();
  let done = 0;
  let bytes = 0;
  let failed = 0;

  const draw = (): void => {
    const elapsedMs = Math.max(1, now() - startedAt);
    const share = total > 0 ? bytes / total : done / files.length;
    const filled = Math.floor(share * BAR_WIDTH);
    const rate = (done * 1000) / elapsedMs;
    const leftMs = share > 0 ? (elapsedMs * (1 - share)) / share : undefined;
    const line = [
      `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${String(Math.floor(share * 100)).padStart(3)}%`,
      `${done}/${files.length} files`,
      ...(done > 0 ? [`${rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)} files/s`] : []),
      ...(leftMs === undefined ? [] : [`${toClock(leftMs)} left`]),
      ...(failed > 0 ? [`${failed} failed`] : []),
    ].join('  ');
    // A line that wraps could not be written over; a terminal that does not know its width says 0.
    stream.write(CLEAR_LINE + line.slice(0, (stream.columns || 80) - 1));
  };

  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  draw();
  return {
    add({ path, status }) {
      done += 1;
      bytes += sizes.get(path) ?? 0;
      if (status === 'failed') failed += 1;
      draw();
    },
    end() {
      clearInterval(timer);
      stream.write(CLEAR_LINE);
    },
  };
}

function toClock(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const pad = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}
