import { type ChildProcess, fork } from 'node:child_process';
import type { Filled, Measured, Order } from '../servers/search-contender.ts';
import type { SearchSize } from './data.ts';

export interface ContenderProcess {
  readonly filled: Filled;
  measure(what: Order['measure']): Promise<number>;
  stop(): void;
}

/** Starts a contender and waits until its store is full. @throws Error when it cannot be run here, saying why. */
export async function startContender(
  script: string,
  { peers, name, size }: { readonly peers: string; readonly name: string; readonly size: SearchSize },
): Promise<ContenderProcess> {
  const child = fork(script, [peers, name, String(size.count), String(size.dimensions)], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const filled = await nextMessage<Filled>(child);
  return {
    filled,
    async measure(what) {
      const answer = nextMessage<Measured>(child);
      child.send({ measure: what } satisfies Order);
      return (await answer).perSecond;
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
