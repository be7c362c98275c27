import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';

/** The core that what is measured runs on, alone; everything else runs on the others. */
export const OTHER_CORE = 0;
export const MEASURED_CORE = availableParallelism() > 1 ? 1 : 0;

export interface ServerProcessOptions {
  /** Arguments of `node`, or of `command`. The port is in the environment, as PORT, and in place of `{port}`. */
  readonly args: readonly string[];
  readonly command?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly core: number;
  /** Asked until it answers anything. Default `/`. */
  readonly readyPath?: string;
}

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** From before the process was made to its first answer. */
  readonly startMs: number;
  /** Processor time so far, in microseconds, of all threads; from the system's own account of the process. */
  cpuMicros(): number;
  /** Resident memory now and at its highest, in MB. */
  memory(): { readonly residentMb: number; readonly peakMb: number };
  stop(): Promise<void>;
}

/** Starts a server in a process of its own, on one core, and waits for its first answer. */
export async function startServer({
  args,
  command = process.execPath,
  env = {},
  cwd,
  core,
  readyPath = '/',
}: ServerProcessOptions): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const pinned = process.platform === 'linux' ? ['taskset', '-c', String(core), command] : [command];
  const startedAt = performance.now();
  const child = spawn(
    pinned[0] as string,
    [...pinned.slice(1), ...args.map((text) => text.replace('{port}', String(port)))],
    {
      // Log lines go into a pipe that somebody reads, as they do on Cloud Run.
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', HOST: '127.0.0.1', PORT: String(port), ...env },
      ...(cwd === undefined ? {} : { cwd }),
    },
  );
  const kill = (): void => void child.kill('SIGKILL');
  // A bench that fails leaves nobody behind.
  process.once('exit', kill);
  let lastWords = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      lastWords = (lastWords + bytes.toString('utf8')).slice(-2_000);
    });
  }
  await untilReady(`${url}${readyPath}`, child, () => lastWords);
  const startMs = performance.now() - startedAt;
  const pid = child.pid as number;
  return {
    url,
    pid,
    startMs,
    cpuMicros: () => readCpuMicros(pid),
    memory: () => readMemory(pid),
    async stop() {
      process.off('exit', kill);
      if (child.exitCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      kill();
      await gone;
    },
  };
}

async function untilReady(url: string, child: ChildProcess, lastWords: () => string): Promise<void> {
  const giveUpAt = Date.now() + 60_000;
  while (true) {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}: ${lastWords()}`);
    if (Date.now() > giveUpAt) throw new Error(`The server does not answer at ${url}: ${lastWords()}`);
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** The scheduler counts nanoseconds for each thread; the process's own count ticks in hundredths of a second. */
function readCpuMicros(pid: number): number {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]);
    } catch {
      // A thread that ended in between.
    }
  }
  return nanos / 1000;
}

function readMemory(pid: number): { residentMb: number; peakMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (field: string): number => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  return { residentMb: read('VmRSS'), peakMb: read('VmHWM') };
}
