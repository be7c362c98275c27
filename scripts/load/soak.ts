import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { closeIdleConnections } from './client.ts';
import { quantile, type Report, tally, toCheck, toMb } from './report.ts';
import { type GatewayProcess, startScene, type UpstreamProcess } from './scene.ts';
import { startTraffic } from './traffic.ts';

export interface SoakOptions {
  readonly minutes: number;
}

/** How often everything stops for a look at what is held. */
const LOOKS = 20;
/** The first looks are taken while caches fill and code is compiled. */
const WARM_UP_SHARE = 0.25;
const MAX_GROWTH = 4 * 1_048_576;
const QUIET_MS = 7_000;
const REQUESTS_PER_SECOND = 60;

/** What is held when nothing is under way. Memory in bytes. */
interface Look {
  readonly memory: number;
  readonly resident: number;
  readonly sockets: number;
  readonly timers: number;
  readonly upstreamOpen: number;
}

/**
 * Everything that callers and upstreams do, wrong and right, side by side for a long time. Between stretches the traffic
 * pauses and what the gateway still holds is looked at: it must not grow.
 */
export async function soak({ minutes }: SoakOptions): Promise<Report> {
  const scene = await startScene({ yaml: toYaml });
  const { gateway, upstream } = scene;
  try {
    const looks: Look[] = [];
    // How busy the machine is: times below say nothing when those who ask are late themselves.
    const delay = monitorEventLoopDelay();
    delay.enable();
    const stretchMs = Math.max(2_000, (minutes * 60_000) / LOOKS - QUIET_MS);
    const endAt = performance.now() + minutes * 60_000;
    const kinds = new Map<string, { count: number; wrong: string[]; times: number[] }>();
    let turn = 0;
    while (performance.now() < endAt) {
      const traffic = startTraffic({
        url: gateway.url,
        perSecond: REQUESTS_PER_SECOND,
        from: turn,
        onDone({ kind, totalMs, wrong }) {
          const seen = kinds.get(kind) ?? { count: 0, wrong: [], times: [] };
          kinds.set(kind, seen);
          seen.count += 1;
          if (wrong !== undefined) seen.wrong.push(wrong);
          if (seen.times.length < 20_000) seen.times.push(totalMs);
        },
      });
      await pause(Math.min(stretchMs, Math.max(0, endAt - performance.now())));
      turn = await traffic.stop();
      closeIdleConnections();
      await pause(QUIET_MS);
      looks.push(await look(gateway, upstream));
    }
    const { complaints } = gateway;
    delay.disable();
    const lateMs = Math.round(delay.max / 1e6);
    const report = toReport(looks, kinds, complaints());
    return { ...report, notes: [...(report.notes ?? []), `those who ask were late by ${lateMs} ms at most`] };
  } finally {
    closeIdleConnections();
    await scene.close();
  }
}

async function look(gateway: GatewayProcess, upstream: UpstreamProcess): Promise<Look> {
  const { heap, external, resident, resources } = await gateway.measure();
  const { open } = await upstream.count();
  return {
    memory: heap + external,
    resident,
    sockets: gateway.sockets(),
    timers: resources.Timeout ?? 0,
    upstreamOpen: open,
  };
}

function toReport(
  looks: readonly Look[],
  kinds: ReadonlyMap<
    string,
    { readonly count: number; readonly wrong: readonly string[]; readonly times: readonly number[] }
  >,
  complaints: string,
): Report {
  const settled = looks.slice(Math.floor(looks.length * WARM_UP_SHARE));
  const half = Math.ceil(settled.length / 2);
  const [earlier, later] = [settled.slice(0, half), settled.slice(-half)];
  const growth = (of: (look: Look) => number): number => quantile(later.map(of), 0.5) - quantile(earlier.map(of), 0.5);
  const grown = growth(({ memory }) => memory);
  const count = [...kinds.values()].reduce((sum, kind) => sum + kind.count, 0);
  const wrong = [...kinds].flatMap(([kind, seen]) => seen.wrong.map((what) => `${kind}: ${what}`));
  const most = (of: (look: Look) => number): number => Math.max(...later.map(of));
  return {
    checks: [
      toCheck('requests', String(count), '> 0', count > 0),
      toCheck('answered otherwise than they should be', String(wrong.length), '0', wrong.length === 0),
      toCheck('memory, second half over first', toMb(grown), `≤ ${toMb(MAX_GROWTH)}`, grown <= MAX_GROWTH),
      toCheck(
        'sockets when quiet, second half over first',
        String(growth(({ sockets }) => sockets)),
        '≤ 2',
        growth(({ sockets }) => sockets) <= 2,
      ),
      toCheck('timers when quiet', String(most(({ timers }) => timers)), '≤ 4', most(({ timers }) => timers) <= 4),
      toCheck(
        'upstream requests when quiet',
        String(most(({ upstreamOpen }) => upstreamOpen)),
        '0',
        most(({ upstreamOpen }) => upstreamOpen) === 0,
      ),
      toCheck('warnings', complaints === '' ? 'none' : complaints.slice(0, 300), 'none', complaints === ''),
    ],
    notes: [
      `memory when quiet: ${looks.map(({ memory }) => (memory / 1_048_576).toFixed(1)).join(' ')} MB`,
      `resident when quiet: ${looks.map(({ resident }) => (resident / 1_048_576).toFixed(0)).join(' ')} MB`,
      `sockets when quiet: ${looks.map(({ sockets }) => sockets).join(' ')}`,
      ...[...kinds]
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([kind, seen]) => {
          const time = (share: number): string => quantile(seen.times, share).toFixed(0);
          return `${kind}: ${seen.count}, ${time(0.5)} ms (median), ${time(0.99)} ms (99 of 100)`;
        }),
      ...(wrong.length === 0 ? [] : [tally(wrong)]),
    ],
  };
}

function toYaml(origin: string): string {
  // Only who is asked to be silent is given up on: a busy machine is slow, and that is not what is looked for.
  const leg = (model: string, timeout = '50s'): string =>
    `{provider: openai, model: ${model}, api_key: k, endpoint: "${origin}/v1", timeout: ${timeout}}`;
  const claude = `{provider: anthropic, model: quick, api_key: k, endpoint: "${origin}", timeout: 50s}`;
  const agent = (name: string, ...legs: readonly string[]): string =>
    `  - {name: ${name}, role: assistant, retry: {max_attempts: 2, initial_backoff: 10ms}, providers: [${legs.join(', ')}]}`;
  return `
limits: {client: {requests_per_second: 1000000, burst: 1000000}, idle_timeout: 50s, request_timeout: 100s}
cache: {provider: memory, ttl: 1m, max_entries: 200}
ingestion: {store: memory}
embeddings: {provider: openai, openai: {model: text-embedding-3-small, api_key: k, endpoint: "${origin}/v1", dimensions: 4}}
vectorstore: {provider: memory, embedding_dimensions: 4}
agents:
${agent('plain', leg('quick'))}
${agent('translated', claude)}
${agent('long', leg('paced-40-50'))}
${agent('falls-back', leg('status-503'), claude)}
${agent('limited', leg('status-429'), leg('quick'))}
${agent('cut', leg('cut'))}
${agent('silent', leg('silent', '1s'), claude)}
${agent('none', leg('status-500'), leg('status-401'))}
`;
}
