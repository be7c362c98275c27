import { type Ask, startGateways } from '../gateways.ts';
import type { BenchOptions, BenchPart, BenchRow } from '../part.ts';
import { compare, type Rounds, runRounds } from '../rounds.ts';
import { growth, median } from '../statistics.ts';

const SENTENCE = 'All happy families are alike; each unhappy family is unhappy in its own way. ';
/** About 4 KB, 40 KB and 400 KB. */
const PROMPTS = [53, 530, 5_300] as const;
const AGENTS = [1, 10, 100] as const;

export const part: BenchPart = {
  name: 'growth',
  description:
    'The same requests at one, ten and a hundred times the size. The order of growth is the slope between them: 1 is linear, ' +
    '0 is none.',
  async run(options) {
    return [...(await measurePrompts(options)), ...(await measureAgents(options))];
  },
};

async function measurePrompts({ scratch, quick, random }: BenchOptions): Promise<BenchRow[]> {
  const gateways = await startGateways({ scratch, only: ['Sluice'] });
  try {
    const contenders = PROMPTS.map((times) =>
      cpuOf(gateways, `${times}`, { prompt: SENTENCE.repeat(times), count: 40 }),
    );
    const rounds = await runRounds(contenders, { rounds: quick ? 5 : 15, warmUps: 3, random });
    return toRows(rounds, PROMPTS, (times) => `a prompt of ${Math.round((times * SENTENCE.length) / 1024)} KB`, 1);
  } finally {
    await gateways.stop();
  }
}

async function measureAgents({ scratch, quick, random }: BenchOptions): Promise<BenchRow[]> {
  const rounds: Record<string, readonly number[]> = {};
  for (const agents of AGENTS) {
    const gateways = await startGateways({ scratch, only: ['Sluice'], agents });
    try {
      const contender = cpuOf(gateways, `${agents}`, { prompt: SENTENCE, count: 150 });
      Object.assign(rounds, await runRounds([contender], { rounds: quick ? 5 : 15, warmUps: 5, random }));
    } finally {
      await gateways.stop();
    }
  }
  return toRows(rounds, AGENTS, (agents) => `${agents + 2} agents in the configuration`, 0.2);
}

function cpuOf(
  { get }: Awaited<ReturnType<typeof startGateways>>,
  name: string,
  { prompt, count }: { readonly prompt: string; readonly count: number },
) {
  const { server, client, toRequest } = get('Sluice');
  const ask: Ask = { vendor: 'openai', stream: false, prompt };
  const request = toRequest(ask) as NonNullable<ReturnType<typeof toRequest>>;
  return {
    name,
    async measure() {
      const before = server.cpuMicros();
      await client.run(request, { count, concurrency: 4 });
      return (server.cpuMicros() - before) / count;
    },
  };
}

function toRows(
  rounds: Rounds,
  sizes: readonly number[],
  describe: (size: number) => string,
  atMost: number,
): BenchRow[] {
  const points = sizes.map((size) => ({ size, value: median(rounds[`${size}`] ?? []) }));
  return [
    ...sizes.map((size) =>
      compare(rounds, { what: `CPU of one request, ${describe(size)}`, unit: 'µs', ours: `${size}` }),
    ),
    {
      what: `order of growth, ${describe(sizes.at(-1) as number)}`,
      unit: '',
      ours: growth(points),
      noise: 0.1,
      goal: { atMost },
    },
  ];
}
