import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { freePort } from '../../support/service-process.ts';

const FRAMEWORK = join(
  createRequire(import.meta.url).resolve('@google-cloud/functions-framework'),
  '../../../build/src/main.js',
);

export interface Gateway {
  readonly url: string;
  stop(): Promise<void>;
}

/** The built gateway under the functions framework's own command line, in a process of its own, with this configuration. */
export async function startGateway(yaml: string): Promise<Gateway> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  const config = join(directory, 'sluice.yaml');
  await writeFile(config, yaml);
  const port = await freePort();
  const child = spawn(process.execPath, [FRAMEWORK, `--source=${inject('gateway')}`, '--target=gateway'], {
    env: { PATH: process.env.PATH ?? '', SLUICE_CONFIG: config, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let output = '';
    const onData = (data: Buffer): void => {
      output += data.toString();
      if (output.includes('URL: http')) resolve();
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    child.once('exit', (code) => reject(new Error(`The gateway ended with ${code}: ${output}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      // What a test left under way is of no interest.
      child.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
