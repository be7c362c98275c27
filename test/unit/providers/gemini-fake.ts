import { readFileSync } from 'node:fs';
import {
  type ChatBatch,
  type ChatCall,
  type ChatChunk,
  type ChatRequest,
  eventsOf,
} from '../../../shared/contracts/chat-provider.ts';
import type { HttpFetch, HttpFetchInit } from '../../../shared/contracts/http-fetch.ts';

export function loadFixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/providers/gemini/${name}`, import.meta.url));
}

interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly pieces?: readonly Uint8Array[];
}

/** A transport that answers every request alike and remembers what it was asked. */
export function createFakeFetch({
  status = 200,
  headers = {},
  pieces = [loadFixture('answer.json')],
}: FakeAnswer = {}) {
  const sent: { url: string; init: HttpFetchInit }[] = [];
  const fetch: HttpFetch = async (url, init = {}) => {
    sent.push({ url, init });
    return {
      status,
      ok: status < 300,
      headers: { get: (name) => headers[name.toLowerCase()] ?? null },
      async *chunks() {
        yield* pieces;
      },
      text: async () => Buffer.concat(pieces).toString(),
    };
  };
  return { fetch, sent, sentBody: () => JSON.parse(String(sent[0]?.init.body)) as Record<string, unknown> };
}

export function toCall(fetch: HttpFetch, changes: Partial<ChatCall> = {}): ChatCall {
  return {
    request: freeze({ model: 'agent', messages: [{ role: 'user', content: 'Hello' }] }),
    model: 'gemini-3-flash-preview',
    credential: 'AIzaSECRET123',
    signal: new AbortController().signal,
    fetch,
    ...changes,
  };
}

/** A request that throws when somebody writes to it, at any depth. */
export function toRequest(fields: object): ChatRequest {
  return freeze({ model: 'agent', messages: [{ role: 'user', content: 'Hello' }], ...fields } as ChatRequest);
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}

/** Everything a stream yields, and what it throws. */
export async function readAll(stream: AsyncIterable<ChatBatch>) {
  const chunks: ChatChunk[] = [];
  let error: unknown;
  try {
    for await (const batch of stream) chunks.push(...eventsOf(batch).map((event) => event.chunk));
  } catch (thrown) {
    error = thrown;
  }
  return { chunks, text: chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''), error };
}
