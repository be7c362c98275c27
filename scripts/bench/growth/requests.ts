import { type Ask, type Gateways, startGateways } from '../gateways.ts';
import type { BenchOptions, BenchRow } from '../part.ts';
import { type Contender, runRounds } from '../rounds.ts';
import { toGrowthRows } from './sizes.ts';

const SENTENCE = 'All happy families are alike; each unhappy family is unhappy in its own way. ';
/** About 4 KB, 40 KB and 400 KB. */
const PROMPTS = [53, 530, 5_300] as const;
const AGENTS = [1, 10, 100] as const;
const LEGS = [1, 10, 100] as const;

const CPU = { what: 'CPU of one request', unit: 'µs' } as const;

export async function measurePrompts({ scratch, quick, random }: BenchOptions): Promise<BenchRow[]> {
  const gateways = await startGateways({ scratch, only: ['Sluice'] });
  try {
    const contenders = PROMPTS.map((times) =>
      cpuOf(gateways, `${times}`, { prompt: SENTENCE.repeat(times), count: 40 }),
    );
    const rounds = await runRounds(contenders, { rounds: quick ? 5 : 15, warmUps: 3, random });
    const at = (times: number): string => `a prompt of ${Math.round((times * SENTENCE.length) / 1024)} KB`;
    return toGrowthRows(rounds, PROMPTS, { ...CPU, at, growing: 'the prompt', atMost: 1 });
  } finally {
    await gateways.stop();
  }
}

export async function measureAgents({ scratch, quick, random }: BenchOptions): Promise<BenchRow[]> {
  const started: Gateways[] = [];
  try {
    const contenders: Contender[] = [];
    for (const agents of AGENTS) {
      const gateways = await startGateways({ scratch, only: ['Sluice'], agents });
      started.push(gateways);
      contenders.push(cpuOf(gateways, `${agents}`, { prompt: SENTENCE, count: 150 }));
    }
    const rounds = await runRounds(contenders, { rounds: quick ? 5 : 15, warmUps: 5, random });
    const at = (agents: number): string => `${agents + 2} agents in the configuration`;
    return toGrowthRows(rounds, AGENTS, { ...CPU, at, growing: 'the number of agents', atMost: 0.1 });
  } finally {
    for (const gateways of started) await gateways.stop();
  }
}

/** The first leg answers; the others are there for when it does not. */
export async function measureLegs({ scratch, quick, random }: BenchOptions): Promise<BenchRow[]> {
  const gateways = await startGateways({ scratch, only: ['Sluice'], legs: LEGS });
  try {
    const contenders = LEGS.map((legs) =>
      cpuOf(gateways, `${legs}`, { prompt: SENTENCE, agent: `legs-${legs}`, count: 150 }),
    );
    const rounds = await runRounds(contenders, { rounds: quick ? 5 : 15, warmUps: 5, random });
    const at = (legs: number): string => `the first of ${legs} legs answers`;
    return toGrowthRows(rounds, LEGS, { ...CPU, at, growing: 'the length of the cascade', atMost: 0.1 });
  } finally {
    await gateways.stop();
  }
}

function cpuOf(
  { get }: Gateways,
  name: string,
  { count, ...asked }: Pick<Ask, 'prompt' | 'agent'> & { readonly count: number },
): Contender {
  const { server, client, toRequest } = get('Sluice');
  const request = toRequest({ vendor: 'openai', stream: false, ...asked }) as NonNullable<ReturnType<typeof toRequest>>;
  return {
    name,
    async measure() {
      const before = server.cpuMicros();
      await client.run(request, { count, concurrency: 4 });
      return (server.cpuMicros() - before) / count;
    },
  };
}
