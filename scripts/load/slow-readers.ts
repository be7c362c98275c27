import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { ask, closeIdleConnections, type Outcome } from './client.ts';
import { type Report, tally, toCheck, toMb } from './report.ts';
import { startScene } from './scene.ts';

/** What each upstream has to say: far more than all the buffers on the way hold, the system's own included. */
const STREAM_MB = 48;
/** The system keeps up to some ten megabytes for each of the two connections of a stream. */
const MAX_AHEAD_MB = 24;
const MAX_HELD_MB = 2;
const SETTLED_MS = 2_000;
const GIVE_UP_MS = 180_000;

/**
 * The ways a stream goes through the gateway: as it is, translated once, and translated into another dialect. Responses
 * is left out: its last event repeats the whole answer, so that it has to be kept.
 */
const WAYS = [
  { model: 'plain', path: '/v1/chat/completions' },
  { model: 'translated', path: '/v1/chat/completions' },
  { model: 'plain', path: '/v1/messages' },
  { model: 'translated', path: '/v1/completions' },
] as const;

/**
 * Clients that stop reading after the first words, while their upstreams write as fast as they are read. The gateway has
 * to stop reading too; when the clients go on, all that was said has to arrive.
 */
export async function slowReaders({ count }: { readonly count: number }): Promise<Report> {
  const scene = await startScene({
    yaml: (origin) => `
limits: {request_timeout: 30m, idle_timeout: 10m, client: {requests_per_second: 1000000, burst: 1000000}}
agents:
  - {name: plain, role: assistant, timeout: 10m, provider: openai, model: firehose-${STREAM_MB}, api_key: k, endpoint: "${origin}/v1"}
  - {name: translated, role: assistant, timeout: 10m, provider: anthropic, model: firehose-${STREAM_MB}, api_key: k, endpoint: "${origin}"}
`,
  });
  const { gateway, upstream } = scene;
  const start = (index: number, onFirst: (body: IncomingMessage) => void): Promise<Outcome> => {
    const { model, path } = WAYS[index % WAYS.length] as (typeof WAYS)[number];
    const question = `Question ${index}`;
    const body = {
      model,
      stream: true,
      ...(path === '/v1/completions' ? { prompt: question } : { messages: [{ role: 'user', content: question }] }),
      ...(path === '/v1/messages' ? { max_tokens: 1_000_000 } : {}),
    };
    return ask({ url: `${gateway.url}${path}`, body, onFirst });
  };
  try {
    // One of each way, read at once: code is loaded, and buffers have their size.
    await Promise.all(WAYS.map((_, index) => start(index, () => {})));
    const before = await gateway.measure();
    const sentBefore = (await upstream.count()).sentBytes;

    const stopped: IncomingMessage[] = [];
    const outcomes = Array.from({ length: count }, (_, index) =>
      start(index, (body) => {
        body.pause();
        stopped.push(body);
      }),
    );
    const ahead = await settle(async () => (await upstream.count()).sentBytes - sentBefore);
    const during = await gateway.measure();
    const all = stopped.length;
    for (const body of stopped) body.resume();
    const results = await Promise.all(outcomes);
    closeIdleConnections();
    await pause(6_000);
    const after = await gateway.measure();

    const held = during.heap + during.external - before.heap - before.external;
    const left = after.heap + after.external - before.heap - before.external;
    const whole = results.filter(
      ({ status, complete, bytes }) => status === 200 && complete && bytes > STREAM_MB * 900_000,
    );
    const wrong = results.filter((result) => !whole.includes(result));
    const complaints = gateway.complaints();
    return {
      checks: [
        toCheck('clients that stopped', String(all), String(count), all === count),
        toCheck(
          'taken from an upstream by then',
          toMb(ahead / count),
          `≤ ${MAX_AHEAD_MB} of ${STREAM_MB} MB`,
          ahead / count <= MAX_AHEAD_MB * 1_048_576,
        ),
        toCheck(
          'held by the gateway for each',
          toMb(held / count),
          `≤ ${MAX_HELD_MB} MB`,
          held / count <= MAX_HELD_MB * 1_048_576,
        ),
        toCheck('ended whole when read on', String(whole.length), String(count), whole.length === count),
        toCheck('held when all are over', toMb(left), '≤ 8 MB', left <= 8 * 1_048_576),
        toCheck('warnings', complaints === '' ? 'none' : complaints.slice(0, 200), 'none', complaints === ''),
      ],
      notes: [
        `resident ${toMb(before.resident)} before, ${toMb(during.resident)} with all stopped, ${toMb(after.resident)} after`,
        ...(wrong.length === 0
          ? []
          : [
              tally(
                wrong.map(
                  ({ status, error, bytes, beginning }) =>
                    `${status} ${error ?? ''} ${toMb(bytes)} ${beginning.slice(0, 80)}`,
                ),
              ),
            ]),
      ],
    };
  } finally {
    closeIdleConnections();
    await scene.close();
  }
}

/** The value once it has stopped changing. */
async function settle(read: () => Promise<number>): Promise<number> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  let value = await read();
  let since = performance.now();
  while (performance.now() - since < SETTLED_MS && performance.now() < giveUpAt) {
    await pause(100);
    const next = await read();
    if (next !== value || next === 0) since = performance.now();
    value = next;
  }
  return value;
}
