import { setTimeout as pause } from 'node:timers/promises';
import { ask, closeIdleConnections, type Outcome } from './client.ts';
import { quantile, type Report, tally, toCheck, toKb, toMb } from './report.ts';
import { startScene } from './scene.ts';

export interface StreamsOptions {
  /** Streams at once. */
  readonly count: number;
  readonly maxKbPerStream?: number;
}

/** Streams that are asked for at once; more would overflow the queue of a listening socket. */
const WAVE = 100;
const MORE_PIECES = 20;
const WARM_UP = 100;
const GIVE_UP_MS = 120_000;

/**
 * Holds that many answers open at once, half from an OpenAI-compatible leg and half from a translated one, measures what
 * each costs while it is open, lets them finish, and looks at what is left.
 */
export async function streams({ count, maxKbPerStream = 96 }: StreamsOptions): Promise<Report> {
  const scene = await startScene({
    yaml: (origin) => `
limits: {request_timeout: 10m, idle_timeout: 5m, client: {requests_per_second: 1000000, burst: 1000000}}
agents:
  - {name: plain, role: assistant, timeout: 5m, provider: openai, model: held-${MORE_PIECES}, api_key: k, endpoint: "${origin}/v1"}
  - {name: translated, role: assistant, timeout: 5m, provider: anthropic, model: held-${MORE_PIECES}, api_key: k, endpoint: "${origin}"}
`,
  });
  const { gateway, upstream } = scene;
  const url = `${gateway.url}/v1/chat/completions`;
  try {
    const open = async (total: number) => {
      let begun = 0;
      const outcomes: Promise<Outcome>[] = [];
      for (let index = 0; index < total; index += 1) {
        const model = index % 2 === 0 ? 'plain' : 'translated';
        const body = { model, stream: true, messages: [{ role: 'user', content: `Question ${index}` }] };
        outcomes.push(
          ask({
            url,
            body,
            onFirst: () => {
              begun += 1;
            },
          }),
        );
        if (index % WAVE === WAVE - 1) await until(() => begun >= index - 2 * WAVE);
      }
      await until(() => begun === total);
      return { outcomes, begun: () => begun };
    };
    const finish = async (outcomes: readonly Promise<Outcome>[]): Promise<Outcome[]> => {
      await upstream.release();
      return await Promise.all(outcomes);
    };

    await finish((await open(WARM_UP)).outcomes);
    const before = await gateway.measure();
    const opened = await open(count);
    const during = await gateway.measure();
    const socketsDuring = gateway.sockets();
    const results = await finish(opened.outcomes);
    closeIdleConnections();
    await pause(6_000);
    const after = await gateway.measure();

    const whole = results.filter(({ status, complete }) => status === 200 && complete);
    const wrong = results.filter((result) => !whole.includes(result));
    const firsts = results.flatMap(({ firstMs }) => firstMs ?? []);
    const residentEach = (during.resident - before.resident) / count;
    const heapEach = (during.heap + during.external - before.heap - before.external) / count;
    const left = after.heap + after.external - before.heap - before.external;
    const complaints = gateway.complaints();
    return {
      checks: [
        toCheck('streams open at once', String(opened.begun()), String(count), opened.begun() === count),
        toCheck('ended whole', String(whole.length), String(count), whole.length === count),
        toCheck(
          'memory per open stream, resident',
          toKb(residentEach),
          `≤ ${maxKbPerStream} KB`,
          residentEach <= maxKbPerStream * 1024,
        ),
        toCheck(
          'memory per open stream, heap',
          toKb(heapEach),
          `≤ ${maxKbPerStream} KB`,
          heapEach <= maxKbPerStream * 1024,
        ),
        toCheck('held when all are over', toMb(left), '≤ 8 MB', left <= 8 * 1_048_576),
        toCheck('warnings', complaints === '' ? 'none' : complaints.slice(0, 200), 'none', complaints === ''),
      ],
      notes: [
        `resident ${toMb(before.resident)} before, ${toMb(during.resident)} with all open, ${toMb(after.resident)} after; ${socketsDuring} sockets`,
        `${((during.cpuMs - before.cpuMs) / count).toFixed(2)} ms of processor time to open one`,
        `first words after ${quantile(firsts, 0.5).toFixed(0)} ms (median), ${quantile(firsts, 0.99).toFixed(0)} ms (99 of 100)`,
        ...(wrong.length === 0
          ? []
          : [tally(wrong.map(({ status, error, beginning }) => `${status} ${error ?? beginning.slice(0, 120)}`))]),
      ],
    };
  } finally {
    closeIdleConnections();
    await scene.close();
  }
}

/** Also returns when it does not become true: what is missing shows in the report. */
async function until(isTrue: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  while (!isTrue() && performance.now() < giveUpAt) await pause(20);
}
