/**
 * A deployment on this machine: the real Firestore emulator, the gateway, and `ingest-on-write`, which the emulator's
 * events reach through a bridge that treats them as production does.
 *
 *   npm run dev:firestore -- [--port 8080] [--instances 1] [--duplicates 0.2] [--reorder-ms 500]
 *
 * `SLUICE_CONFIG` names the configuration; without it there are local embeddings and the local model, and no key is needed.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment } from '../shared/config/environment.ts';
import { loadConfig } from '../shared/config/load.ts';
import { exitWithUsage, readCommandLine } from './command-line.ts';
import { createEventBridge, registerTrigger } from './dev-firestore/event-bridge.ts';
import { type FunctionProcessOptions, startFunction } from './dev-firestore/function-process.ts';
import { buildLocally } from './local-build.ts';

const PROJECT = 'demo-sluice';
const FUNCTION = 'ingest-on-write';

const DEFAULT_CONFIG = `
agents: [{name: default, role: assistant, provider: local, model: extractive}]
embeddings: {provider: local, local: {}}
vectorstore: {provider: firestore, embedding_dimensions: 768, tenancy: true, firestore: {project_id: ${PROJECT}}}
ingestion: {store: firestore}
`;

/** The emulator is started as the tests start it; they are no part of what is shipped, so it is loaded by its address. */
interface EmulatorModule {
  startFirestoreEmulator(options: {
    functionsHost: string;
  }): Promise<{ readonly host: string; stop(): Promise<void> } | undefined>;
}

const USAGE = `Usage: npm run dev:firestore [-- [--port N] [--instances N] [--duplicates SHARE] [--reorder-ms N]]

  --port N            where the gateway listens. Default: 8080
  --instances N       how many of ${FUNCTION} share the events. Default: 1
  --duplicates SHARE  of the events that are delivered twice, from 0 to 1. Default: 0
  --reorder-ms N      within how many milliseconds events overtake each other. Default: 0`;

const options = readOptions(process.argv.slice(2));
if (typeof options === 'string') exitWithUsage(options, USAGE);

/** What the command line says; a text when it is not to be run, see {@link readCommandLine}. */
function readOptions(args: readonly string[]): Options | string {
  const given = readCommandLine(args, {
    options: {
      port: { type: 'string', default: '8080' },
      instances: { type: 'string', default: '1' },
      duplicates: { type: 'string', default: '0' },
      'reorder-ms': { type: 'string', default: '0' },
    },
  });
  if (typeof given === 'string') return given;
  const { port, instances, duplicates, 'reorder-ms': reorderMs } = given.values;
  if (!(Number(port) <= 65_535) || !/^\d+$/.test(port)) return '--port is a number from 0 to 65535.';
  if (!/^[1-9]\d?$/.test(instances)) return '--instances is a whole number from 1 to 99.';
  if (!(Number(duplicates) >= 0 && Number(duplicates) <= 1)) return '--duplicates is a share from 0 to 1.';
  if (!/^\d+$/.test(reorderMs)) return '--reorder-ms is a whole number.';
  return {
    port: Number(port),
    instances: Number(instances),
    duplicates: Number(duplicates),
    reorderMs: Number(reorderMs),
  };
}

const undo: (() => Promise<unknown>)[] = [];
const stop = async (): Promise<void> => {
  for (const step of undo.splice(0).reverse()) await step();
};

try {
  await start(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  await stop();
  process.exit(1);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void stop().finally(() => process.exit(0));
  });
}

interface Options {
  readonly port: number;
  readonly instances: number;
  readonly duplicates: number;
  readonly reorderMs: number;
}

async function start({ port, instances, duplicates, reorderMs }: Options): Promise<void> {
  const addresses: string[] = [];
  const bridge = await createEventBridge({
    instances: () => addresses,
    duplicates,
    reorderWithinMs: reorderMs,
    onAttempt: (line) => console.log(`event  ${line}`),
  });
  undo.push(() => bridge.close());

  const support = new URL('../test/support/firestore-emulator.ts', import.meta.url).href;
  const { startFirestoreEmulator } = (await import(support)) as EmulatorModule;
  const emulator = await startFirestoreEmulator({ functionsHost: bridge.host });
  if (emulator === undefined) {
    throw new Error(
      'The Firestore emulator (or Java) is missing. Install google-cloud-cli-firestore-emulator, or set FIRESTORE_EMULATOR_JAR.',
    );
  }
  undo.push(() => emulator.stop());

  const environment = readEnvironment();
  const settings = { ...environment, FIRESTORE_EMULATOR_HOST: emulator.host, METADATA_SERVER_DETECTION: 'none' };
  const file = environment.SLUICE_CONFIG || (await writeDefaultConfig());
  const { config } = await loadConfig({ environment: { ...settings, SLUICE_CONFIG: file } });
  const project =
    (config.vectorstore?.provider === 'firestore' ? config.vectorstore.project : config.project) ?? PROJECT;
  const collection = config.ingestion.documentsCollection;
  await registerTrigger(emulator.host, { project, pattern: `${collection}/{document}`, name: FUNCTION });

  const directory = await buildLocally(['gateway', FUNCTION]);
  const childEnvironment = { ...settings, SLUICE_CONFIG: file, GOOGLE_CLOUD_PROJECT: project };
  for (let index = 0; index < instances; index += 1) {
    addresses.push(await serve({ directory, name: FUNCTION, port: 0, environment: childEnvironment }));
  }
  const gateway = await serve({ directory, name: 'gateway', port, environment: childEnvironment });
  console.log(describe({ gateway, emulator: emulator.host, project, collection }));
}

async function writeDefaultConfig(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-dev-'));
  undo.push(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'firestore.yaml');
  await writeFile(file, DEFAULT_CONFIG);
  return file;
}

async function serve(options: FunctionProcessOptions): Promise<string> {
  const started = await startFunction(options);
  undo.push(() => started.stop());
  return started.url;
}

interface Started {
  readonly gateway: string;
  readonly emulator: string;
  readonly project: string;
  readonly collection: string;
}

function describe({ gateway, emulator, project, collection }: Started): string {
  const documents = `http://${emulator}/v1/projects/${project}/databases/(default)/documents/${collection}`;
  return [
    '',
    `Sluice is listening on ${gateway}`,
    `Firestore emulator: FIRESTORE_EMULATOR_HOST=${emulator}, project ${project}`,
    '',
    'Write a document, and find it:',
    `  curl -X PATCH '${documents}/hello' -H 'authorization: Bearer owner' -H 'content-type: application/json' \\`,
    `    -d '{"fields": {"text": {"stringValue": "Bicycles are parked in the yard."}}}'`,
    `  curl ${gateway}/v1/search -H 'content-type: application/json' -d '{"query": "bicycles"}'`,
    `Many files at once: FIRESTORE_EMULATOR_HOST=${emulator} npm run ingest -- --firestore --project ${project} PATH…`,
  ].join('\n');
}
