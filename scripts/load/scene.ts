import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { build, ROOT } from '../build.ts';
import type { Held } from './serve-gateway.ts';
import type { UpstreamCounts } from './serve-upstream.ts';

/** The gateway in its process. */
export interface GatewayProcess {
  readonly url: string;
  readonly child: ChildProcess;
  measure(): Promise<Held>;
  /** Open sockets of the process, by the system's own account. */
  sockets(): number;
  /** What it wrote to standard error: warnings of Node, and crashes. */
  complaints(): string;
}

export interface UpstreamProcess {
  readonly origin: string;
  count(): Promise<UpstreamCounts>;
  /** Lets every held stream go on. */
  release(): Promise<void>;
}

export interface Scene {
  readonly gateway: GatewayProcess;
  readonly upstream: UpstreamProcess;
  close(): Promise<void>;
}

export interface SceneOptions {
  /** The configuration, for an upstream at this origin. */
  readonly yaml: (origin: string) => string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Builds the gateway and starts it beside an upstream, each in a process of its own. */
export async function startScene({ yaml, environment = {} }: SceneOptions): Promise<Scene> {
  // Inside the checkout, so that the framework is found beside it as it is in a deployment.
  const directory = await mkdtemp(join(ROOT, 'node_modules', '.sluice-load-'));
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all([build(['gateway'], directory), buildServers(directory)]);
    const upstream = await start(join(directory, 'serve-upstream.mjs'), [], {}, children);
    const origin = `http://127.0.0.1:${upstream.port}`;
    const config = join(directory, 'load.yaml');
    await writeFile(config, yaml(origin));
    const settings = { SLUICE_CONFIG: config, METADATA_SERVER_DETECTION: 'none', ...environment };
    const gateway = await start(join(directory, 'serve-gateway.mjs'), [directory], settings, children);
    let complaints = '';
    gateway.child.stderr?.on('data', (data: Buffer) => {
      complaints = (complaints + data.toString()).slice(-4_000);
    });
    return {
      gateway: {
        url: `http://127.0.0.1:${gateway.port}`,
        child: gateway.child,
        measure: () => ask<Held>(gateway.child, 'measure'),
        sockets: () => countSockets(gateway.child.pid as number),
        complaints: () => complaints,
      },
      upstream: {
        origin,
        count: () => ask<UpstreamCounts>(upstream.child, 'count'),
        release: async () => void (await ask(upstream.child, 'release')),
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** For plain Node: a loader for TypeScript would be measured with them. */
async function buildServers(directory: string): Promise<void> {
  await bundle({
    entryPoints: ['serve-gateway', 'serve-upstream'].map((name) =>
      fileURLToPath(new URL(`${name}.ts`, import.meta.url)),
    ),
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  });
}

async function start(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  children: ChildProcess[],
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(file, args, {
    env: { PATH: process.env.PATH ?? '', ...environment },
    execArgv: ['--expose-gc'],
    // Log lines go into a pipe that somebody reads, as they do on Cloud Run.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  children.push(child);
  child.stdout?.resume();
  let lastWords = '';
  child.stderr?.on('data', (data: Buffer) => {
    lastWords = (lastWords + data.toString()).slice(-2_000);
  });
  const failure = once(child, 'exit').then(() => {
    throw new Error(`${file} did not start: ${lastWords}`);
  });
  const [address] = (await Promise.race([once(child, 'message'), failure])) as [{ readonly port: number }];
  failure.catch(() => undefined);
  return { child, port: address.port };
}

/** One question at a time: answers carry no number. */
async function ask<Answer>(child: ChildProcess, question: string): Promise<Answer> {
  const answered = once(child, 'message');
  child.send(question);
  const [answer] = await answered;
  return answer as Answer;
}

function countSockets(pid: number): number {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).filter((name) => {
    try {
      return readlinkSync(join(directory, name)).startsWith('socket:');
    } catch {
      // Closed in between.
      return false;
    }
  }).length;
}
