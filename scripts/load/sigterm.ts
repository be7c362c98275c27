import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { ask, closeIdleConnections, type Outcome } from './client.ts';
import { quantile, type Report, tally, toCheck } from './report.ts';
import { startScene } from './scene.ts';

/** Each answer takes about five seconds: well within the grace time, and far from over when the signal comes. */
const PIECES = 20;
const EVERY_MS = 250;
const GRACE_MS = 10_000;
const GIVE_UP_MS = 60_000;
/** A busy process sees the signal in its next turn, and not before. */
const REFUSED_MS = 2_000;

/**
 * Tells the gateway to end, as Cloud Run does, while streams and whole answers are under way: all have to be finished,
 * nobody new let in, and the process gone within the grace time.
 */
export async function sigterm({ count }: { readonly count: number }): Promise<Report> {
  const model = `paced-${PIECES}-${EVERY_MS}`;
  const scene = await startScene({
    yaml: (origin) => `
limits: {client: {requests_per_second: 1000000, burst: 1000000}}
agents:
  - {name: plain, role: assistant, provider: openai, model: ${model}, api_key: k, endpoint: "${origin}/v1"}
  - {name: translated, role: assistant, provider: anthropic, model: ${model}, api_key: k, endpoint: "${origin}"}
  - {name: quick, role: assistant, provider: openai, model: quick, api_key: k, endpoint: "${origin}/v1"}
`,
  });
  const { gateway, upstream } = scene;
  const url = `${gateway.url}/v1/chat/completions`;
  const chat = (agent: string, stream: boolean, onFirst?: () => void): Promise<Outcome> =>
    ask({
      url,
      body: { model: agent, stream, messages: [{ role: 'user', content: 'Question' }] },
      ...(onFirst === undefined ? {} : { onFirst }),
    });
  try {
    await Promise.all([chat('quick', true), chat('quick', false)]);
    let begun = 0;
    const streams: Promise<Outcome>[] = [];
    const wholes: Promise<Outcome>[] = [];
    for (let index = 0; index < count; index += 1) {
      const agent = index % 2 === 0 ? 'plain' : 'translated';
      if (index % 10 === 0) wholes.push(chat(agent, false));
      else {
        streams.push(
          chat(agent, true, () => {
            begun += 1;
          }),
        );
      }
    }
    const giveUpAt = performance.now() + GIVE_UP_MS;
    while (begun < streams.length && performance.now() < giveUpAt) await pause(20);
    const { open } = await upstream.count();

    const exited = once(gateway.child, 'exit');
    const signalledAt = performance.now();
    gateway.child.kill('SIGTERM');
    const refusedAfterMs = await untilRefused(gateway.url);
    const results = await Promise.all([...streams, ...wholes]);
    const [code] = (await exited) as [number | null];
    const tookMs = performance.now() - signalledAt;

    const whole = results.filter(({ status, complete }) => status === 200 && complete);
    const wrong = results.filter((result) => !whole.includes(result));
    return {
      checks: [
        toCheck('answers under way at the signal', String(open), `≥ ${Math.floor(count / 2)}`, open >= count / 2),
        toCheck('ended whole', String(whole.length), String(count), whole.length === count),
        toCheck(
          'new connections refused after',
          `${refusedAfterMs.toFixed(0)} ms`,
          `≤ ${REFUSED_MS} ms`,
          refusedAfterMs <= REFUSED_MS,
        ),
        toCheck('process gone after', `${(tookMs / 1000).toFixed(1)} s`, `≤ ${GRACE_MS / 1000} s`, tookMs <= GRACE_MS),
        toCheck('exit code', String(code), '0', code === 0),
      ],
      notes: [
        `${streams.length} streams and ${wholes.length} whole answers, of ${quantile(
          results.map(({ totalMs }) => totalMs / 1000),
          0.5,
        ).toFixed(1)} s (median)`,
        ...(wrong.length === 0
          ? []
          : [tally(wrong.map(({ status, error, beginning }) => `${status} ${error ?? beginning.slice(0, 80)}`))]),
      ],
    };
  } finally {
    closeIdleConnections();
    await scene.close();
  }
}

async function untilRefused(url: string): Promise<number> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < GIVE_UP_MS) {
    const { error } = await ask({ url: `${url}/health`, method: 'GET', body: undefined, fresh: true });
    if (error !== undefined) break;
    await pause(20);
  }
  return performance.now() - startedAt;
}
