import { setTimeout as pause } from 'node:timers/promises';
import { ask, type Outcome } from './client.ts';

/** One request that was made, and what was wrong with its answer. */
export interface Done {
  readonly kind: string;
  readonly totalMs: number;
  readonly wrong: string | undefined;
}

export interface Traffic {
  /** No more requests; resolves with the next turn when those under way are over. */
  stop(): Promise<number>;
}

export interface TrafficOptions {
  readonly url: string;
  readonly perSecond: number;
  /** The first turn: what is asked depends on it alone. */
  readonly from: number;
  readonly onDone: (done: Done) => void;
}

interface Kind {
  readonly name: string;
  /** How often, beside the others. */
  readonly weight: number;
  readonly path: string;
  body(turn: number): unknown;
  /** The client leaves this long after the first words, or after asking when there are none. */
  readonly leavesAfterMs?: number;
  isRight(outcome: Outcome): boolean;
}

const DOCUMENTS = 40;
/** Beyond that nothing is added, so that a slow machine is not flooded. */
const MAX_UNDER_WAY = 200;

const isWhole = ({ status, complete }: Outcome): boolean => status === 200 && complete;
const isStatus =
  (...statuses: readonly number[]) =>
  ({ status, complete }: Outcome): boolean =>
    complete && statuses.includes(status);

const chat = (model: string, stream: boolean, more: object = {}) => ({
  path: '/v1/chat/completions',
  body: (turn: number) => ({
    model,
    stream,
    // Some questions come again, and are answered from the cache where the temperature allows.
    messages: [{ role: 'user', content: `Question ${turn % 500}` }],
    ...more,
  }),
});

const TOOLS = [
  {
    type: 'function',
    function: { name: 'look_up', parameters: { type: 'object', properties: { word: { type: 'string' } } } },
  },
];

const textOf = (turn: number): string =>
  Array.from({ length: 30 }, (_, index) => `Paragraph ${index} of version ${turn % 7} has some words in it.`).join(
    '\n\n',
  );

const KINDS: readonly Kind[] = [
  { name: 'chat', weight: 10, ...chat('plain', false), isRight: isWhole },
  { name: 'chat, uncached', weight: 10, ...chat('plain', false, { temperature: 1 }), isRight: isWhole },
  { name: 'chat, streamed', weight: 15, ...chat('plain', true, { temperature: 1 }), isRight: isWhole },
  { name: 'chat, translated', weight: 8, ...chat('translated', false, { temperature: 1 }), isRight: isWhole },
  {
    name: 'chat, translated and streamed',
    weight: 10,
    ...chat('translated', true, { temperature: 1 }),
    isRight: isWhole,
  },
  { name: 'tools', weight: 6, ...chat('plain', false, { tools: TOOLS, temperature: 1 }), isRight: isWhole },
  {
    name: 'responses, streamed',
    weight: 5,
    path: '/v1/responses',
    body: (turn) => ({ model: 'translated', stream: true, store: false, input: `Question ${turn}` }),
    isRight: isWhole,
  },
  {
    name: 'messages, streamed',
    weight: 5,
    path: '/v1/messages',
    body: (turn) => ({
      model: 'plain',
      stream: true,
      max_tokens: 50,
      messages: [{ role: 'user', content: `Question ${turn}` }],
    }),
    isRight: isWhole,
  },
  {
    name: 'embeddings',
    weight: 6,
    path: '/v1/embeddings',
    body: (turn) => ({ model: 'text-embedding-3-small', input: [`Text ${turn}`, 'another'] }),
    isRight: isWhole,
  },
  {
    name: 'ingest',
    weight: 4,
    path: '/v1/documents',
    body: (turn) => ({ id: `document-${turn % DOCUMENTS}`, text: textOf(turn) }),
    isRight: isWhole,
  },
  {
    name: 'search',
    weight: 8,
    path: '/v1/search',
    body: (turn) => ({ query: `words of version ${turn % 300}`, top_k: 3, highlights: true }),
    isRight: isWhole,
  },
  {
    name: 'retrieval, streamed',
    weight: 5,
    ...chat('plain', true, { sluice: { retrieval: { top_k: 3 } } }),
    isRight: isWhole,
  },
  { name: 'falls back', weight: 6, ...chat('falls-back', true, { temperature: 1 }), isRight: isWhole },
  { name: 'first is limited', weight: 4, ...chat('limited', false, { temperature: 1 }), isRight: isWhole },
  { name: 'first is silent', weight: 2, ...chat('silent', true, { temperature: 1 }), isRight: isWhole },
  { name: 'nobody answers', weight: 3, ...chat('none', false, { temperature: 1 }), isRight: isStatus(503) },
  {
    name: 'upstream breaks off',
    weight: 3,
    ...chat('cut', true, { temperature: 1 }),
    // What had come is there, and then an error event in place of the end.
    isRight: ({ status, complete, firstMs, error }) =>
      status === 200 && !complete && error === undefined && firstMs !== undefined,
  },
  {
    name: 'client leaves a stream',
    weight: 5,
    ...chat('long', true, { temperature: 1 }),
    leavesAfterMs: 300,
    isRight: ({ status, complete }) => status === 200 && !complete,
  },
  {
    name: 'client leaves before an answer',
    weight: 4,
    ...chat('long', false, { temperature: 1 }),
    leavesAfterMs: 100,
    isRight: ({ status }) => status === 0,
  },
  { name: 'malformed', weight: 3, ...chat('plain', false, { temperature: 'warm' }), isRight: isStatus(400) },
  { name: 'unknown model', weight: 2, ...chat('nobody', false), isRight: isStatus(404) },
];

/** In an order that is the same every time, and has each kind as often as its weight says. */
const ORDER: readonly Kind[] = shuffle(KINDS.flatMap((kind) => Array.from({ length: kind.weight }, () => kind)));

/** Starts requests of every kind, that many a second, until it is stopped. */
export function startTraffic({ url, perSecond, from, onDone }: TrafficOptions): Traffic {
  const underWay = new Set<Promise<void>>();
  let isOver = false;
  const start = (turn: number): void => {
    const kind = ORDER[turn % ORDER.length] as Kind;
    const done: Promise<void> = run(url, kind, turn)
      .then(onDone)
      .finally(() => underWay.delete(done));
    underWay.add(done);
  };
  const drive = async (): Promise<number> => {
    const startedAt = performance.now();
    let turn = from;
    while (!isOver) {
      const due = from + ((performance.now() - startedAt) / 1000) * perSecond;
      while (turn < due && underWay.size < MAX_UNDER_WAY && !isOver) start(turn++);
      await pause(1000 / perSecond);
    }
    return turn;
  };
  const driven = drive();
  return {
    async stop() {
      isOver = true;
      const next = await driven;
      await Promise.all(underWay);
      return next;
    },
  };
}

async function run(url: string, kind: Kind, turn: number): Promise<Done> {
  const { name, leavesAfterMs } = kind;
  const left = new AbortController();
  const body = kind.body(turn) as { readonly stream?: boolean };
  const leave = async (): Promise<void> => {
    await pause(leavesAfterMs);
    left.abort();
  };
  if (leavesAfterMs !== undefined && !body.stream) void leave();
  const outcome = await ask({
    url: `${url}${kind.path}`,
    body,
    signal: left.signal,
    ...(leavesAfterMs === undefined ? {} : { onFirst: () => void leave() }),
  });
  const { status, complete, error, beginning, totalMs } = outcome;
  const wrong = kind.isRight(outcome)
    ? undefined
    : `${status}${complete ? '' : ' cut'} ${error ?? beginning.slice(0, 160)}`;
  return { kind: name, totalMs, wrong };
}

function shuffle<Item>(items: readonly Item[]): Item[] {
  const shuffled = [...items];
  let seed = 42;
  for (let index = shuffled.length - 1; index > 0; index -= 1) {
    // A linear congruence is random enough to mix.
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    const other = seed % (index + 1);
    [shuffled[index], shuffled[other]] = [shuffled[other] as Item, shuffled[index] as Item];
  }
  return shuffled;
}
