import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createLimiter, type Limiter } from '../../shared/rag/concurrency.ts';

/** Deliveries that an instance takes at a time, as it is deployed (`concurrency` in infra/requirements.tf). */
const AT_ONCE = 4;

/**
 * Stands between the Firestore emulator and event functions, and treats events as production does. The emulator
 * delivers one event at a time, once, in order, its body in base64, and never again when that fails; Eventarc delivers
 * at least once, in any order, many at a time, as raw protobuf, and until a function acknowledges.
 */
export interface EventBridge {
  /** `host:port`, for the emulator's `--functions_emulator`. */
  readonly host: string;
  /** Events that came from the emulator. */
  readonly received: number;
  /** Deliveries that were tried, duplicates and retries included. */
  readonly delivered: number;
  /** Events that no attempt got through. */
  readonly lost: number;
  /** Resolves when every event that has come is acknowledged or lost. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export interface EventBridgeOptions {
  /** Addresses of the instances of the function; deliveries go to them in turn. Asked at each delivery. */
  readonly instances: () => readonly string[];
  /** Most deliveries of one event, until one is acknowledged. Default 20. */
  readonly maxAttempts?: number;
  /** Wait before the second attempt; it doubles up to a hundred times that. Default 200. */
  readonly backoffMs?: number;
  /** Share of the events that are delivered twice. Default 0. */
  readonly duplicates?: number;
  /** Events are held back for up to that long, so that later ones overtake them. Default 0. */
  readonly reorderWithinMs?: number;
  readonly random?: () => number;
  /** Told the path of each document that an event is about, once. */
  readonly onEvent?: (path: string) => void;
  readonly onAttempt?: (line: string) => void;
}

interface Delivery {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly name: string;
}

export async function createEventBridge({
  instances,
  maxAttempts = 20,
  backoffMs = 200,
  duplicates = 0,
  reorderWithinMs = 0,
  random = Math.random,
  onEvent = () => {},
  onAttempt = () => {},
}: EventBridgeOptions): Promise<EventBridge> {
  const counts = { received: 0, delivered: 0, lost: 0 };
  const stopped = new AbortController();
  const underWay = new Set<Promise<void>>();
  const limiters = new Map<string, Limiter>();
  let turn = 0;

  const limiterOf = (target: string): Limiter => {
    const limiter = limiters.get(target) ?? createLimiter(AT_ONCE);
    limiters.set(target, limiter);
    return limiter;
  };

  const attempt = async ({ headers, body, name }: Delivery): Promise<boolean> => {
    const targets = instances();
    const target = targets[turn % targets.length];
    turn += 1;
    try {
      if (target === undefined) throw new Error('there is no instance');
      const response = await limiterOf(target)(async () => {
        counts.delivered += 1;
        const init = { method: 'POST', headers, body: new Uint8Array(body), signal: stopped.signal };
        const answer = await fetch(target, init);
        await answer.arrayBuffer();
        return answer;
      }, stopped.signal);
      onAttempt(`${name}: ${response.status}`);
      return response.ok;
    } catch (error) {
      onAttempt(`${name}: ${error instanceof Error ? error.message : 'failed'}`);
      return false;
    }
  };

  const deliver = async (delivery: Delivery): Promise<void> => {
    try {
      await pause(random() * reorderWithinMs, undefined, { signal: stopped.signal });
      for (let tried = 1; tried <= maxAttempts; tried += 1) {
        if (await attempt(delivery)) return;
        const waitMs = Math.min(backoffMs * 2 ** (tried - 1), backoffMs * 100);
        await pause(waitMs, undefined, { signal: stopped.signal });
      }
      counts.lost += 1;
      onAttempt(`${delivery.name}: given up after ${maxAttempts} attempts`);
    } catch {
      // The bridge was closed while the event waited.
    }
  };

  const accept = (delivery: Delivery): void => {
    const task = deliver(delivery).finally(() => underWay.delete(task));
    underWay.add(task);
  };

  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      // At once: the emulator sends nothing else until it is answered.
      response.end();
      const delivery = toDelivery(request.headers, Buffer.concat(pieces));
      counts.received += 1;
      onEvent(delivery.name);
      accept(delivery);
      if (random() < duplicates) accept(delivery);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get received() {
      return counts.received;
    },
    get delivered() {
      return counts.delivered;
    },
    get lost() {
      return counts.lost;
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    async close() {
      stopped.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Promise.all(underWay);
    },
  };
}

/**
 * Registers a trigger for writes to documents whose path matches, e.g. `documents/{document}`, with the emulator. It
 * lives as long as the emulator does.
 */
export async function registerTrigger(
  emulator: string,
  { project, pattern, name }: { readonly project: string; readonly pattern: string; readonly name: string },
): Promise<void> {
  const response = await fetch(
    `http://${emulator}/emulator/v1/projects/${project}/eventarcTrigger?eventarcTriggerId=${name}`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        eventType: 'google.cloud.firestore.document.v1.written',
        database: '(default)',
        namespace: '(default)',
        document: { value: pattern, matchType: 'PATH_PATTERN' },
      }),
    },
  );
  if (!response.ok) throw new Error(`The emulator did not take the trigger (${response.status}).`);
}

/** What the emulator sent, as production would send it. */
function toDelivery(received: IncomingHttpHeaders, base64: Buffer): Delivery {
  const attributes = Object.fromEntries(
    Object.entries(received).flatMap(([name, value]) =>
      name.startsWith('ce-') && typeof value === 'string' ? [[name, value]] : [],
    ),
  );
  // The emulator says `projects/projects/ID`.
  attributes['ce-source'] = (attributes['ce-source'] ?? '').replace('/projects/projects/', '/projects/');
  const name = attributes['ce-document'] ?? '?';
  const body = Buffer.from(base64.toString('latin1'), 'base64');
  if (isPlain(name)) {
    return { headers: { ...attributes, 'content-type': 'application/protobuf' }, body, name };
  }
  // Ids that no header can carry come in a message of Pub/Sub.
  const { 'ce-document': _document, 'ce-subject': _subject, ...rest } = attributes;
  const message = { data: body.toString('base64'), attributes: rest, messageId: attributes['ce-id'] };
  return {
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ message, subscription: 'projects/p/subscriptions/eventarc' })),
    name,
  };
}

function isPlain(name: string): boolean {
  return /^[!-~]+$/.test(name);
}
