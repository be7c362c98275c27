import { expect, test } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { type ChatCall, type ChatProvider, eventsOf } from '../../../shared/contracts/chat-provider.ts';
import type { HttpResponse } from '../../../shared/contracts/http-fetch.ts';
import { chatProviders } from '../../../shared/providers/registry.ts';
import type { Recording } from '../../support/recordings.ts';
import { loadFixtures } from '../../support/replay-fixtures.ts';
import { findSchemaProblem } from '../../support/replay-schema.ts';

const JUNK: readonly unknown[] = [null, '', 0, -1, 1.5, true, [], {}, 'x', [null], undefined];

const answers = loadFixtures().filter(({ response }) => response.status === 200);
const providers = new Map<string, ChatProvider>();
for (const name of Object.keys(chatProviders)) {
  if (name !== 'local') providers.set(name, await (chatProviders[name] as () => Promise<ChatProvider>)());
}

/** What a value is replaced by, and which one: the event of a stream (0 in a whole answer) and the path in its JSON. */
interface Change {
  readonly event: number;
  readonly path: readonly string[];
  readonly value: unknown;
}

const EVENT = /^(data: ?)?(?=\{)/;

/** Every JSON value of the body replaced by every piece of junk, one at a time. */
function* changesOf({ response: { json, sse } }: Recording): Generator<Change> {
  const roots = sse === null ? [json] : sse.split('\n').flatMap((line) => parseEvent(line)?.json ?? []);
  for (const [event, root] of roots.entries()) {
    for (const path of pathsOf(root)) {
      for (const value of JUNK) yield { event, path, value };
    }
  }
}

function* pathsOf(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    yield [...path, key];
    yield* pathsOf(child, [...path, key]);
  }
}

function parseEvent(line: string): { readonly prefix: string; readonly json: unknown } | undefined {
  const prefix = EVENT.exec(line)?.[0];
  return prefix === undefined ? undefined : { prefix, json: JSON.parse(line.slice(prefix.length)) };
}

function mutate({ response: { json, sse } }: Recording, { event, path, value }: Change): string {
  if (sse === null) return JSON.stringify(replace(json, path, value));
  let seen = -1;
  return sse
    .split('\n')
    .map((line) => {
      const parsed = parseEvent(line);
      if (!parsed || ++seen !== event) return line;
      return parsed.prefix + JSON.stringify(replace(parsed.json, path, value));
    })
    .join('\n');
}

function replace(json: unknown, path: readonly string[], value: unknown): unknown {
  const copy = structuredClone(json) as Record<string, unknown>;
  let holder = copy;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  holder[path.at(-1) as string] = value;
  return copy;
}

async function answerBodies(recording: Recording, body: string): Promise<unknown[]> {
  const isStream = recording.response.sse !== null;
  const response: HttpResponse = {
    status: 200,
    ok: true,
    headers: { get: () => (isStream ? 'text/event-stream' : 'application/json') },
    text: async () => body,
    async *chunks() {
      yield Buffer.from(body);
    },
  };
  const call: ChatCall = {
    request: { model: 'm', messages: [{ role: 'user', content: 'Hello' }] },
    model: 'm',
    credential: 'key',
    endpoint: 'http://127.0.0.1',
    project: 'p',
    signal: new AbortController().signal,
    fetch: async () => response,
  };
  const name = recording.provider === 'vertex' ? 'vertexai' : recording.provider;
  const provider = providers.get(name) ?? (providers.get('openai') as ChatProvider);
  if (!isStream) {
    const { completion, json } = await provider.complete(call);
    return [JSON.parse(json ?? JSON.stringify(completion))];
  }
  const bodies: unknown[] = [];
  for await (const batch of await provider.stream(call)) {
    for (const { chunk, json } of eventsOf(batch)) bodies.push(JSON.parse(json ?? JSON.stringify(chunk)));
  }
  return bodies;
}

test('an answer with a value missing or of another type becomes a valid answer or an AppError, on every provider', async () => {
  const faults = new Set<string>();
  for (const recording of answers) {
    for (const change of changesOf(recording)) {
      const bodies = await answerBodies(recording, mutate(recording, change)).catch((error: unknown) => {
        if (!(error instanceof AppError)) faults.add(`${recording.id} ${JSON.stringify(change)}: ${error}`);
        return [];
      });
      const problem = findSchemaProblem(bodies);
      if (problem !== undefined) faults.add(`${recording.id} ${JSON.stringify(change)}: ${problem}`);
    }
  }
  expect([...faults]).toEqual([]);
}, 60_000);
