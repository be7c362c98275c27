import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SERVE_FUNCTION = fileURLToPath(new URL('serve-function.ts', import.meta.url));

export interface FunctionProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Ends it as Cloud Run does, and waits for that. */
  stop(): Promise<void>;
}

export interface FunctionProcessOptions {
  /** Where the functions were built to. */
  readonly directory: string;
  readonly name: string;
  /** 0 takes any. */
  readonly port: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Runs a built function in a process of its own, as it is deployed. @throws Error when it ends before it serves. */
export async function startFunction({
  directory,
  name,
  port,
  environment,
}: FunctionProcessOptions): Promise<FunctionProcess> {
  const child = fork(SERVE_FUNCTION, [directory, name, String(port)], {
    env: { ...environment },
    execArgv: ['--import', 'tsx'],
  });
  const failure = once(child, 'exit').then(() => {
    throw new Error(`${name} did not start${port === 0 ? '' : ` on port ${port}`}.`);
  });
  const [address] = (await Promise.race([once(child, 'message'), failure])) as [{ readonly port: number }];
  // From now on its end is no failure to start.
  failure.catch(() => undefined);
  return {
    url: `http://127.0.0.1:${address.port}`,
    child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
