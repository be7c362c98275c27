import { type Ask, type Gateway, type Gateways, rawRequest, startGateways } from '../gateways.ts';
import type { LoadRequest } from '../load.ts';
import type { BenchOptions, BenchPart, BenchRow, Goal } from '../part.ts';
import { type Contender, compare, type Rounds, runRounds } from '../rounds.ts';
import { median } from '../statistics.ts';

interface Case {
  readonly what: string;
  readonly ask: Ask;
  /** Requests of one round. */
  readonly count: number;
  readonly concurrency: number;
  readonly goal?: Goal;
}

const QUESTION = 'What is the capital of France, and why?';
const LONG = 'All happy families are alike; each unhappy family is unhappy in its own way. '.repeat(5_300);

const CASES: readonly Case[] = [
  { what: 'plain', ask: ask('openai', false), count: 200, concurrency: 8, goal: { atMost: 0.6 } },
  { what: '64-chunk stream', ask: ask('openai', true, '[quick]'), count: 80, concurrency: 8, goal: { atMost: 0.4 } },
  { what: '64-chunk stream, a chunk each millisecond', ask: ask('openai', true), count: 48, concurrency: 16 },
  { what: '64-chunk stream in one piece', ask: ask('openai', true, '[burst]'), count: 80, concurrency: 8 },
  { what: '400 KB prompt', ask: { vendor: 'openai', stream: false, prompt: LONG }, count: 25, concurrency: 4 },
  { what: 'tools', ask: { ...ask('openai', false), tools: true }, count: 150, concurrency: 8 },
  { what: 'plain, Anthropic', ask: ask('anthropic', false), count: 150, concurrency: 8 },
  {
    what: '64-chunk stream, Anthropic',
    ask: ask('anthropic', true, '[quick]'),
    count: 80,
    concurrency: 8,
    goal: { atMost: 0.4 },
  },
  {
    what: '64-chunk stream, Anthropic, a chunk each millisecond',
    ask: ask('anthropic', true),
    count: 48,
    concurrency: 16,
  },
  { what: '64-chunk stream, Gemini', ask: ask('gemini', true), count: 48, concurrency: 16 },
];

export const part: BenchPart = {
  name: 'gateway',
  description:
    'Our gateway as it is deployed, with keys, a cascade of two legs, a budget, its ledger, metrics and the log on; each peer ' +
    'as cheap as it can be set up. All on one core, one after the other; the upstream and the client on another.',
  async run(options) {
    const gateways = await startGateways({ scratch: options.scratch });
    try {
      await warmUp(gateways, options);
      return [
        ...(await measureCpu(gateways, options)),
        ...(await measureFirstToken(gateways, options)),
        ...(await measureLeaving(gateways, options)),
        ...(await measureMemory(gateways, options)),
      ];
    } finally {
      await gateways.stop();
    }
  },
};

/** Every way through every process is walked until its code is compiled. */
async function warmUp({ all }: Gateways, { log, quick }: BenchOptions): Promise<void> {
  log('  warming up');
  for (const { name, toRequest, client } of all) {
    log(`    ${name}`);
    // All kinds several times over, for one kind makes the engine take back what it compiled for another.
    for (let pass = 0; pass < (quick ? 2 : 5); pass += 1) {
      for (const { ask: asked, count, concurrency } of CASES) {
        const request = toRequest(asked);
        if (request) await client.run(request, { count: count * 3, concurrency });
      }
    }
  }
}

async function measureCpu({ all }: Gateways, { quick, random, log }: BenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const { what, ask: asked, count, concurrency, goal } of CASES) {
    const contenders = all.flatMap((gateway) => {
      const request = gateway.toRequest(asked);
      return request === undefined ? [] : [cpuContender(gateway, request, { count, concurrency })];
    });
    const rounds = await runRounds(contenders, { rounds: quick ? 5 : 15, random });
    log(`  ${what}: ${describeRounds(rounds)} µs`);
    for (const { name } of contenders.slice(1)) {
      rows.push(
        compare(rounds, {
          what: `CPU of one request, ${what}`,
          unit: 'µs',
          ours: 'Sluice',
          peer: name,
          ...(goal !== undefined && name === 'Portkey' ? { goal } : {}),
        }),
      );
    }
  }
  return rows;
}

function cpuContender(
  { name, server, client }: Gateway,
  request: Parameters<Gateway['client']['run']>[0],
  load: { count: number; concurrency: number },
): Contender {
  return {
    name,
    async measure() {
      const before = server.cpuMicros();
      await client.run(request, load);
      return (server.cpuMicros() - before) / load.count;
    },
  };
}

/** What a gateway adds to the time to the first token, one request at a time. */
async function measureFirstToken(gateways: Gateways, { quick, random, log }: BenchOptions): Promise<BenchRow[]> {
  const asked = ask('openai', true);
  const load = { count: quick ? 10 : 20, concurrency: 1 };
  const firstTokens = (name: string, { run }: Gateway['client'], request: Parameters<typeof run>[0]): Contender => ({
    name,
    measure: async () => median((await run(request, load)).map(({ firstTokenMs }) => firstTokenMs)),
  });
  const contenders = ['Sluice', 'Portkey', 'pass-through', 'AI SDK', 'Genkit'].map((name) => {
    const { client, toRequest } = gateways.get(name);
    return firstTokens(name, client, toRequest(asked) as NonNullable<ReturnType<typeof toRequest>>);
  });
  const direct = firstTokens('direct', gateways.direct, rawRequest(asked));
  const rounds = await runRounds([...contenders, direct], { rounds: quick ? 7 : 15, random });
  const added = Object.fromEntries(
    Object.entries(rounds).map(([name, values]) => [
      name,
      values.map((value, round) => value - (rounds.direct?.[round] as number)),
    ]),
  );
  log(`  added time to first token: ${describeRounds(added)} ms`);
  const goals: Readonly<Record<string, Goal>> = { Portkey: { atMost: 0.1 }, 'pass-through': { atMost: 1.3 } };
  return contenders.slice(1).map(({ name: peer }) => {
    const goal = goals[peer];
    return compare(added, {
      what: 'added time to first token',
      unit: 'ms',
      ours: 'Sluice',
      peer,
      ...(goal === undefined ? {} : { goal }),
    });
  });
}

/** From the moment a client leaves until the upstream sees it. */
async function measureLeaving(gateways: Gateways, { quick }: BenchOptions): Promise<BenchRow[]> {
  const { client, toRequest } = gateways.get('Sluice');
  const rows: BenchRow[] = [];
  for (const stream of [true, false]) {
    const request = toRequest(ask('openai', stream, '[hang]')) as NonNullable<ReturnType<typeof toRequest>>;
    const delays: number[] = [];
    await readLeft(gateways.upstream.url);
    for (let count = 0; count < (quick ? 5 : 20); count += 1) {
      const leftAt = await client.leave(request, 100);
      let seen: number[] = [];
      while (seen.length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen = await readLeft(gateways.upstream.url);
      }
      delays.push((seen[0] as number) - leftAt);
    }
    rows.push({
      what: `client leaves until the upstream is let go, ${stream ? 'streamed' : 'not streamed'} (slowest of ${delays.length})`,
      unit: 'ms',
      ours: Math.max(...delays),
      noise: 0,
      goal: { atMost: 100 },
    });
  }
  return rows;
}

async function readLeft(upstream: string): Promise<number[]> {
  return (await (await fetch(`${upstream}/left`)).json()) as number[];
}

/** Between two collections a process grows and shrinks by tens of megabytes: it is looked at after load, again and again. */
async function measureMemory({ all }: Gateways, { quick, random, log }: BenchOptions): Promise<BenchRow[]> {
  const load = { count: 80, concurrency: 8 };
  const contenders = all.map(({ name, server, client, toRequest }) => ({
    name,
    async measure() {
      for (const asked of [ask('openai', false), ask('openai', true, '[quick]')]) {
        await client.run(toRequest(asked) as LoadRequest, load);
      }
      return server.memory().residentMb;
    },
  }));
  const rounds = await runRounds(contenders, { rounds: quick ? 7 : 25, random });
  log(`  memory after load: ${describeRounds(rounds)} MB`);
  return contenders.slice(1).map(({ name: peer }) =>
    compare(rounds, {
      what: 'memory after load',
      unit: 'MB',
      ours: 'Sluice',
      peer,
      ...(peer === 'Portkey' ? { goal: { atMost: 0.8 } } : {}),
    }),
  );
}

function ask(vendor: Ask['vendor'], stream: boolean, mark = ''): Ask {
  return { vendor, stream, prompt: `${mark}${QUESTION}` };
}

function describeRounds(rounds: Rounds): string {
  return Object.entries(rounds)
    .map(([name, values]) => `${name} ${median(values).toPrecision(3)}`)
    .join(', ');
}
