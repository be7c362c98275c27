import { gzipSync } from 'node:zlib';
import { ANSWERS, both, breaks, type Fault, type FaultContext, fails } from './fault.ts';
import { answerRightly, begin, beginning, flood, send, whole, write } from './replies.ts';
import { SECRET_WORDS, toBrokenEvent, toErrorBody, toErrorEvent, toEventStart } from './vendor-wire.ts';

const HTML = `<!doctype html><html><body>${SECRET_WORDS}</body></html>`;
const TOO_MANY_BYTES = 20 * 1024 * 1024;

/** Accepted requests whose answer is none. */
export const ANSWER_FAULTS: readonly Fault[] = [
  both('200 with an error for a body', {
    outcome: fails('server_error'),
    reply: ({ provider }) => send(200, toErrorBody(provider, 500)),
  }),
  onlyStreamed('error event before any output', 'failure', ({ provider, parts }) => [
    parts.head,
    toErrorEvent(provider, 500),
  ]),
  onlyStreamed('error event after the first text', 'broken', ({ provider, parts }) => [
    parts.head + parts.first,
    toErrorEvent(provider, 500),
  ]),
  both('empty body', {
    outcome: fails('server_error'),
    reply: (context) => send(200, '', { 'content-type': typeOf(context) }),
  }),
  both('204', {
    outcome: fails('server_error'),
    reply:
      () =>
      ({ response }) => {
        response.writeHead(204);
        response.end();
      },
  }),
  {
    name: 'truncated JSON',
    plain: { outcome: fails('server_error'), reply: (context) => send(200, beginning(context)) },
    streamed: {
      outcome: breaks('server_error'),
      reply: streamOf(({ parts }) => [parts.head + parts.first, half(parts.rest[0])]),
    },
  },
  onlyStreamed('truncated first event', 'failure', ({ parts }) => [parts.head, half(parts.first)]),
  {
    name: 'malformed event',
    plain: { outcome: fails('server_error'), reply: () => send(200, JSON.stringify({ choices: SECRET_WORDS })) },
    streamed: {
      outcome: breaks('server_error'),
      reply: streamOf(({ provider, parts }) => [parts.head + parts.first, toBrokenEvent(provider), ...parts.rest]),
    },
  },
  onlyStreamed('malformed first event', 'failure', ({ provider, parts }) => [
    toBrokenEvent(provider),
    parts.head + parts.first,
    ...parts.rest,
  ]),
  {
    name: 'JSON that is no object',
    plain: { outcome: fails('server_error'), reply: () => send(200, JSON.stringify([SECRET_WORDS])) },
  },
  onlyStreamed('end before any output', 'failure', ({ parts }) => [parts.head]),
  onlyStreamed('end without a terminal event', 'broken', ({ parts }) => [parts.head + parts.first]),
  both('page of HTML', {
    outcome: fails('server_error'),
    reply: () => send(200, HTML, { 'content-type': 'text/html' }),
  }),
  both('right answer of a wrong type', {
    outcome: ANSWERS,
    reply: (context) => answerRightly(context, { 'content-type': 'text/plain' }),
  }),
  both('compressed although nothing compressed was asked for', {
    outcome: fails('server_error'),
    reply: (context) =>
      send(200, gzipSync(whole(context)), { 'content-type': typeOf(context), 'content-encoding': 'gzip' }),
  }),
  both('early hints before a right answer', {
    outcome: ANSWERS,
    reply: (context) => (exchange) => {
      exchange.response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      return answerRightly(context)(exchange);
    },
  }),
  both('body of 20 MB', {
    outcome: fails('server_error'),
    reply: (context) => async (exchange) => {
      begin(exchange, context);
      await write(exchange, context.streamed ? toEventStart(context.provider) : '{"text": "');
      await flood(exchange, TOO_MANY_BYTES);
      exchange.response.end('"}\n\n');
    },
  }),
  {
    name: 'event of 20 MB after the first text',
    streamed: {
      outcome: breaks('server_error'),
      reply: (context) => async (exchange) => {
        begin(exchange, context);
        await write(exchange, beginning(context) + toEventStart(context.provider));
        await flood(exchange, TOO_MANY_BYTES);
        exchange.response.end('"}\n\n');
      },
    },
  },
];

function onlyStreamed(name: string, as: 'failure' | 'broken', texts: (context: FaultContext) => string[]): Fault {
  const outcome = as === 'failure' ? fails('server_error') : breaks('server_error');
  return { name, streamed: { outcome, reply: streamOf(texts) } };
}

/** A stream of these texts that ends in order. */
function streamOf(texts: (context: FaultContext) => string[]): NonNullable<Fault['streamed']>['reply'] {
  return (context) => async (exchange) => {
    begin(exchange, context);
    for (const text of texts(context)) await write(exchange, text);
    exchange.response.end();
  };
}

function half(text = ''): string {
  return text.slice(0, text.length / 2);
}

function typeOf({ streamed, parts }: FaultContext): string {
  return streamed ? parts.streamType : 'application/json';
}
