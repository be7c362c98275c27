import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type ChatCall, eventsOf } from '../../../shared/contracts/chat-provider.ts';
import { createOllamaProvider } from '../../../shared/providers/ollama.ts';
import { createHttpClient } from '../../../shared/security/http-fetch.ts';

const client = createHttpClient();
const provider = createOllamaProvider();
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function listen(listener: RequestListener): Promise<ChatCall> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    request: { model: 'agent', messages: [{ role: 'user', content: 'Hello' }] },
    model: 'llama3.1:8b',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    signal: new AbortController().signal,
    fetch: client.fetch,
  };
}

test('each line reaches the caller while the server still writes, and a caller that leaves ends the request', async () => {
  const [first, second] = readFileSync(new URL('../../fixtures/providers/ollama/text.ndjson', import.meta.url), 'utf8')
    .split('\n')
    .map((line) => `${line}\n`);
  let sendSecond = (): void => {};
  let closed: Promise<unknown> | undefined;
  const call = await listen((request, response) => {
    request.resume();
    closed = once(response, 'close');
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write(first);
    sendSecond = () => response.write(second);
  });
  const iterator = (await provider.stream(call))[Symbol.asyncIterator]();
  const text = async () => {
    const { value } = await iterator.next();
    return value?.[0]?.chunk.choices[0]?.delta.content;
  };
  expect(await text()).toBe('Grüße');
  sendSecond();
  expect(await text()).toBe(', 世界');
  await iterator.return?.();
  await closed;
});

test('a server that takes longer than the limit for its first byte is a timeout', async () => {
  const call = await listen((request) => request.resume());
  const impatient = { ...call, firstByteTimeoutMs: 50 };
  await expect(provider.complete(impatient)).rejects.toMatchObject({ code: 'timeout' });
  await expect(provider.stream(impatient)).rejects.toMatchObject({ code: 'timeout' });
});

test('a server that breaks off in the middle of a line is an error after the text that came', async () => {
  const call = await listen((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write('{"message":{"content":"Hel"},"done":false}\n{"message":{"con');
    setImmediate(() => response.destroy());
  });
  let text = '';
  const read = async () => {
    for await (const batch of await provider.stream(call)) {
      for (const { chunk } of eventsOf(batch)) text += chunk.choices[0]?.delta.content ?? '';
    }
  };
  await expect(read()).rejects.toMatchObject({ name: 'AppError', retryable: true });
  expect(text).toBe('Hel');
});

test('nobody listening is not available', async () => {
  const call = await listen((request) => request.resume());
  server?.close();
  await once(server as Server, 'close');
  await expect(provider.whyUnavailable?.(call)).resolves.toMatchObject({ code: 'network', retryable: false });
  await expect(provider.complete(call)).rejects.toMatchObject({ code: 'network' });
});
