import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { HttpFetch } from '../../../shared/contracts/http-fetch.ts';
import { startAppServer } from '../../support/app-server.ts';

const PIECE = 'x'.repeat(32_000);
/** Far more than the system keeps for a connection. */
const PIECES = 1_200;
/** Turns of the event loop without a read from the upstream, after which it is being held back. */
const QUIET_TURNS = 500;

const OPENAI = {
  head: '',
  piece: `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: PIECE }, finish_reason: null }] })}\n\n`,
  tail: `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`,
};

const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
const ANTHROPIC = {
  head:
    event('message_start', {
      message: { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [], usage: { input_tokens: 1 } },
    }) + event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  piece: event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: PIECE } }),
  tail:
    event('content_block_stop', { index: 0 }) +
    event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } }) +
    event('message_stop', {}),
};

/** An upstream that has the next piece ready whenever it is asked, and counts how often that was. */
function createUpstream(): { readonly fetch: HttpFetch; readonly pulls: () => number } {
  let pulls = 0;
  return {
    pulls: () => pulls,
    fetch: async (url) => {
      const { head, piece, tail } = url.includes('/messages') ? ANTHROPIC : OPENAI;
      const contents = (function* () {
        yield head;
        for (let index = 0; index < PIECES; index += 1) yield piece;
        yield tail;
      })();
      return {
        ok: true,
        status: 200,
        headers: { get: (name) => (name === 'content-type' ? 'text/event-stream' : null) },
        text: async () => '',
        chunks: () => ({
          [Symbol.asyncIterator]: () => ({
            async next() {
              // As the network has it: what is there comes in the next turn.
              await nextTurn();
              pulls += 1;
              const { done, value } = contents.next();
              return done ? { done: true, value: undefined } : { done: false, value: Buffer.from(value) };
            },
          }),
        }),
      };
    },
  };
}

const yaml = `
agents:
  - {name: plain, role: assistant, provider: openai, model: gpt-4o-mini, api_key: k}
  - {name: translated, role: assistant, provider: anthropic, model: claude-haiku-4-5, api_key: k}
`;

describe('a client that stops reading', () => {
  it.each([
    ['plain', '/v1/chat/completions', '[DONE]'],
    ['translated', '/v1/chat/completions', '[DONE]'],
    ['plain', '/v1/messages', 'message_stop'],
    ['translated', '/v1/completions', '[DONE]'],
  ])('holds the upstream of %s back through %s, and gets everything when it reads on', async (model, path, end) => {
    const upstream = createUpstream();
    const server = await startAppServer({ yaml, fetch: upstream.fetch });
    try {
      const question = path === '/v1/completions' ? { prompt: 'q' } : { messages: [{ role: 'user', content: 'q' }] };
      const limit = path === '/v1/messages' ? { max_tokens: 1_000 } : {};
      const sent = request(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        agent: false,
      });
      sent.end(JSON.stringify({ model, stream: true, ...question, ...limit }));
      const [body] = (await once(sent, 'response')) as [IncomingMessage];

      for (let quiet = 0, seen = 0; quiet < QUIET_TURNS && upstream.pulls() < PIECES; quiet += 1) {
        await nextTurn();
        if (upstream.pulls() !== seen) quiet = 0;
        seen = upstream.pulls();
      }
      const ahead = upstream.pulls();
      expect(ahead).toBeGreaterThan(0);
      expect(ahead).toBeLessThan((PIECES * 2) / 3);

      let bytes = 0;
      let tail = '';
      for await (const part of body.setEncoding('utf8')) {
        bytes += part.length;
        tail = (tail + part).slice(-1_000);
      }
      expect(bytes).toBeGreaterThan(PIECES * PIECE.length);
      expect(tail).toContain(end);
    } finally {
      await server.close();
    }
  });
});
