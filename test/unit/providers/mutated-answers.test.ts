import fc from 'fast-check';
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

interface Change {
  /** Which of the body's JSON values, as a fraction of all of them. */
  readonly at: number;
  readonly value: unknown;
}

/** The body with one value of its JSON replaced; of a stream, in one of its events. */
function mutate({ response: { json, sse } }: Recording, { at, value }: Change): string {
  if (sse === null) return JSON.stringify(replace(json, at, value));
  const lines = sse.split('\n');
  const events = lines.flatMap((line, index) => (/^(data: ?)?\{/.test(line) ? [index] : []));
  if (events.length === 0) return sse;
  const position = Math.floor(at * events.length);
  const index = events[position] as number;
  const [, prefix = '', text = ''] = /^(data: ?)?(.*)$/s.exec(lines[index] as string) ?? [];
  lines[index] = `${prefix}${JSON.stringify(replace(JSON.parse(text), at * events.length - position, value))}`;
  return lines.join('\n');
}

function replace(json: unknown, at: number, value: unknown): unknown {
  const copy: unknown = structuredClone(json);
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (holder: unknown): void => {
    if (typeof holder !== 'object' || holder === null) return;
    for (const key of Object.keys(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key });
      visit((holder as Record<string, unknown>)[key]);
    }
  };
  visit(copy);
  const place = places[Math.floor(at * places.length)];
  if (place) place.holder[place.key] = value;
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
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    value: fc.constantFrom(...JUNK),
  });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...answers), change, async (recording, what) => {
      const bodies = await answerBodies(recording, mutate(recording, what)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(AppError);
        return [];
      });
      expect(findSchemaProblem(bodies)).toBeUndefined();
    }),
    { numRuns: 3_000 },
  );
});
