import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Report, tally, toCheck } from './report.ts';
import { startScene } from './scene.ts';
import { sendDocuments } from './send-documents.ts';

/** The emulator is started as the tests start it; they are no part of what is shipped, so it is loaded by its address. */
interface EmulatorModule {
  startFirestoreEmulator(options?: { readonly seed?: string }): Promise<Emulator | undefined>;
}

interface Emulator {
  readonly host: string;
  stop(): Promise<void>;
}

const PROJECT = 'demo-sluice-load';
const CHUNKS_EACH = 3;
const DOWN_MS = 3_000;

/**
 * Takes the database away in the middle of an ingestion, with all connections to it, and brings it back as it was. The
 * sender repeats what it is told may be repeated; in the end every document has to be there once, and to be found.
 *
 * The emulator keeps its data in memory, so it is exported and read back: the connections are cut first, that nothing is
 * acknowledged in between.
 */
export async function ingestRestart({ count }: { readonly count: number }): Promise<Report> {
  const support = new URL('../../test/support/firestore-emulator.ts', import.meta.url).href;
  const { startFirestoreEmulator } = (await import(support)) as EmulatorModule;
  let emulator = await startFirestoreEmulator();
  if (emulator === undefined) {
    const cure = 'Install google-cloud-cli-firestore-emulator and a Java runtime, or set FIRESTORE_EMULATOR_JAR.';
    return { checks: [toCheck('Firestore emulator', 'missing', 'installed', false)], notes: [cure] };
  }
  const directory = await mkdtemp(join(tmpdir(), 'sluice-load-'));
  const gate = await createSwitch(emulator.host);
  const scene = await startScene({
    yaml: (origin) => `
limits: {client: {requests_per_second: 1000000, burst: 1000000}}
ingestion: {store: firestore, chunk_size: 200, chunk_overlap: 0}
embeddings: {provider: openai, openai: {model: text-embedding-3-small, api_key: k, endpoint: "${origin}/v1", dimensions: 4}}
vectorstore: {provider: firestore, embedding_dimensions: 4, tenancy: true, firestore: {project_id: ${PROJECT}}}
agents: [{name: default, role: assistant, provider: local, model: extractive}]
`,
    environment: { FIRESTORE_EMULATOR_HOST: gate.host, GOOGLE_CLOUD_PROJECT: PROJECT },
  });
  try {
    const { gateway } = scene;
    const progress = { done: 0 };
    const sending = sendDocuments({
      url: gateway.url,
      documents: Array.from({ length: count }, (_, index) => toDocument(index)),
      onDone: () => {
        progress.done += 1;
      },
    });
    while (progress.done < count / 3) await pause(10);
    const doneBefore = progress.done;
    gate.open(undefined);
    await exportTo(emulator.host, directory);
    await emulator.stop();
    await pause(DOWN_MS);
    const doneDuring = progress.done - doneBefore;
    emulator = await startFirestoreEmulator({ seed: join(directory, 'export', 'export') });
    if (emulator === undefined) throw new Error('The emulator did not come back.');
    gate.open(emulator.host);
    const results = await sending;

    const stored = await countChunks(emulator.host);
    let found = 0;
    for (let index = 0; index < count; index += 1) found += (await isReady(gateway.url, index)) ? 1 : 0;
    const failed = results.filter(({ status }) => status !== 'ready' && status !== 'unchanged');
    const attempts = results.reduce((sum, result) => sum + result.attempts, 0);
    const complaints = gateway.complaints();
    return {
      checks: [
        toCheck('accepted in the end', String(count - failed.length), String(count), failed.length === 0),
        toCheck('said to be ready', String(found), String(count), found === count),
        toCheck('passages stored', String(stored), String(count * CHUNKS_EACH), stored === count * CHUNKS_EACH),
        toCheck('had to be sent again', String(attempts - count), '> 0', attempts > count),
        toCheck('warnings', complaints === '' ? 'none' : complaints.slice(0, 300), 'none', complaints === ''),
      ],
      notes: [
        `${doneBefore} were in when the database went, ${doneDuring} came in while it was away`,
        ...(failed.length === 0 ? [] : [tally(failed.map(({ status, message }) => `${status}: ${message}`))]),
      ],
    };
  } finally {
    await scene.close();
    await gate.close();
    await emulator?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function toDocument(index: number) {
  const paragraph = (part: number): string =>
    `Document ${index}, part ${part}: ${'some words of its own '.repeat(8)}`.slice(0, 180);
  return {
    id: `document-${index}`,
    text: Array.from({ length: CHUNKS_EACH }, (_, part) => paragraph(part)).join('\n\n'),
  };
}

async function exportTo(host: string, directory: string): Promise<void> {
  const response = await fetch(`http://${host}/emulator/v1/projects/${PROJECT}:export`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer owner' },
    body: JSON.stringify({
      database: `projects/${PROJECT}/databases/(default)`,
      export_directory: directory,
      export_name: 'export',
    }),
  });
  if (!response.ok) throw new Error(`The emulator did not export: ${response.status} ${await response.text()}`);
}

async function countChunks(host: string): Promise<number> {
  const parent = `http://${host}/v1/projects/${PROJECT}/databases/(default)/documents`;
  const response = await fetch(`${parent}:runAggregationQuery`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer owner' },
    body: JSON.stringify({
      structuredAggregationQuery: {
        structuredQuery: { from: [{ collectionId: 'embeddings' }] },
        aggregations: [{ alias: 'count', count: {} }],
      },
    }),
  });
  const [answer] = (await response.json()) as {
    result?: { aggregateFields: { count: { integerValue: string } } };
  }[];
  return Number(answer?.result?.aggregateFields.count.integerValue ?? Number.NaN);
}

async function isReady(url: string, index: number): Promise<boolean> {
  const response = await fetch(`${url}/v1/documents/document-${index}`);
  return ((await response.json()) as { status?: string }).status === 'ready';
}

/** A fixed address before one that changes. */
interface Switch {
  readonly host: string;
  /** Connects to this address from now on; undefined cuts everything and refuses. */
  open(host: string | undefined): void;
  close(): Promise<void>;
}

async function createSwitch(first: string): Promise<Switch> {
  let target: string | undefined = first;
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const [host = '', port = ''] = target?.split(':') ?? [];
    if (target === undefined) {
      client.destroy();
      return;
    }
    const backend = connect(Number(port), host);
    for (const [socket, other] of [
      [client, backend],
      [backend, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    host: `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    open(host) {
      target = host;
      cut();
    },
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
