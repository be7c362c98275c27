import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { collectOutput, freePort } from './service-process.ts';

const INSTALLED_JAR = '/usr/lib/google-cloud-sdk/platform/cloud-firestore-emulator/cloud-firestore-emulator.jar';
/** It keeps every version of every document; Java alone would give it a quarter of the machine. */
const HEAP = '-Xmx2g';
const MAX_ATTEMPTS = 5;
const MAIN_CLASS = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore';

export interface FirestoreEmulator {
  /** `127.0.0.1:port`, as `FIRESTORE_EMULATOR_HOST` wants it. */
  readonly host: string;
  stop(): Promise<void>;
}

export interface FirestoreEmulatorOptions {
  /** `host:port` that receives the events of registered triggers. */
  readonly functionsHost?: string;
  /** Path of an export to begin with: its directory and name, without the ending. */
  readonly seed?: string;
  readonly startTimeoutMs?: number;
}

/** The emulator's jar: `FIRESTORE_EMULATOR_JAR`, else where the gcloud component is installed, else undefined. */
function findFirestoreEmulatorJar(): string | undefined {
  const jar = process.env.FIRESTORE_EMULATOR_JAR ?? INSTALLED_JAR;
  return existsSync(jar) ? jar : undefined;
}

/**
 * Starts Google's Firestore emulator on a free port of 127.0.0.1 and waits until it answers.
 * Undefined when its jar or Java is not installed; throws when it is installed and does not come up.
 */
export async function startFirestoreEmulator(
  options: FirestoreEmulatorOptions = {},
): Promise<FirestoreEmulator | undefined> {
  const jar = findFirestoreEmulatorJar();
  if (jar === undefined) return undefined;
  for (let attempt = 1; ; attempt += 1) {
    const started = await start(jar, options);
    // The port was free a moment ago, and somebody else was quicker.
    if (started !== 'port taken') return started;
    if (attempt === MAX_ATTEMPTS) throw new Error(`The Firestore emulator found no free port in ${attempt} attempts.`);
  }
}

async function start(
  jar: string,
  { functionsHost, seed, startTimeoutMs = 60_000 }: FirestoreEmulatorOptions,
): Promise<FirestoreEmulator | 'port taken' | undefined> {
  const port = await freePort();
  const javaArguments = [HEAP, '-Duser.language=en', '-cp', jar, MAIN_CLASS];
  javaArguments.push('start', '--host=127.0.0.1', `--port=${port}`);
  if (functionsHost !== undefined) javaArguments.push(`--functions_emulator=${functionsHost}`);
  if (seed !== undefined) javaArguments.push(`--seed_from_export=${seed}.overall_export_metadata`);
  const child = spawn('java', javaArguments, { stdio: ['ignore', 'pipe', 'pipe'] });
  // Whoever ends without stopping it leaves nothing behind.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const output = collectOutput(child);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    child.once('close', (code, signal) => resolve(`exit ${code ?? signal}`));
  });
  const host = `127.0.0.1:${port}`;
  const end = await Promise.race([exited, answers(host, output, startTimeoutMs)]);
  if (end === 'ENOENT') {
    process.off('exit', kill);
    return undefined;
  }
  if (end !== true) {
    process.off('exit', kill);
    kill();
    if (output().includes('BindException')) return 'port taken';
    throw new Error(`The Firestore emulator did not start (${end}):\n${output()}`);
  }
  return {
    host,
    async stop() {
      child.kill('SIGTERM');
      const forced = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exited;
      process.off('exit', kill);
      clearTimeout(forced);
    },
  };
}

/** An answer alone might be that of a stranger who has the port for a moment. */
async function answers(host: string, output: () => string, timeoutMs: number): Promise<true | string> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (output().includes('is now running')) {
      const response = await fetch(`http://${host}/`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
      if (response?.ok) return true;
    }
    await pause(100);
  }
  return `no answer within ${timeoutMs} ms`;
}
