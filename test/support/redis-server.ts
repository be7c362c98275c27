import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { collectOutput, freePort } from './service-process.ts';

const PROGRAM = 'redis-server';
const START_TIMEOUT_MS = 20_000;

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Ends the process at once, as a crash does. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
  /** Keeps connections open and answers nothing. */
  freeze(): void;
  thaw(): void;
}

export function isRedisInstalled(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, PROGRAM)));
}

/** Starts Redis on a free port of 127.0.0.1, keeping nothing on disk, and waits until it answers. */
export async function startRedisServer({ password }: { readonly password?: string } = {}): Promise<RedisServer> {
  const port = await freePort();
  let process = await launch(port, password);
  return {
    port,
    url: `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
    async kill() {
      if (process.exitCode !== null || process.signalCode !== null) return;
      const exited = once(process, 'exit');
      process.kill('SIGKILL');
      await exited;
    },
    async start() {
      process = await launch(port, password);
    },
    freeze: () => void process.kill('SIGSTOP'),
    thaw: () => void process.kill('SIGCONT'),
  };
}

async function launch(port: number, password: string | undefined) {
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  if (password !== undefined) settings.push('--requirepass', password);
  const child = spawn(PROGRAM, settings, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collectOutput(child);
  const failed = once(child, 'error');
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    if (await Promise.race([accepts(port), failed.then(() => false)])) return child;
    await pause(20);
  }
  child.kill('SIGKILL');
  throw new Error(`Redis did not start:\n${output()}`);
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
