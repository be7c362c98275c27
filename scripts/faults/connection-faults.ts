import { ANSWERS, both, breaks, type Fault, fails, SHORT } from './fault.ts';
import { begin, beginning, drip, hangUp, repeat, reset, whole, write } from './replies.ts';
import { toPing } from './vendor-wire.ts';

/** What connections do: refuse, break, fall silent, dawdle. */
export const CONNECTION_FAULTS: readonly Fault[] = [
  both('connection refused', { outcome: fails('network'), refused: true, reply: () => reset }),
  both('reset before the headers', { outcome: fails('network'), reply: () => reset }),
  both('closed before the headers', { outcome: fails('network'), reply: () => hangUp }),
  both('something that is not HTTP', {
    outcome: fails('network'),
    reply: () => (exchange) => void exchange.socket.end('220 mail.example ESMTP\r\n'),
  }),
  both('headers of 64 KB', {
    outcome: fails('network'),
    reply:
      () =>
      ({ response }) => {
        response.writeHead(200, { 'x-long': 'x'.repeat(64 * 1024) });
        response.end();
      },
  }),
  both('reset after the headers', {
    outcome: fails('network'),
    reply: (context) => async (exchange) => {
      begin(exchange, context);
      await write(exchange, context.streamed ? context.parts.head : '');
      reset(exchange);
    },
  }),
  {
    name: 'reset in the middle',
    ...unfinished('network', reset),
  },
  {
    name: 'closed in the middle',
    ...unfinished('network', hangUp),
  },
  both('silence before the headers', { outcome: fails('timeout'), timeout: SHORT, reply: () => () => {} }),
  both('silence after the headers', {
    outcome: fails('timeout'),
    timeout: SHORT,
    reply: (context) => async (exchange) => {
      begin(exchange, context);
      await write(exchange, context.streamed ? context.parts.head : '');
    },
  }),
  {
    name: 'silence in the middle',
    ...unfinished('timeout', () => {}, { plain: { timeout: SHORT }, streamed: { idleTimeout: SHORT } }),
  },
  {
    name: 'silence in the middle, idle limit alone',
    plain: { ...unfinished('timeout', () => {}).plain, idleTimeout: SHORT },
  },
  both('nothing but signs of life', {
    outcome: fails('timeout'),
    timeout: SHORT,
    reply: (context) => async (exchange) => {
      begin(exchange, context);
      await repeat(exchange, context.streamed ? toPing(context.provider) : '\n', 20);
    },
  }),
  both('slow drip', {
    outcome: ANSWERS,
    reply: (context) => async (exchange) => {
      begin(exchange, context);
      await drip(exchange, whole(context), { pieces: 24, pauseMs: 10 });
      exchange.response.end();
    },
  }),
  {
    name: 'stream that outlasts the time limit of its leg',
    streamed: {
      outcome: ANSWERS,
      timeout: '3s',
      reply: (context) => async (exchange) => {
        begin(exchange, context);
        await write(exchange, beginning(context));
        await drip(exchange, context.parts.rest.join(''), { pieces: 12, pauseMs: 300 });
        exchange.response.end();
      },
    },
  },
  {
    name: 'reset after the end of the answer',
    streamed: {
      outcome: ANSWERS,
      reply: (context) => async (exchange) => {
        begin(exchange, context);
        await write(exchange, whole(context));
        reset(exchange);
      },
    },
  },
  {
    name: 'silence after the end of the answer',
    streamed: {
      outcome: ANSWERS,
      // Vendors whose last event can be followed by more are waited for.
      idleTimeout: SHORT,
      reply: (context) => async (exchange) => {
        begin(exchange, context);
        await write(exchange, whole(context));
      },
    },
  },
];

type Limits = Pick<NonNullable<Fault['plain']>, 'timeout' | 'idleTimeout'>;

/** An answer that is left in the middle: of the whole, or behind the first text of a stream. */
function unfinished(
  code: 'network' | 'timeout',
  leave: typeof reset,
  limits: { readonly plain?: Limits; readonly streamed?: Limits } = {},
): Required<Pick<Fault, 'plain' | 'streamed'>> {
  const reply: NonNullable<Fault['plain']>['reply'] = (context) => async (exchange) => {
    begin(exchange, context, context.streamed ? {} : { 'content-length': String(Buffer.byteLength(whole(context))) });
    await write(exchange, beginning(context));
    leave(exchange);
  };
  return {
    plain: { outcome: fails(code), reply, ...limits.plain },
    streamed: { outcome: breaks(code), reply, ...limits.streamed },
  };
}
