import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { build, EVENT_FUNCTIONS, FUNCTIONS } from '../../build.ts';
import { measureBundle } from '../../bundle-size.ts';
import { writeBenchConfig } from '../bench-config.ts';
import { buildBenchServers } from '../bench-servers.ts';
import { installGatewayPeers } from '../gateway-peers.ts';
import { FRAMEWORK_CLI } from '../gateways.ts';
import type { BenchPart, BenchRow } from '../part.ts';
import { type Contender, compare, runRounds } from '../rounds.ts';
import { MEASURED_CORE, startServer } from '../server-process.ts';

export const part: BenchPart = {
  name: 'start',
  description: 'From the start of the process to the first 200, each function as it is deployed.',
  async run({ quick, scratch, log, random }) {
    const peers = await installGatewayPeers();
    const server = await buildBenchServers(peers.directory);
    // Beside the peers, so that all are run by the same copy of the framework.
    const dist = join(peers.directory, 'dist');
    const metafiles = await build([...FUNCTIONS, ...EVENT_FUNCTIONS], dist);
    const environment = await writeBenchConfig(scratch, { upstream: 'http://127.0.0.1:9' });
    const cli = join(peers.directory, FRAMEWORK_CLI);
    const time = (name: string, args: string[], readyPath: string, env: Record<string, string> = {}): Contender => ({
      name,
      async measure() {
        const started = await startServer({ args, core: MEASURED_CORE, readyPath, env });
        await started.stop();
        return started.startMs;
      },
    });
    const ours = FUNCTIONS.map((name) =>
      time(name, [cli, `--target=${name}`, `--source=${join(dist, name)}`], '/health', environment),
    );
    const contenders = [
      time('node:http', [join(server('bare-server'), 'index.js')], '/'),
      time('empty function', [cli, '--target=empty', `--source=${server('empty-function')}`], '/'),
      ...ours,
    ];
    log(`  ${contenders.map(({ name }) => name).join(', ')}`);
    const rounds = await runRounds(contenders, { rounds: quick ? 5 : 15, random });
    const startRow = (name: string): BenchRow =>
      compare(rounds, {
        what: `start of ${name} to its first 200`,
        unit: 'ms',
        ours: name,
        peer: 'empty function',
        ...(name === 'chat' ? { goal: { atMost: 1.2 } } : {}),
      });
    return [
      ...FUNCTIONS.map(startRow),
      ...Object.entries(metafiles).flatMap(([name, metafile]) => sizeRows(name, metafile)),
    ];
  },
};

/** What is deployed, and what of it is loaded before the first request. */
function sizeRows(name: string, metafile: Metafile): BenchRow[] {
  const { totalBytes, eagerBytes } = measureBundle(metafile);
  return [
    { what: `bundle of ${name}, all of it`, unit: 'KB', ours: totalBytes / 1024, noise: 0 },
    { what: `bundle of ${name}, loaded at the start`, unit: 'KB', ours: eagerBytes / 1024, noise: 0 },
  ];
}
