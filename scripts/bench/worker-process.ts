import { type ChildProcess, fork } from 'node:child_process';
import { tmpdir } from 'node:os';

/** A process that says when it is ready, and then answers orders, one at a time. */
export interface WorkerProcess<Ready, Order, Answer> {
  /** What it said first. */
  readonly ready: Ready;
  ask(order: Order): Promise<Answer>;
  stop(): void;
}

/**
 * Starts a script and waits until it is ready.
 * @param options.temporary its folder for temporary files, which it is not there to remove when it is stopped.
 * @throws Error when it ends before it answers, with its last words.
 */
export async function startWorker<Ready, Order extends object, Answer>(
  script: string,
  parameters: readonly string[],
  { temporary = tmpdir() }: { readonly temporary?: string } = {},
): Promise<WorkerProcess<Ready, Order, Answer>> {
  const child = fork(script, parameters, {
    execArgv: ['--expose-gc'],
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ready = await nextMessage<Ready>(child);
  return {
    ready,
    async ask(order) {
      const answer = nextMessage<Answer>(child);
      child.send(order);
      return await answer;
    },
    stop() {
      process.off('exit', kill);
      kill();
    },
  };
}

async function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  let lastWords = '';
  const listen = (data: Buffer): void => {
    lastWords = `${lastWords}${data}`.slice(-2_000);
  };
  child.stderr?.on('data', listen);
  return await new Promise<Message>((resolve, reject) => {
    const onExit = (): void => {
      const reason = /^\w*Error.*$/m.exec(lastWords)?.[0] ?? lastWords.trim().split('\n').at(-1);
      reject(new Error(reason || 'it ended without a word'));
    };
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      child.stderr?.off('data', listen);
      resolve(message as Message);
    });
  });
}
