import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createRandom } from '../../contracts/vectors.ts';
import { type EventInstance, type EventRig, startEventRig } from '../../support/event-rig.ts';
import { describeWithFirestore } from '../../support/services.ts';

const textOf = (...names: readonly (string | number)[]) =>
  names.map((name) => `Paragraph ${name} has a few words in it, as paragraphs do.`).join('\n\n');

describeWithFirestore('documents written to Firestore', () => {
  let rig: EventRig;
  let instances: EventInstance[];
  let writes = 0;

  beforeAll(async () => {
    rig = await startEventRig({ duplicates: 0.5, reorderWithinMs: 100, random: createRandom(17) });
    instances = [await rig.startInstance(), await rig.startInstance()];
    await rig.listenTo('documents/{document}');
  });

  afterAll(async () => {
    await Promise.all(instances.map((instance) => instance.close()));
    await rig.close();
  });

  const write = async (id: string, ...names: readonly (string | number)[]) => {
    writes += 1;
    await rig.write(id, textOf(...names));
  };
  const remove = async (id: string) => {
    writes += 1;
    await rig.remove(id);
  };

  /** Every event has come, and every event is acknowledged. */
  const quiet = async () => {
    await expect.poll(() => rig.bridge.received, { timeout: 60_000 }).toBe(writes);
    await rig.bridge.idle();
  };

  it('become vectors, through updates, deletions and renames, with events doubled and out of order, over two instances', async () => {
    await Promise.all([
      write('new', 'a', 'b', 'c'),
      (async () => {
        for (let version = 1; version <= 5; version += 1) await write('busy', 'same', version, version % 2);
      })(),
      (async () => {
        await write('gone', 'a');
        await remove('gone');
      })(),
      (async () => {
        await write('again', 'a', 'b');
        await remove('again');
        await write('again', 'b', 'c');
      })(),
      (async () => {
        await write('old-name', 'x', 'y');
        await remove('old-name');
        await write('new-name', 'x', 'y');
      })(),
      (async () => {
        await write('moved', 'm', 'n');
        writes += 1;
        await rig.write('moved', textOf('m', 'o'), { collection: 'manuals', tenant: 't1' });
      })(),
    ]);
    await quiet();
    expect(await rig.stored()).toEqual(rig.wanted());
    expect(rig.bridge.lost).toBe(0);
    expect(rig.bridge.delivered).toBeGreaterThan(writes);
  });

  it('with ids that headers cannot carry arrive as well', async () => {
    const ids = ['grüße %41 ', ' leading', 'a?b#c&d', '100%', '日本語'];
    await Promise.all(ids.map((id) => write(id, 'odd')));
    await quiet();
    expect(await rig.stored()).toEqual(rig.wanted());
  });

  it('that are at fault keep no other back, and say what is wrong with them', async () => {
    const before = rig.bridge.delivered;
    writes += 2;
    await rig.documents.doc('poison').set({ text: 7 });
    await rig.documents.doc('blank').set({ text: ' ' });
    await write('good', 'g');
    await quiet();
    expect(await rig.stored()).toEqual(rig.wanted());
    expect((await rig.database.doc('ingestions/poison').get()).data()).toMatchObject({
      state: 'failed',
      error: { code: 'invalid_request', message: expect.stringContaining('"text"') },
    });
    // Acknowledged at once: no more than each of them and its duplicate.
    expect(rig.bridge.delivered - before).toBeLessThanOrEqual(6);
  });

  it('wait for a provider that is down, and lose nothing', async () => {
    // The framework prints what it was thrown.
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const before = rig.bridge.delivered;
    rig.provider.isDown = true;
    await write('busy', 'while', 'down');
    await write('new', 'while', 'down', 'too');
    await remove('good');
    await expect.poll(() => rig.bridge.delivered - before, { timeout: 60_000 }).toBeGreaterThan(8);
    expect((await rig.database.doc('ingestions/busy').get()).get('state')).not.toBe('ready');
    rig.provider.isDown = false;
    await quiet();
    expect(await rig.stored()).toEqual(rig.wanted());
  });

  it('wait for a provider whose answers are of no use, and lose nothing', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { answer } = rig.provider;
    const before = rig.bridge.delivered;
    rig.provider.answer = () => ({ headers: { 'content-type': 'text/html' }, body: '<h1>Be back soon</h1>' });
    await write('busy', 'while', 'away');
    await write('newer', 'while', 'away', 'too');
    await expect.poll(() => rig.bridge.delivered - before, { timeout: 60_000 }).toBeGreaterThan(8);
    expect((await rig.database.doc('ingestions/newer').get()).get('state')).not.toBe('ready');
    rig.provider.answer = answer;
    await quiet();
    expect(await rig.stored()).toEqual(rig.wanted());
  });

  it('cause a few writes of ingestion itself, whose events cause nothing more, and other documents are none of its business', async () => {
    // What the instances have not yet written of their usage is written when they close.
    await Promise.all(instances.map((instance) => instance.close()));
    // Their clocks stand still, so that no claim runs out on a slow machine.
    const time = Date.now();
    instances = [await rig.startInstance({ now: () => time }), await rig.startInstance({ now: () => time })];
    await rig.listenTo('{path=**}');
    await rig.passMarker();
    await rig.bridge.idle();

    const eventsBefore = rig.events.length;
    const outcomesBefore = rig.outcomes.length;
    await rig.write('last', textOf('l', 'm'));
    await rig.database.doc('documents/last/versions/1').set({ text: textOf('nested') });
    await rig.database.doc('other/thing').set({ text: textOf('other') });
    // What was written is handled after the first; what handling it wrote, after the second; and so on, were it a loop.
    for (let round = 1; round <= 4; round += 1) {
      await rig.passMarker();
      await rig.bridge.idle();
    }
    const received = rig.events.slice(eventsBefore);
    const outcomes = rig.outcomes.slice(outcomesBefore);
    expect(await rig.stored()).toEqual(rig.wanted());

    const events = received.filter((path) => !path.startsWith('markers/'));
    const count = (prefix: string) => events.filter((path) => path.startsWith(prefix)).length;
    // Two triggers tell of the document, each perhaps twice, to two instances: one of all these does the work.
    expect(events.filter((path) => path === 'documents/last')).toHaveLength(2);
    expect(count('ingestions/')).toBe(2);
    expect(count('embeddings/')).toBe(2);
    // Two texts were embedded in one call, which is one entry of usage.
    expect(count('usage/')).toBeLessThanOrEqual(1);
    expect(count('')).toBe(8 + count('usage/'));

    const handled = outcomes.filter(({ status }) => status !== 'ignored');
    expect(handled.every(({ facts }) => facts.document === 'last')).toBe(true);
    expect(handled.filter(({ status }) => status === 'ready')).toHaveLength(1);
    expect(handled.filter(({ status }) => status === 'unchanged')).toHaveLength(handled.length - 1);
    // Every event is acknowledged, and none but those of the document does anything.
    expect(outcomes.length - handled.length).toBeGreaterThanOrEqual(received.length - 2);
  });
});
