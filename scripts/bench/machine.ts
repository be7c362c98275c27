import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { median, spread } from './statistics.ts';

/** How busy the machine was with other things while a bench ran, for the note under the table. */
export interface MachineWatch {
  /** @returns one sentence. */
  describe(): string;
}

/** Watches from now on. */
export function watchMachine(): MachineWatch {
  const calibrations: number[] = [];
  const timer = setInterval(() => calibrations.push(calibrate()), 2_000);
  timer.unref();
  const before = readTicks();
  calibrations.push(calibrate());
  return {
    describe() {
      clearInterval(timer);
      const after = readTicks();
      const stolen = before && after ? share(after.steal - before.steal, after.total - before.total) : 'unknown';
      const slowest = (Math.max(...calibrations) / median(calibrations) - 1) * 100;
      return (
        `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.versions.node}, ` +
        `load ${loadavg()[0]?.toFixed(1)}; stolen by the host ${stolen}; a fixed piece of work varied by ` +
        `±${Math.round(spread(calibrations) * 100)} %, at worst +${Math.round(slowest)} %.`
      );
    },
  };
}

/** Milliseconds that a fixed piece of work takes. */
function calibrate(): number {
  const startedAt = performance.now();
  let sum = 0;
  for (let index = 0; index < 2_000_000; index += 1) sum = (sum * 31 + index) | 0;
  return performance.now() - startedAt + (sum === 1 ? 1e-9 : 0);
}

function readTicks(): { total: number; steal: number } | undefined {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
    const ticks = line.trim().split(/\s+/).slice(1).map(Number);
    return { total: ticks.slice(0, 8).reduce((sum, tick) => sum + tick, 0), steal: ticks[7] ?? 0 };
  } catch {
    return undefined;
  }
}

function share(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((part / whole) * 100)} %`;
}
