import { beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import type { SourceDocument } from '../../../shared/contracts/document-store.ts';
import { createIngestWorld, expectedOf, paragraphs, type Step, type Stepper } from '../../support/ingest-world.ts';
import { createGate } from '../../support/scripted-server.ts';

const { signal } = new AbortController();
const ID = 'guide';

const source = (text: string, more: Partial<SourceDocument> = {}): SourceDocument => ({
  id: ID,
  text,
  tenant: null,
  ...more,
});

describe('a document of the store', () => {
  let world = createIngestWorld();
  beforeEach(() => {
    world = createIngestWorld();
  });

  test('becomes chunks, keeps them while it is unchanged, and takes them along when it goes', async () => {
    const instance = world.createInstance();
    await world.documents.putDocument(source(paragraphs('A', 'B')));
    expect(await instance.converge(ID, { signal })).toMatchObject({ status: 'ready', chunks: 2, embedded: 2 });
    world.embedded.length = 0;
    expect(await instance.converge(ID, { signal })).toMatchObject({ status: 'unchanged', chunks: 2, embedded: 0 });
    expect(world.embedded).toEqual([]);
    await world.documents.deleteDocument(ID);
    expect(await instance.converge(ID, { signal })).toMatchObject({ status: 'deleted', chunks: 0 });
    expect(await world.stored(ID)).toEqual({});
    expect(await instance.status(ID, { collection: 'default', tenant: null })).toBeUndefined();
    expect(await instance.converge(ID, { signal })).toMatchObject({ status: 'deleted' });
  });

  test.each([
    ['collection', { collection: 'other' }],
    ['tenant', { tenant: 't1' }],
  ])('that moves to another %s leaves nothing behind', async (_name, move) => {
    const instance = world.createInstance();
    await world.documents.putDocument(source(paragraphs('A', 'B')));
    await instance.converge(ID, { signal });
    const moved = source(paragraphs('A', 'C'), move);
    await world.documents.putDocument(moved);
    expect(await instance.converge(ID, { signal })).toMatchObject({ status: 'ready', tenant: moved.tenant });
    expect(await world.stored(ID)).toEqual(expectedOf(moved));
  });

  test('that goes leaves a document of the same id alone that was sent to another tenant', async () => {
    const instance = world.createInstance();
    await instance.ingest({ id: ID, content: paragraphs('X'), tenant: 't1' }, { signal });
    await world.documents.putDocument(source(paragraphs('A')));
    await instance.converge(ID, { signal });
    await world.documents.deleteDocument(ID);
    await instance.converge(ID, { signal });
    expect(await world.stored(ID)).toEqual({ 'default/t1': [paragraphs('X')] });
  });

  test('that can no longer be ingested is not found by what it said before', async () => {
    const instance = world.createInstance();
    await world.documents.putDocument(source(paragraphs('A')));
    await instance.converge(ID, { signal });
    await world.documents.putDocument(source(' \n'));
    expect(await instance.converge(ID, { signal })).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_request', retryable: false },
    });
    expect(await world.stored(ID)).toEqual({});
    expect(await instance.status(ID, { collection: 'default', tenant: null })).toMatchObject({
      state: 'failed',
      chunks: 0,
      error: { code: 'invalid_request', message: 'The document holds no text.' },
    });
  });

  test('with an id that no chunk can have is recorded as failed', async () => {
    const id = 'x'.repeat(600);
    await world.documents.putDocument({ id, text: 'A', tenant: null });
    expect(await world.createInstance().converge(id, { signal })).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_request', param: 'id' },
    });
    expect(await world.documents.getIngestion(id, { collection: 'default', tenant: null })).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('1 to 512 characters') },
    });
  });

  test('keeps its chunks while the provider is down, and is completed afterwards', async () => {
    let isDown = false;
    const instance = world.createInstance((step, operation) =>
      isDown && step === 'embed' ? Promise.reject(new AppError('server_error', 'fake failed (500).')) : operation(),
    );
    await world.documents.putDocument(source(paragraphs('A', 'B')));
    await instance.converge(ID, { signal });
    isDown = true;
    await world.documents.putDocument(source(paragraphs('A', 'C')));
    for (let delivery = 0; delivery < 3; delivery += 1) {
      expect(await instance.converge(ID, { signal })).toMatchObject({ status: 'failed', error: { retryable: true } });
    }
    expect(await world.stored(ID)).toEqual(expectedOf(source(paragraphs('A', 'B'))));
    isDown = false;
    expect(await instance.converge(ID, { signal })).toMatchObject({ status: 'ready', embedded: 1 });
    expect(await world.stored(ID)).toEqual(expectedOf(source(paragraphs('A', 'C'))));
  });

  test('is looked at again when it is asked for, though its record says that it is right', async () => {
    const instance = world.createInstance();
    await world.documents.putDocument(source(paragraphs('A', 'B')));
    await instance.converge(ID, { signal });
    await world.vectors.delete({ documentId: ID }, { collection: 'default', tenant: null });
    expect(await instance.converge(ID, { signal })).toMatchObject({ status: 'unchanged' });
    expect(await instance.converge(ID, { signal, force: true })).toMatchObject({ status: 'ready', embedded: 2 });
  });

  test('is given up with a record, unless there is nothing to do for it or somebody is at work on it', async () => {
    const tooOld = new AppError('timeout', 'Too old.', { retryable: false });
    const instance = world.createInstance();
    await world.documents.putDocument(source(paragraphs('A')));
    expect(await instance.abandon(ID, tooOld, { signal })).toBe(true);
    expect(await instance.status(ID, { collection: 'default', tenant: null })).toMatchObject({
      state: 'failed',
      error: { code: 'timeout', message: 'Too old.' },
    });
    expect(await instance.converge(ID, { signal })).toMatchObject({ status: 'ready' });
    expect(await instance.abandon(ID, tooOld, { signal })).toBe(false);

    await world.documents.putDocument(source(paragraphs('B')));
    const dead = world.createInstance((step, operation) => (step === 'embed' ? new Promise(() => {}) : operation()));
    void dead.converge(ID, { signal });
    await expect
      .poll(() => instance.status(ID, { collection: 'default', tenant: null }))
      .toMatchObject({
        state: 'processing',
      });
    expect(await instance.abandon(ID, tooOld, { signal })).toBe(true);
    expect(await instance.status(ID, { collection: 'default', tenant: null })).toMatchObject({ state: 'processing' });
  });
});

describe('an instance that dies', () => {
  const STEPS: readonly Step[] = ['swapEntry', 'listDocument', 'embed', 'upsert', 'delete', 'readSource'];
  const cases = STEPS.flatMap((step) => [1, 2].flatMap((nth) => [true, false].map((done) => ({ step, nth, done }))));

  test.each(cases)(
    'in $step number $nth, done: $done, leaves nothing that the next delivery does not mend',
    async (at) => {
      const world = createIngestWorld();
      await world.documents.putDocument(source(paragraphs('A', 'B', 'C')));
      await world.createInstance().converge(ID, { signal });
      const changed = source(paragraphs('B', 'D', 'E'));
      await world.documents.putDocument(changed);

      const dead = world.createInstance(dyingAt(at));
      const outcome = await Promise.race([dead.converge(ID, { signal }), idle()]);
      // Its event is delivered again, to another instance, for as long as that finds the claim of the dead one.
      for (let delivery = 0; outcome === undefined && delivery < 10; delivery += 1) {
        const { error } = await world.until(world.createInstance().converge(ID, { signal }));
        if (error === undefined) break;
        expect(error.retryable).toBe(true);
        await world.clock.pass(10_000);
      }
      expect(await world.stored(ID)).toEqual(expectedOf(changed));
      // The text of the first version again: the record of a dead attempt must not pass for a proof.
      const first = source(paragraphs('A', 'B', 'C'));
      await world.documents.putDocument(first);
      expect((await world.createInstance().converge(ID, { signal })).error).toBeUndefined();
      expect(await world.stored(ID)).toEqual(expectedOf(first));
    },
  );

  function dyingAt({ step: fatal, nth, done }: { step: Step; nth: number; done: boolean }): Stepper {
    let count = 0;
    let isDead = false;
    const never = <T>() => new Promise<T>(() => {});
    return async (step, operation) => {
      if (isDead) return never();
      if (step === fatal) count += 1;
      if (step !== fatal || count !== nth) return operation();
      isDead = true;
      if (done) await operation();
      return never();
    };
  }

  /** When nothing can happen any more in memory. */
  async function idle(): Promise<undefined> {
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    return undefined;
  }
});

test.each(['ready', 'deleted'])(
  'an instance that read an older version than another one has made %s writes none of it',
  async (now) => {
    const world = createIngestWorld();
    const gate = createGate();
    const slow = world.createInstance(async (step, operation) => {
      if (step === 'swapEntry') await gate.opened;
      return operation();
    });
    await world.documents.putDocument(source(paragraphs('A')));
    const ending = slow.converge(ID, { signal });
    await world.clock.pass(100);
    const changed = now === 'ready' ? source(paragraphs('B')) : undefined;
    if (changed === undefined) await world.documents.deleteDocument(ID);
    else await world.documents.putDocument(changed);
    expect(await world.createInstance().converge(ID, { signal })).toMatchObject({ status: now });
    gate.open();
    await world.until(ending);
    expect(world.embedded).not.toContain(paragraphs('A'));
    expect(await world.stored(ID)).toEqual(expectedOf(changed));
  },
);

test('events that come twice at once cost one embedding, and one look at the chunks', async () => {
  const world = createIngestWorld();
  const looks: string[] = [];
  const create = () =>
    world.createInstance(async (step, operation) => {
      if (step === 'listDocument') looks.push(step);
      await world.clock.sleep(10, signal);
      return operation();
    });
  await world.documents.putDocument(source(paragraphs('A')));
  const outcomes = await world.until(Promise.all([1, 2, 3].map(() => create().converge(ID, { signal }))));
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['ready', 'unchanged', 'unchanged']);
  expect(world.embedded).toEqual([paragraphs('A')]);
  expect(looks).toHaveLength(1);
});

describe('an instance that is taken for dead and is not', () => {
  test.each([
    ['ends', false],
    ['dies then', true],
  ])('and that writes what the document no longer says, and %s, does no lasting harm', async (_name, dies) => {
    const world = createIngestWorld();
    const gate = createGate();
    const written = createGate();
    const slow = world.createInstance(async (step, operation) => {
      if (step !== 'upsert') return operation();
      await gate.opened;
      const result = await operation();
      written.open();
      return dies ? new Promise(() => {}) : result;
    });
    await world.documents.putDocument(source(paragraphs('A', 'B')));
    const ending = slow.converge(ID, { signal });
    await world.clock.pass(100);

    const changed = source(paragraphs('C'));
    await world.documents.putDocument(changed);
    const other = world.createInstance();
    const early = await world.until(other.converge(ID, { signal }));
    expect(early).toMatchObject({ status: 'failed', error: { code: 'server_error', retryable: true } });
    await world.clock.pass(60_000);
    expect(await world.until(other.converge(ID, { signal }))).toMatchObject({ status: 'ready' });

    gate.open();
    await written.opened;
    // Dead, its event is delivered again; alive, it finds out by itself.
    const last = dies ? other.converge(ID, { signal }) : ending;
    expect(await world.until(last)).toMatchObject({ status: 'ready' });
    expect(await world.stored(ID)).toEqual(expectedOf(changed));
    // After an hour nobody can be alive any more, and the record counts again.
    await world.clock.pass(3_600_000);
    expect(await other.converge(ID, { signal })).toMatchObject({ status: 'ready', embedded: 0 });
    expect(await other.converge(ID, { signal })).toMatchObject({ status: 'unchanged' });
  });

  test('gives way before it writes more', async () => {
    const world = createIngestWorld();
    const gate = createGate();
    const names = Array.from({ length: 210 }, (_, index) => `number ${index}`);
    let embeds = 0;
    const slow = world.createInstance(async (step, operation) => {
      if (step === 'embed') {
        embeds += 1;
        if (embeds > 60) await gate.opened;
      }
      return operation();
    });
    await world.documents.putDocument(source(paragraphs(...names)));
    const ending = slow.converge(ID, { signal });
    await expect.poll(() => embeds).toBeGreaterThan(60);
    await world.clock.pass(61_000);
    const changed = source(paragraphs('C'));
    await world.documents.putDocument(changed);
    expect(await world.until(world.createInstance().converge(ID, { signal }))).toMatchObject({ status: 'ready' });
    gate.open();
    expect(await world.until(ending)).toMatchObject({ status: expect.stringMatching(/ready|unchanged/) });
    expect(await world.stored(ID)).toEqual(expectedOf(changed));
  });
});
