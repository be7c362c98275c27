import { beforeEach, describe, expect, test } from 'vitest';
import { createIngestEvent } from '../../../../shared/app/documents/ingest-event.ts';
import { createLazy } from '../../../../shared/app/lazy.ts';
import { parseConfig } from '../../../../shared/config/parse.ts';
import { AppError, type ErrorCode } from '../../../../shared/contracts/app-error.ts';
import { createTelemetry } from '../../../../shared/telemetry/telemetry.ts';
import { makeChunk } from '../../../contracts/vectors.ts';
import { createIngestWorld, expectedOf, paragraphs } from '../../../support/ingest-world.ts';

const HOUR_MS = 3_600_000;
const { config } = parseConfig(
  `
agents: [{name: a, role: assistant, provider: local, model: extractive}]
vectorstore: {provider: firestore, embedding_dimensions: 768, firestore: {database_id: vectors}}
ingestion: {documents_collection: docs}
`,
  { environment: { GCP_PROJECT_ID: 'p' } },
);

function createSetting(settings = config) {
  const world = createIngestWorld();
  const state = { fails: undefined as AppError | undefined, budget: undefined as AppError | undefined };
  const used: { tokens: number; tenant: string | null }[] = [];
  const instance = world.createInstance((step, operation) =>
    step === 'embed' && state.fails !== undefined ? Promise.reject(state.fails) : operation(),
  );
  const handle = createIngestEvent({
    telemetry: createTelemetry([]),
    config: settings,
    ingestion: createLazy(async () => instance),
    usage: {
      check: async () => {
        if (state.budget !== undefined) throw state.budget;
      },
      record: async ({ tokens, tenant }) => {
        used.push({ tokens, tenant });
        return 0;
      },
    },
    now: world.clock.now,
  });
  /** The event of a document, written so many hours ago. */
  const eventOf = (path: string, { database = 'vectors', ageHours = 0 } = {}) => ({
    id: 'e1',
    type: 'google.cloud.firestore.document.v1.written',
    time: new Date(world.clock.now() - ageHours * HOUR_MS).toISOString(),
    data: { value: { name: `projects/p/databases/${database}/documents/${path}` } },
  });
  return { world, state, used, handle, eventOf, instance };
}

describe('the event that a document was written', () => {
  let setting = createSetting();
  beforeEach(() => {
    setting = createSetting();
  });

  test('makes its chunks what it says, and counts the tokens for its tenant', async () => {
    const { world, used, handle, eventOf } = setting;
    const document = { id: 'a b%41', text: paragraphs('A', 'B'), tenant: 't1' };
    await world.documents.putDocument(document);
    expect(await handle(eventOf('docs/a b%41'))).toEqual({
      status: 'ready',
      facts: {
        event_id: 'e1',
        document: 'a b%41',
        lag_seconds: 0,
        chunks: 2,
        embedded: 2,
        skipped: 0,
        tokens: expect.any(Number),
      },
    });
    expect(await world.stored('a b%41')).toEqual(expectedOf(document));
    expect(used).toEqual([{ tokens: expect.any(Number), tenant: 't1' }]);
    expect(await handle(eventOf('docs/a b%41'))).toMatchObject({ status: 'unchanged' });
    await world.documents.deleteDocument('a b%41');
    expect(await handle(eventOf('docs/a b%41'))).toMatchObject({ status: 'deleted' });
    expect(await world.stored('a b%41')).toEqual({});
  });

  test.each([
    ['another collection', 'documents/a', {}],
    ['a collection whose name begins alike', 'docs2/a', {}],
    ['a collection below a document', 'docs/a/versions/b', {}],
    ['our collection below another document', 'users/u/docs/a', {}],
    ['the collection itself', 'docs/', {}],
    ['another database', 'docs/a', { database: '(default)' }],
  ])('of %s is acknowledged and ignored', async (_name, path, more) => {
    const { world, handle, eventOf, used } = setting;
    for (const id of ['a', 'b']) await world.documents.putDocument({ id, text: paragraphs('A'), tenant: null });
    expect(await handle(eventOf(path, more))).toMatchObject({ status: 'ignored' });
    expect(await world.stored('a')).toEqual({});
    expect(used).toEqual([]);
  });

  test('that names no document is acknowledged and ignored', async () => {
    expect(await setting.handle({ id: 'x', data: 'garbage' })).toMatchObject({
      status: 'ignored',
      facts: { event_id: 'x', reason: 'names no document' },
    });
  });

  test('of a document that is at fault itself is recorded and acknowledged', async () => {
    const { world, handle, eventOf, instance } = setting;
    await world.documents.putDocument({ id: 'a', text: paragraphs('A'), metadata: { 'x.y': 1 }, tenant: null });
    expect(await handle(eventOf('docs/a'))).toMatchObject({
      status: 'failed',
      facts: { code: 'invalid_request', error: { message: expect.stringContaining('metadata key') } },
    });
    expect(await instance.status('a', { collection: 'default', tenant: null })).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('metadata') },
    });
    expect(world.embedded).toEqual([]);
  });

  test('with an id that no record can have is acknowledged', async () => {
    expect(await setting.handle(setting.eventOf('docs/a\\b'))).toMatchObject({
      status: expect.stringMatching(/failed|deleted/),
    });
  });

  test.each<ErrorCode>([
    'network',
    'rate_limit',
    'timeout',
    'authentication',
    'configuration',
    'quota_exceeded',
    'invalid_output',
  ])('that time or an operator can heal is delivered again: %s', async (code) => {
    const { world, state, handle, eventOf, instance } = setting;
    state.fails = new AppError(code, 'Not now.');
    await world.documents.putDocument({ id: 'a', text: paragraphs('A'), tenant: null });
    await expect(handle(eventOf('docs/a'))).rejects.toMatchObject({ code });
    expect(await instance.status('a', { collection: 'default', tenant: null })).toMatchObject({ state: 'failed' });
    state.fails = undefined;
    expect(await handle(eventOf('docs/a'))).toMatchObject({ status: 'ready' });
  });

  test.each(['start', 'end', 'chunk_index', 'chunk_count'])(
    'of a document whose metadata has a name of passages is recorded as failed, and says so: %s',
    async (name) => {
      const { world, handle, eventOf, instance } = setting;
      await world.documents.putDocument({ id: 'a', text: paragraphs('A'), metadata: { [name]: 1 }, tenant: null });
      expect(await handle(eventOf('docs/a'))).toMatchObject({
        status: 'failed',
        facts: { code: 'invalid_request', param: `metadata.${name}` },
      });
      expect(await instance.status('a', { collection: 'default', tenant: null })).toMatchObject({
        state: 'failed',
        error: { message: expect.stringMatching(new RegExp(`passages.*another name.*\\(metadata\\.${name}\\)`)) },
      });
      expect(world.embedded).toEqual([]);
    },
  );

  test('that comes from the future, by another machine’s clock, has no lag', async () => {
    const { world, handle, eventOf } = setting;
    await world.documents.putDocument({ id: 'a', text: paragraphs('A'), tenant: null });
    const { facts } = await handle(eventOf('docs/a', { ageHours: -1 }));
    expect(facts).toMatchObject({ lag_seconds: 0 });
  });

  test.each<ErrorCode>(['server_error', 'content_filtered'])(
    'that would fail the same way again is acknowledged: %s',
    async (code) => {
      const { world, state, handle, eventOf } = setting;
      state.fails = new AppError(code, 'Never.', { retryable: false });
      await world.documents.putDocument({ id: 'a', text: paragraphs('A'), tenant: null });
      expect(await handle(eventOf('docs/a'))).toMatchObject({ status: 'failed', facts: { code } });
    },
  );

  test('waits while the budget is used up, without embedding anything', async () => {
    const { world, state, handle, eventOf } = setting;
    state.budget = new AppError('budget_exceeded', 'Enough for today.');
    await world.documents.putDocument({ id: 'a', text: paragraphs('A'), tenant: null });
    await expect(handle(eventOf('docs/a'))).rejects.toMatchObject({ code: 'budget_exceeded' });
    expect(world.embedded).toEqual([]);
  });

  test('is a dead letter when it is older than a day, unless there is nothing to do', async () => {
    const { world, handle, eventOf, instance } = setting;
    const document = { id: 'a', text: paragraphs('A'), tenant: null };
    await world.documents.putDocument(document);
    expect(await handle(eventOf('docs/a', { ageHours: 25 }))).toMatchObject({ status: 'dead_letter' });
    expect(await instance.status('a', { collection: 'default', tenant: null })).toMatchObject({
      state: 'failed',
      error: { code: 'timeout', message: expect.stringContaining('POST /v1/documents/{id}/retry') },
    });
    expect(world.embedded).toEqual([]);
    expect(await handle(eventOf('docs/a', { ageHours: 23 }))).toMatchObject({ status: 'ready' });
    expect(await handle(eventOf('docs/a', { ageHours: 25 }))).toMatchObject({ status: 'unchanged' });
    expect(await world.stored('a')).toEqual(expectedOf(document));
  });

  test('for a collection of another model waits for the operator, as long as it may, and its record says for what', async () => {
    const { world, handle, eventOf, instance } = setting;
    const scope = { collection: 'default', tenant: null };
    const foreign = { documentId: 'other', embeddingModel: 'fake/older@2' };
    await world.vectors.upsert([makeChunk('x', [1, 0], foreign)], scope);
    const document = { id: 'a', text: paragraphs('A'), tenant: null };
    await world.documents.putDocument(document);
    const reason = expect.stringMatching(/^The collection default holds vectors of fake\/older@2, and fake\/m@2/);
    const recorded = { state: 'failed', error: { code: 'configuration', message: reason } };
    await expect(handle(eventOf('docs/a'))).rejects.toMatchObject({ code: 'configuration', message: reason });
    expect(await instance.status('a', scope)).toMatchObject(recorded);
    for (const _delivery of ['first', 'second']) {
      expect(await handle(eventOf('docs/a', { ageHours: 25 }))).toMatchObject({ status: 'dead_letter' });
      expect(await instance.status('a', scope)).toMatchObject(recorded);
    }
    const message = (await instance.status('a', scope))?.error?.message ?? '';
    expect(message.match(/POST \/v1\/documents\/\{id\}\/retry/g)).toHaveLength(1);
    expect(await world.stored('a')).toEqual({});
    expect(world.embedded).toEqual([]);

    await world.vectors.delete({ documentId: 'other' }, scope);
    // What POST /v1/documents/{id}/retry does.
    const { signal } = new AbortController();
    expect(await instance.converge('a', { signal, force: true })).toMatchObject({ status: 'ready' });
    expect(await world.stored('a')).toEqual(expectedOf(document));
  });

  test('is a dead letter as early or as late as the configuration says, and a retry heals it', async () => {
    const own = { ...config, ingestion: { ...config.ingestion, maxEventAgeMs: HOUR_MS } };
    const { world, handle, eventOf, instance } = createSetting(own);
    const document = { id: 'a', text: paragraphs('A'), tenant: null };
    await world.documents.putDocument(document);
    expect(await handle(eventOf('docs/a', { ageHours: 2 }))).toMatchObject({ status: 'dead_letter' });
    expect(await instance.status('a', { collection: 'default', tenant: null })).toMatchObject({
      error: { message: expect.stringContaining('within 60 minutes') },
    });
    expect(await instance.converge('a', { signal: new AbortController().signal, force: true })).toMatchObject({
      status: 'ready',
    });
    expect(await world.stored('a')).toEqual(expectedOf(document));
  });

  test('of one document keeps those of others from nothing', async () => {
    const { world, handle, eventOf } = setting;
    await world.documents.putDocument({ id: 'bad', text: ' ', tenant: null });
    await world.documents.putDocument({ id: 'good', text: paragraphs('A'), tenant: null });
    const outcomes = await Promise.all(['docs/bad', 'docs/good', 'docs/none'].map((path) => handle(eventOf(path))));
    expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'ready', 'deleted']);
  });
});
