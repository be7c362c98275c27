import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * An upstream that costs as little as possible, so that what stands before it is what is measured: every answer is
 * serialised once. It speaks the formats of OpenAI, Anthropic and Gemini. What the prompt holds decides how it answers:
 * `[burst]` all chunks in one write, `[quick]` each in a write of
 * its own as fast as they go, `[hang]` nothing more after the beginning until the caller leaves, `[endless]` a chunk every
 * 100 milliseconds until then; otherwise a chunk comes every millisecond. `GET /left` says when callers of `[hang]` and
 * `[endless]` left, in milliseconds since the epoch.
 */
const CHUNKS = 64;
const words = Array.from({ length: CHUNKS }, (_, index) => `word${index} `);
const text = words.join('');
const left: number[] = [];

interface Vendor {
  readonly whole: Buffer;
  /** The server-sent events: the first one has no text yet. */
  readonly events: readonly Buffer[];
}

const toEvent = (data: unknown, name?: string): Buffer =>
  Buffer.from(`${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);

const usage = { prompt_tokens: 20, completion_tokens: CHUNKS, total_tokens: 20 + CHUNKS };
const head = {
  id: 'chatcmpl-bench',
  created: 1_760_000_000,
  model: 'gpt-4o-mini-2024-07-18',
  system_fingerprint: 'fp_1',
};
const toChunk = (delta: object, finish_reason: string | null): object => ({
  ...head,
  object: 'chat.completion.chunk',
  service_tier: 'default',
  choices: [{ index: 0, delta, logprobs: null, finish_reason }],
  usage: null,
});
const toolCall = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Berlin"}' } };
const toWhole = (message: object, finish_reason: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', refusal: null, ...message }, logprobs: null, finish_reason }],
      usage,
    }),
  );

const openai: Vendor = {
  whole: toWhole({ content: text }, 'stop'),
  events: [
    toEvent(toChunk({ role: 'assistant', content: '', refusal: null }, null)),
    ...words.map((content) => toEvent(toChunk({ content }, null))),
    toEvent(toChunk({}, 'stop')),
    Buffer.concat([
      toEvent({ ...head, object: 'chat.completion.chunk', choices: [], usage }),
      Buffer.from('data: [DONE]\n\n'),
    ]),
  ],
};
const withTools: Vendor = { ...openai, whole: toWhole({ content: null, tool_calls: [toolCall] }, 'tool_calls') };

const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-haiku-4-5', stop_sequence: null };
const anthropicUsage = { input_tokens: 20, output_tokens: CHUNKS };
const anthropic: Vendor = {
  whole: Buffer.from(
    JSON.stringify({ ...message, content: [{ type: 'text', text }], stop_reason: 'end_turn', usage: anthropicUsage }),
  ),
  events: [
    toEvent(
      { type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: anthropicUsage } },
      'message_start',
    ),
    toEvent(
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      'content_block_start',
    ),
    ...words.map((word) =>
      toEvent(
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: word } },
        'content_block_delta',
      ),
    ),
    toEvent({ type: 'content_block_stop', index: 0 }, 'content_block_stop'),
    toEvent(
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: anthropicUsage },
      'message_delta',
    ),
    toEvent({ type: 'message_stop' }, 'message_stop'),
  ],
};

const geminiUsage = { promptTokenCount: 20, candidatesTokenCount: CHUNKS, totalTokenCount: 20 + CHUNKS };
const toGemini = (part: string, finishReason?: string): object => ({
  candidates: [
    { content: { parts: [{ text: part }], role: 'model' }, index: 0, ...(finishReason ? { finishReason } : {}) },
  ],
  usageMetadata: geminiUsage,
  modelVersion: 'gemini-2.5-flash',
  responseId: 'response-1',
});
const gemini: Vendor = {
  whole: Buffer.from(JSON.stringify(toGemini(text, 'STOP'))),
  // Google ends its lines as HTTP does.
  events: words.map((word, index) =>
    Buffer.from(`data: ${JSON.stringify(toGemini(word, index === CHUNKS - 1 ? 'STOP' : undefined))}\r\n\r\n`),
  ),
};

function send(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

function hang(response: ServerResponse, first: Buffer | undefined): void {
  response.once('close', () => left.push(Date.now()));
  if (first === undefined) return;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(first);
}

function stream(response: ServerResponse, events: readonly Buffer[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let next = 0;
  const timer = setInterval(() => {
    const event = events[next];
    next += 1;
    if (event === undefined) {
      clearInterval(timer);
      response.end();
    } else response.write(event);
  }, 1);
  response.once('close', () => clearInterval(timer));
  response.write(events[next] as Buffer);
  next += 1;
}

function streamEndlessly(response: ServerResponse, [first, ...events]: readonly Buffer[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(first as Buffer);
  let next = 0;
  const timer = setInterval(() => {
    response.write(events[next % CHUNKS] as Buffer);
    next += 1;
  }, 100);
  response.once('close', () => {
    clearInterval(timer);
    left.push(Date.now());
  });
}

async function streamQuickly(response: ServerResponse, events: readonly Buffer[]): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) {
    response.write(event);
    await new Promise(setImmediate);
  }
  response.end();
}

function answer(path: string, body: Buffer, response: ServerResponse): void {
  const vendor = path.includes('/messages')
    ? anthropic
    : path.includes('enerateContent')
      ? gemini
      : body.includes('"tools":[')
        ? withTools
        : openai;
  // Older releases of OpenAI's client, as Genkit has one, write a space there.
  const isStream =
    path.includes('streamGenerateContent') || body.includes('"stream":true') || body.includes('"stream": true');
  if (body.includes('[hang]')) {
    hang(response, isStream ? Buffer.concat(vendor.events.slice(0, 3)) : undefined);
  } else if (!isStream) {
    send(response, vendor.whole);
  } else if (body.includes('[burst]')) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(Buffer.concat(vendor.events));
  } else if (body.includes('[endless]')) {
    streamEndlessly(response, vendor.events);
  } else if (body.includes('[quick]')) {
    void streamQuickly(response, vendor.events);
  } else stream(response, vendor.events);
}

createServer((request: IncomingMessage, response) => {
  const path = request.url ?? '/';
  if (path === '/left') {
    send(response, Buffer.from(JSON.stringify(left.splice(0))));
    return;
  }
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => answer(path, Buffer.concat(parts), response));
}).listen(Number(process.env.PORT), '127.0.0.1');
