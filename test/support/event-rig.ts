import { createHash, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Firestore } from '@google-cloud/firestore';
import { cloudEvent } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { expect } from 'vitest';
import {
  createEventBridge,
  type EventBridgeOptions,
  registerTrigger,
} from '../../scripts/dev-firestore/event-bridge.ts';
import { createApp } from '../../shared/app/create-app.ts';
import { parseConfig } from '../../shared/config/parse.ts';
import { attachFrontDoor } from '../../shared/http/front-door.ts';
import { chunkText } from '../../shared/rag/chunk.ts';
import { startFirestoreEmulator } from './firestore-emulator.ts';
import { createScriptedServer, type RecordedRequest, type ScriptedAnswer } from './scripted-server.ts';
import { EMULATOR_PROJECT } from './services.ts';

const DIMENSIONS = 16;
const CHUNKING = { mode: 'structural', size: 80, overlap: 0 } as const;

export interface EventInstance {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * The event door as it is deployed, on this machine: the real emulator with its trigger, the bridge that treats events
 * as production does, and instances of the function under the functions framework that share nothing but the database.
 */
export async function startEventRig(options: Omit<EventBridgeOptions, 'instances'> = {}) {
  const addresses: string[] = [];
  const outcomes: { readonly status: string; readonly facts: Readonly<Record<string, unknown>> }[] = [];
  const provider = { isDown: false, answer: (request: RecordedRequest): ScriptedAnswer => embed(request) };
  const upstream = await createScriptedServer((request) =>
    provider.isDown ? { status: 503, body: { error: { message: 'overloaded' } } } : provider.answer(request),
  );
  const events: string[] = [];
  const bridge = await createEventBridge({
    instances: () => addresses,
    backoffMs: 20,
    maxAttempts: 200,
    onEvent: (path) => events.push(path),
    ...options,
  });
  const emulator = await startFirestoreEmulator({ functionsHost: bridge.host });
  if (emulator === undefined) throw new Error('The Firestore emulator is missing.');
  process.env.FIRESTORE_EMULATOR_HOST = emulator.host;
  const database = new Firestore({ projectId: EMULATOR_PROJECT, host: emulator.host, ssl: false });

  const yaml = `
agents: [{name: a, role: assistant, provider: local, model: extractive}]
embeddings:
  provider: openai
  openai: {api_key: k, model: text-embedding-3-small, dimensions: ${DIMENSIONS}, endpoint: "${upstream.origin}/v1"}
  retry: {max_attempts: 1}
vectorstore:
  provider: firestore
  embedding_dimensions: ${DIMENSIONS}
  tenancy: true
  firestore: {project_id: ${EMULATOR_PROJECT}}
ingestion: {store: firestore, mode: ${CHUNKING.mode}, chunk_size: ${CHUNKING.size}, chunk_overlap: ${CHUNKING.overlap}}
`;
  const environment = { FIRESTORE_EMULATOR_HOST: emulator.host };
  const documents = database.collection('documents');
  const expected = new Map<
    string,
    { readonly text: string; readonly collection: string; readonly tenant: string | null }
  >();

  return {
    bridge,
    database,
    documents,
    emulator,
    provider,
    upstream,
    yaml,
    /** What became of each event that was acknowledged. */
    outcomes,
    /** Paths of the documents that events were about, in the order in which the emulator sent them. */
    events,
    /** Addresses of instances that run elsewhere. */
    addresses,
    listenTo: (pattern: string) =>
      registerTrigger(emulator.host, { project: EMULATOR_PROJECT, pattern, name: randomUUID() }),

    /** Another instance of the function, with a clock of its own. */
    async startInstance({ now = Date.now }: { readonly now?: () => number } = {}): Promise<EventInstance> {
      const app = createApp(parseConfig(yaml, { environment }).config, { environment, log: () => {}, now });
      const name = `event-${randomUUID()}`;
      cloudEvent(name, async (event: unknown) => {
        outcomes.push(await (await app.documents.get()).receive(event));
      });
      const server = getTestServer(name);
      attachFrontDoor(server, { maxBodyBytes: () => 16_777_216 });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      addresses.push(url);
      return {
        url,
        async close() {
          addresses.splice(addresses.indexOf(url), 1);
          server.closeAllConnections();
          await new Promise((resolve) => server.close(resolve));
          await app.close();
        },
      };
    },

    async write(id: string, text: string, more: { collection?: string; tenant?: string } = {}): Promise<void> {
      expected.set(id, { text, collection: more.collection ?? 'default', tenant: more.tenant ?? null });
      await documents.doc(id).set({ text, ...more });
    },
    /**
     * Writes a document that is nobody's business and waits for its event. The emulator sends its events one by one in
     * the order of the writes, so those of all earlier writes have come as well. Some trigger must match everything.
     */
    async passMarker(): Promise<void> {
      const path = `markers/${randomUUID()}`;
      await database.doc(path).set({});
      await expect.poll(() => events.includes(path), { timeout: 60_000 }).toBe(true);
    },
    async remove(id: string): Promise<void> {
      expected.delete(id);
      await documents.doc(id).delete();
    },

    /** What the stored chunks of all documents are to be. */
    wanted: () =>
      [...expected]
        .flatMap(([id, { text, collection, tenant }]) =>
          chunkText(text, CHUNKING).map(({ content }) =>
            toLine({ id, collection, tenant, content, vector: toVector(content) }),
          ),
        )
        .sort(),
    /** What they are. */
    async stored(collections = ['default', 'manuals']): Promise<string[]> {
      const lines = await Promise.all(
        collections.map(async (collection) => {
          const chunks = await database
            .collection(collection === 'default' ? 'embeddings' : `embeddings_${collection}`)
            .get();
          return chunks.docs.map((chunk) =>
            toLine({
              id: chunk.get('documentId'),
              collection,
              tenant: chunk.get('tenant'),
              content: chunk.get('content'),
              vector: chunk.get('embedding').toArray(),
            }),
          );
        }),
      );
      return lines.flat().sort();
    },

    async close() {
      await bridge.close();
      await database.terminate();
      await emulator.stop();
      await upstream.close();
    },
  };
}

export type EventRig = Awaited<ReturnType<typeof startEventRig>>;

/** OpenAI's answer, with a vector that only this text has. */
export function embed(request: RecordedRequest): ScriptedAnswer {
  const { input } = request.json() as { input: string[] };
  const data = input.map((text, index) => ({ object: 'embedding', index, embedding: toVector(text) }));
  return {
    body: { object: 'list', data, model: 'm', usage: { prompt_tokens: input.length, total_tokens: input.length } },
  };
}

function toVector(text: string): number[] {
  const bytes = createHash('sha256').update(text).digest().subarray(0, DIMENSIONS);
  return Array.from(Float32Array.from(bytes, (byte) => byte / 256));
}

function toLine(chunk: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(chunk);
}
