import type { Filled, Measured, Order } from '../servers/search-contender.ts';
import { startWorker, type WorkerProcess } from '../worker-process.ts';
import type { SearchSize } from './data.ts';

export type ContenderProcess = WorkerProcess<Filled, Order, Measured>;

export interface ContenderOptions {
  readonly peers: string;
  readonly name: string;
  readonly size: SearchSize;
  /** Where it may write; removed by whoever gave it. */
  readonly scratch: string;
}

/** Starts a contender and waits until its store is full. @throws Error when it cannot be run here, saying why. */
export function startContender(
  script: string,
  { peers, name, size, scratch }: ContenderOptions,
): Promise<ContenderProcess> {
  return startWorker<Filled, Order, Measured>(script, [peers, name, String(size.count), String(size.dimensions)], {
    temporary: scratch,
  });
}
