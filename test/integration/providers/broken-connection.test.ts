import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { startAppServer } from '../../support/app-server.ts';

const LEGS = [
  { provider: 'openai', model: 'gpt-4o', path: '/v1', file: 'openai/text.sse', finish: '"finish_reason":"stop"' },
  { provider: 'anthropic', model: 'claude-sonnet-4-5', path: '', file: 'anthropic/text.sse', finish: '"end_turn"' },
  { provider: 'gemini', model: 'gemini-2.5-flash', path: '', file: 'gemini/filtered.sse', finish: '"SAFETY"' },
  { provider: 'ollama', model: 'llama3.1:8b', path: '', file: 'ollama/text.ndjson', finish: '"done":true' },
];

/** Streams a text and breaks the connection, so that the body never ends as the protocol wants it. */
async function answerThrough({ provider, model, path }: (typeof LEGS)[number], text: string): Promise<string> {
  const upstream = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(text, () => response.socket?.end());
    });
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const endpoint = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}${path}`;
  const agent = { name: 'one', provider, model, endpoint, api_key: 'key', retry: { max_attempts: 1 } };
  const server = await startAppServer({ yaml: JSON.stringify({ agents: [agent] }) });
  try {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'one', messages: [{ role: 'user', content: 'Hello' }], stream: true }),
    });
    return await response.text();
  } finally {
    await server.close();
    upstream.closeAllConnections();
    upstream.close();
  }
}

test.each(LEGS)(
  'a connection to $provider that breaks after the finish of the answer has done no harm',
  async (leg) => {
    const text = readFileSync(new URL(`../../fixtures/providers/${leg.file}`, import.meta.url), 'utf8');
    const finished = text.slice(0, text.indexOf('\n', text.indexOf(leg.finish)));
    const body = await answerThrough(leg, `${finished}\n\n`);
    expect(body).toMatch(/"finish_reason":"(stop|content_filter)".*\n\ndata: \[DONE\]\n\n$/s);
    expect(body).not.toContain('event: error');
  },
);

test.each(LEGS)('a connection to $provider that breaks before the finish is an error and no end', async (leg) => {
  const text = readFileSync(new URL(`../../fixtures/providers/${leg.file}`, import.meta.url), 'utf8');
  const body = await answerThrough(leg, text.slice(0, text.indexOf(leg.finish)));
  expect(body).toMatch(/event: error\ndata: \{"error":\{.*\n\n$/s);
  expect(body).not.toContain('[DONE]');
});
