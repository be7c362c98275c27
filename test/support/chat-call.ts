import { type ChatBatch, type ChatCall, type ChatEvent, eventsOf } from '../../shared/contracts/chat-provider.ts';
import type { HttpFetch } from '../../shared/contracts/http-fetch.ts';

/** A call with one user message; what a test is about goes into `fields`. */
export function toChatCall(fields: Partial<ChatCall> & { readonly fetch: HttpFetch }): ChatCall {
  return {
    request: { model: 'agent', messages: [{ role: 'user', content: 'Hello' }] },
    model: 'model-1',
    credential: 'sk-test-key',
    signal: new AbortController().signal,
    ...fields,
  };
}

/** Every event of a stream, in one list. */
export async function collectEvents(stream: AsyncIterable<ChatBatch>): Promise<ChatEvent[]> {
  const events: ChatEvent[] = [];
  for await (const batch of stream) events.push(...eventsOf(batch));
  return events;
}
