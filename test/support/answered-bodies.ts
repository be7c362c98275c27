import { type ChatCall, type ChatProvider, eventsOf } from '../../shared/contracts/chat-provider.ts';
import type { HttpResponse } from '../../shared/contracts/http-fetch.ts';
import { chatProviders } from '../../shared/providers/registry.ts';
import type { Recording } from './recordings.ts';

const providers = new Map<string, ChatProvider>();
for (const name of Object.keys(chatProviders)) {
  if (name !== 'local') providers.set(name, await (chatProviders[name] as () => Promise<ChatProvider>)());
}

/**
 * What the provider of a recording makes of another body in its place: the completion, or the chunks of the stream.
 * @param pieces the body, cut as the network would bring it.
 * @throws whatever the adapter throws.
 */
export async function answerBodies(recording: Recording, pieces: readonly Uint8Array[]): Promise<unknown[]> {
  const isStream = recording.response.sse !== null;
  const response: HttpResponse = {
    status: 200,
    ok: true,
    headers: { get: () => (isStream ? 'text/event-stream' : 'application/json') },
    text: async () => new TextDecoder().decode(Buffer.concat(pieces)),
    async *chunks() {
      yield* pieces;
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
  const provider = providerOf(recording);
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

/** The adapter that reads a recording's wire; vendors without one of their own are compatible with OpenAI. */
function providerOf({ provider }: Recording): ChatProvider {
  const name = provider === 'vertex' ? 'vertexai' : provider;
  return providers.get(name) ?? (providers.get('openai') as ChatProvider);
}
