import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { build, ROOT } from '../../../scripts/build.ts';
import { type FunctionProcess, startFunction } from '../../../scripts/dev-firestore/function-process.ts';
import { type EventRig, embed, startEventRig } from '../../support/event-rig.ts';
import { describeWithFirestore } from '../../support/services.ts';

const textOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => `Paragraph ${name} ${index} has a few words in it.`.padEnd(60, '.')).join(
    '\n\n',
  );

describeWithFirestore('the built function that ingests on write', () => {
  let rig: EventRig;
  let directory: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    // Inside the checkout, so that the framework is found beside it as it is in a deployment.
    directory = await mkdtemp(join(ROOT, 'node_modules', '.sluice-test-'));
    const [events] = await Promise.all([startEventRig(), build(['ingest-on-write'], directory)]);
    rig = events;
    await rig.listenTo('documents/{document}');
    const config = join(directory, 'events.yaml');
    await writeFile(config, rig.yaml);
    environment = {
      PATH: process.env.PATH ?? '',
      SLUICE_CONFIG: config,
      FIRESTORE_EMULATOR_HOST: rig.emulator.host,
      METADATA_SERVER_DETECTION: 'none',
    };
  });

  afterAll(async () => {
    await rig.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** An instance that takes all events from now on. */
  const start = async (): Promise<FunctionProcess> => {
    const started = await startFunction({ directory, name: 'ingest-on-write', port: 0, environment });
    rig.addresses.splice(0, rig.addresses.length, started.url);
    return started;
  };

  it('is killed between embedding and storing, and another instance completes what it left, doing nothing twice', async () => {
    const instance = await start();
    // One call is answered; what it brought is stored, and then nothing more can be.
    let stored = 0;
    rig.provider.answer = (request) => {
      if (stored > 0) return { finish: 'silence' };
      stored = (request.json() as { input: string[] }).input.length;
      return embed(request);
    };
    await rig.write('long', textOf('first', 250));
    const countChunks = async () => (await rig.database.collection('embeddings').count().get()).data().count;
    await expect.poll(() => rig.upstream.requests.length, { timeout: 60_000 }).toBeGreaterThan(1);
    await expect.poll(countChunks, { timeout: 60_000 }).toBe(stored);
    instance.child.kill('SIGKILL');
    await once(instance.child, 'exit');

    const asked = rig.upstream.requests.length;
    rig.provider.answer = embed;
    rig.addresses.length = 0;
    // For its clock the claim of the dead one has run out.
    const other = await rig.startInstance({ now: () => Date.now() + 120_000 });
    await rig.bridge.idle();
    expect(await rig.stored()).toEqual(rig.wanted());
    const texts = rig.upstream.requests
      .slice(asked)
      .flatMap((request) => (request.json() as { input: string[] }).input);
    expect(texts).toHaveLength(250 - stored);
    expect(rig.outcomes.at(-1)).toMatchObject({ status: 'ready', facts: { chunks: 250, embedded: 250 - stored } });
    await other.close();
  });

  it('finishes what it has begun when the platform ends it', async () => {
    const instance = await start();
    let letGo: () => void = () => {};
    const opened = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const asked = rig.upstream.requests.length;
    rig.provider.answer = (request) => ({ ...embed(request), before: { opened, open: letGo } });
    const delivered = rig.bridge.delivered;
    await rig.write('short', textOf('second', 3));
    await rig.upstream.waitForRequest(asked);
    const stopped = instance.stop();
    letGo();
    await stopped;
    await rig.bridge.idle();
    expect(rig.bridge.delivered - delivered).toBe(1);
    expect(await rig.stored()).toEqual(rig.wanted());
  });
});
