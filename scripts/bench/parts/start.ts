import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { build, EVENT_FUNCTIONS, FUNCTIONS } from '../../build.ts';
import { measureBundle } from '../../bundle-size.ts';
import { BENCH_KEY, writeBenchConfig } from '../bench-config.ts';
import { buildBenchServers } from '../bench-servers.ts';
import { installGatewayPeers } from '../gateway-peers.ts';
import { buildGenkitServer, FRAMEWORK_CLI } from '../gateways.ts';
import type { BenchPart, BenchRow } from '../part.ts';
import { type Contender, compare, type Rounds, runRounds } from '../rounds.ts';
import { MEASURED_CORE, OTHER_CORE, type ServerProcess, startServer } from '../server-process.ts';

/** The functions framework with a function that does nothing. */
const EMPTY = 'empty function';

export const part: BenchPart = {
  name: 'start',
  description: 'From the start of the process to the first 200, each function as it is deployed.',
  async run({ quick, scratch, log, random }) {
    const peers = await installGatewayPeers();
    const server = await buildBenchServers(peers.directory);
    // Beside the peers, so that all are run by the same copy of the framework.
    const dist = join(peers.directory, 'dist');
    // Gateways of a few lines on `node:http`, without the functions framework.
    const frameworks = { 'AI SDK': join(server('ai-sdk'), 'index.js'), Genkit: await buildGenkitServer() };
    const metafiles = await build([...FUNCTIONS, ...EVENT_FUNCTIONS], dist);
    const upstream = await startServer({
      args: [join(server('upstream'), 'index.js')],
      core: OTHER_CORE,
      readyPath: '/left',
    });
    try {
      const environment = await writeBenchConfig(scratch, { upstream: upstream.url });
      // The same file where no build has parsed it, as somebody's own is.
      const asWritten = join(scratch, 'unparsed.yaml');
      await copyFile(environment.SLUICE_CONFIG, asWritten);
      const cli = join(peers.directory, FRAMEWORK_CLI);
      const start = (args: string[], readyPath: string, env: Readonly<Record<string, string>> = {}) =>
        startServer({ args, core: MEASURED_CORE, readyPath, env });
      const startOurs = (name: string, env: Readonly<Record<string, string>> = environment) =>
        start([cli, `--target=${name}`, `--source=${join(dist, name)}`], '/health', env);
      /** The processor time of each start that counts is kept beside its wall time. */
      const cpuMs: Record<string, number[]> = {};
      const time = (name: string, startOne: () => Promise<ServerProcess>): Contender => ({
        name,
        async measure() {
          const started = await startOne();
          const cpu = started.cpuMicros() / 1000;
          await started.stop();
          cpuMs[name] = [...(cpuMs[name] ?? []), cpu];
          return started.startMs;
        },
      });
      const contenders = [
        time('node:http', () => start([join(server('bare-server'), 'index.js')], '/')),
        time(EMPTY, () => start([cli, '--target=empty', `--source=${server('empty-function')}`], '/')),
        ...Object.entries(frameworks).map(([name, script]) =>
          time(name, () => start([script], '/', { NODE_ENV: 'production' })),
        ),
        ...FUNCTIONS.map((name) => time(name, () => startOurs(name))),
        time('chat, YAML', () => startOurs('chat', { ...environment, SLUICE_CONFIG: asWritten })),
        time('chat, defaults', () => startOurs('chat', { ...environment, SLUICE_CONFIG: '' })),
        {
          name: 'chat, answered',
          async measure() {
            const before = performance.now();
            const started = await startOurs('chat');
            await answerOne(started.url);
            const answeredMs = performance.now() - before;
            await started.stop();
            return answeredMs;
          },
        },
      ];
      log(`  ${contenders.map(({ name }) => name).join(', ')}`);
      const count = quick ? 5 : 15;
      const wall = await runRounds(contenders, { rounds: count, random });
      const cpu = Object.fromEntries(Object.entries(cpuMs).map(([name, values]) => [name, values.slice(-count)]));
      const row = (what: string, ours: string, rounds: Rounds = wall): BenchRow =>
        compare(rounds, {
          what,
          unit: 'ms',
          ours,
          peer: EMPTY,
          ...(ours === 'chat' && rounds === wall ? { goal: { atMost: 1.2 } } : {}),
        });
      return [
        ...FUNCTIONS.map((name) => row(`start of ${name} to its first 200`, name)),
        ...Object.keys(frameworks).map((peer) =>
          compare(wall, { what: 'start of chat to its first 200', unit: 'ms', ours: 'chat', peer }),
        ),
        row('the same of chat, processor time', 'chat', cpu),
        row('the same of chat, YAML that no build has parsed', 'chat, YAML'),
        row('the same of chat, development defaults', 'chat, defaults'),
        compare(wall, { what: 'start of chat to its first chat answered', unit: 'ms', ours: 'chat, answered' }),
        ...Object.entries(metafiles).flatMap(([name, metafile]) => sizeRows(name, metafile)),
      ];
    } finally {
      await upstream.stop();
    }
  },
};

/** A first request as a client sends it. @throws when it is not answered. */
async function answerOne(url: string): Promise<void> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${BENCH_KEY}` },
    body: JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`The first chat was answered with ${response.status}: ${text}`);
}

/** What is deployed, and what of it is loaded before the first request. */
function sizeRows(name: string, metafile: Metafile): BenchRow[] {
  const { totalBytes, eagerBytes } = measureBundle(metafile);
  return [
    { what: `bundle of ${name}, all of it`, unit: 'KB', ours: totalBytes / 1024, noise: 0 },
    { what: `bundle of ${name}, loaded at the start`, unit: 'KB', ours: eagerBytes / 1024, noise: 0 },
  ];
}
