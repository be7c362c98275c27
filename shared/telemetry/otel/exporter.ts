import type { HttpFetch } from '../../contracts/http-fetch.ts';
import { describeError, type Log } from '../log.ts';
import type { MetricFamily } from '../metrics.ts';
import { loadOtlp, type Otlp, type OtlpProtocol } from './otlp.ts';
import type { Span } from './span.ts';

/** One receiver of OTLP over HTTP. */
export interface Destination {
  /** What the log calls it. */
  readonly name: string;
  /** Address that `/v1/traces` is appended to. */
  readonly endpoint: string;
  readonly protocol: OtlpProtocol;
  readonly fetch: HttpFetch;
  /** Asked before each request: keys rotate. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  readonly takesMetrics: boolean;
}

export interface ExporterOptions {
  readonly destinations: readonly Destination[];
  readonly resource: Readonly<Record<string, string>>;
  readonly metrics: () => readonly MetricFamily[];
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export interface Exporter {
  add(span: Span): void;
  /**
   * A request began or ended. When the last one ends everything is sent, because the instance may then lose its CPU.
   */
  callsChanged(change: 1 | -1): void;
  /** Sends everything there is; resolves when that is done or given up. Never rejects. */
  flush(): Promise<void>;
  /** The same, with the metrics as they are at the end. */
  close(): Promise<void>;
}

const MAX_BATCH = 512;
/** Spans that are kept at most; further ones are dropped, because telemetry must not take the memory of requests. */
const MAX_WAITING = 4_096;
const DELAY_MS = 5_000;
const METRICS_EVERY_MS = 10_000;
const TIMEOUT_MS = 5_000;
const COMPLAIN_EVERY_MS = 60_000;
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Sends spans and metrics in batches: when the last request has been answered, when a batch is full, after five seconds
 * under load, and at the end. An instance without requests may have no processor, so nothing counts on a timer alone.
 */
export function createExporter({ destinations, resource, metrics, log, now = Date.now }: ExporterOptions): Exporter {
  const startMs = now();
  const loaded = new Map<OtlpProtocol, Promise<Otlp>>();
  let waiting: Span[] = [];
  let dropped = 0;
  let calls = 0;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let metricsSentMs = Number.NEGATIVE_INFINITY;
  let complainedMs = Number.NEGATIVE_INFINITY;

  const otlpOf = (protocol: OtlpProtocol): Promise<Otlp> => {
    const known = loaded.get(protocol) ?? loadOtlp({ protocol, resource });
    loaded.set(protocol, known);
    return known;
  };

  const complain = (destination: string, fields: Readonly<Record<string, unknown>>): void => {
    if (now() - complainedMs < COMPLAIN_EVERY_MS) return;
    complainedMs = now();
    log('WARNING', 'telemetry not exported', { destination, dropped_spans: dropped, ...fields });
  };

  const post = async (destination: Destination, signalName: string, toBody: (otlp: Otlp) => Uint8Array) => {
    const { name, endpoint, protocol, fetch, headers } = destination;
    try {
      const otlp = await otlpOf(protocol);
      const init = {
        method: 'POST',
        headers: { 'content-type': otlp.contentType, ...(await headers()) },
        body: toBody(otlp),
        headersTimeoutMs: TIMEOUT_MS,
        idleTimeoutMs: TIMEOUT_MS,
        maxBytes: 65_536,
      } as const;
      const send = async (): Promise<number> => {
        const response = await fetch(`${endpoint}/v1/${signalName}`, {
          ...init,
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        await response.text();
        return response.status;
      };
      let status = await send();
      if (AGAIN.has(status)) status = await send();
      if (status >= 300) complain(name, { signal: signalName, upstream_status: status });
    } catch (error) {
      complain(name, { signal: signalName, error: describeError(error) });
    }
  };

  const sendAll = async (withMetrics: boolean): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(MAX_BATCH);
      await Promise.all(destinations.map((place) => post(place, 'traces', (otlp) => otlp.traces(batch))));
    }
    const takers = destinations.filter(({ takesMetrics }) => takesMetrics);
    if (takers.length === 0 || (!withMetrics && now() - metricsSentMs < METRICS_EVERY_MS)) return;
    metricsSentMs = now();
    const period = { startMs, endMs: metricsSentMs };
    await Promise.all(takers.map((place) => post(place, 'metrics', (otlp) => otlp.metrics(metrics(), period))));
  };

  const flush = async (withMetrics = false): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    // One after the other, so that a slow receiver is not asked by many at once.
    const before = sending ?? Promise.resolve();
    const mine = before.then(() => sendAll(withMetrics));
    sending = mine;
    await mine;
    if (sending === mine) sending = undefined;
    // What came while the last request was under way.
    if (waiting.length > 0) arm();
  };

  const flushSoon = (): void => {
    timer = undefined;
    if (sending === undefined) void flush();
  };
  const arm = (): void => {
    timer ??= setTimeout(flushSoon, DELAY_MS).unref();
  };

  return {
    add(span) {
      if (waiting.length >= MAX_WAITING) {
        dropped += 1;
        return;
      }
      waiting.push(span);
      if (waiting.length >= MAX_BATCH) flushSoon();
      arm();
    },
    callsChanged(change) {
      calls += change;
      if (calls === 0) flushSoon();
    },
    flush: () => flush(),
    close: () => flush(true),
  };
}
