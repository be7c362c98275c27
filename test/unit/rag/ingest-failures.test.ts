import { describe, expect, test } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { createIngestSetting, document, paragraph, textOf } from '../../support/ingest-setting.ts';

const { signal } = new AbortController();
const scope = { collection: 'default', tenant: null };

describe('a failure', () => {
  test.each([
    ['blank text', document(' \n'), 'invalid_request'],
    ['an unknown type', document('x', { contentType: 'image/png' }), 'unsupported'],
    ['bytes that are no text', document('', { content: Uint8Array.of(0xff) }), 'invalid_request'],
    ['an id with a slash', document('x', { id: 'a/b' }), 'invalid_request'],
    ['an empty id', document('x', { id: '' }), 'invalid_request'],
    ['metadata no store can keep', document('x', { metadata: { 'a.b': 1 } }), 'invalid_request'],
    ['a source with half a character', document('x', { source: 'a\ud800' }), 'invalid_request'],
  ])('by %s is in the outcome, and nothing was embedded', async (_name, input, code) => {
    const { create, world } = createIngestSetting();
    expect(await create().ingest(input, { signal })).toMatchObject({
      id: input.id,
      status: 'failed',
      chunks: 0,
      error: { code },
    });
    expect(world.embedded).toEqual([]);
  });

  test('is recorded without what the upstream said, and the next attempt replaces the record', async () => {
    const { create, world, documentStore } = createIngestSetting();
    world.refuses = () =>
      new AppError('rate_limit', 'fake is limiting our requests (429).', { retryAfterMs: 7000, cause: 'secret' });
    const outcome = await create().ingest(document(textOf('A', 'B')), { signal });
    expect(outcome.error).toMatchObject({
      code: 'rate_limit',
      retryable: true,
      retryAfterMs: 7000,
      details: { failed: 2 },
    });
    expect(await documentStore.getIngestion('guide', scope)).toMatchObject({
      state: 'failed',
      chunks: 0,
      error: { code: 'rate_limit', message: '2 chunks could not be stored. fake is limiting our requests (429).' },
    });
    world.refuses = () => undefined;
    expect(await create().ingest(document(textOf('A', 'B')), { signal })).toMatchObject({ status: 'ready', chunks: 2 });
    expect(await documentStore.getIngestion('guide', scope)).toMatchObject({ state: 'ready', chunks: 2 });
    expect(await documentStore.getIngestion('guide', scope)).not.toHaveProperty('error');
  });

  test('names the field of the document, not of the embedding request', async () => {
    const { create, world } = createIngestSetting();
    world.refuses = () => new AppError('invalid_request', 'fake refused it.', { param: 'input[1]' });
    const { error } = await create().ingest(document(textOf('A', 'B')), { signal });
    expect(error).toMatchObject({ code: 'invalid_request', param: 'text' });
  });

  test('half way keeps what was stored, and a retry completes the rest without duplicates', async () => {
    const { create, world, forget, vectorStore } = createIngestSetting();
    const names = Array.from({ length: 250 }, (_, index) => `number ${index}`);
    const text = names.map((name) => `Some words, ${name}.`.padEnd(30, '!')).join('\n\n');
    world.refuses = (chunk) =>
      chunk.includes('number 150.') ? new AppError('server_error', 'fake failed (500).') : undefined;
    const first = await create().ingest(document(text), { signal });
    expect(first.status).toBe('failed');
    expect(first.chunks).toBeGreaterThanOrEqual(100);
    expect(first.chunks).toBeLessThanOrEqual(150);
    expect(first.chunks + Number(first.error?.details?.failed)).toBe(250);
    // What was embedded beside the text that failed is paid for as well.
    expect(first.tokens).toBeGreaterThan(first.chunks);
    expect(await vectorStore.count(scope)).toBe(first.chunks);

    world.refuses = () => undefined;
    forget();
    const second = await create().ingest(document(text), { signal });
    expect(second).toMatchObject({ status: 'ready', chunks: 250, embedded: 250 - first.chunks, skipped: first.chunks });
    expect(world.embedded).toHaveLength(250 - first.chunks);
    expect(await vectorStore.count(scope)).toBe(250);
  });

  test('to store single chunks is counted, and the older version stays until all are stored', async () => {
    const { create, world, vectorStore, documentStore } = createIngestSetting();
    await create().ingest(document(textOf('A', 'B')), { signal });
    world.loses = (content) =>
      content.includes('D') ? new AppError('quota_exceeded', 'The store is full.') : undefined;
    const outcome = await create().ingest(document(textOf('C', 'D')), { signal });
    expect(outcome).toMatchObject({
      status: 'failed',
      chunks: 1,
      embedded: 1,
      error: { code: 'quota_exceeded', message: '1 chunk could not be stored. The store is full.' },
    });
    expect((await vectorStore.listDocument('guide', scope)).map(({ content }) => content).sort()).toEqual(
      ['A', 'B', 'C'].map(paragraph),
    );
    expect(await documentStore.getIngestion('guide', scope)).toMatchObject({ state: 'failed' });

    world.loses = () => undefined;
    expect(await create().ingest(document(textOf('C', 'D')), { signal })).toMatchObject({
      status: 'ready',
      chunks: 2,
      embedded: 1,
    });
    expect((await vectorStore.listDocument('guide', scope)).map(({ content }) => content)).toEqual(
      ['C', 'D'].map(paragraph),
    );
  });

  test('of one document keeps no other back', async () => {
    const { create } = createIngestSetting();
    const outcomes = await create().ingestMany(
      ['A', ' ', 'C', 'D', 'E', 'F'].map((name) => document(name.trim() && paragraph(name), { id: `doc${name}` })),
      { signal },
    );
    expect(outcomes.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'docA ready',
      'doc  failed',
      'docC ready',
      'docD ready',
      'docE ready',
      'docF ready',
    ]);
  });

  test('of the record store is an outcome like any other', async () => {
    const { create, documentStore } = createIngestSetting();
    const broken = {
      ...documentStore,
      swapEntry: async () => {
        throw new AppError('network', 'The database cannot be reached.');
      },
    };
    const outcome = await create({ documentStore: broken }).ingest(document(textOf('A')), { signal });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'network' } });
  });

  test('by the caller going away leaves no record of a failure', async () => {
    const { create, world, documentStore } = createIngestSetting();
    const controller = new AbortController();
    world.refuses = () => {
      controller.abort();
      return undefined;
    };
    const outcome = await create().ingest(document(textOf('A', 'B', 'C', 'D')), { signal: controller.signal });
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
    expect(await documentStore.getIngestion('guide', scope)).toBeUndefined();
    const later = await create().ingestMany([document('x')], { signal: controller.signal });
    expect(later).toMatchObject([{ status: 'failed', error: { code: 'cancelled' } }]);
  });

  test('of the chunking options shows when ingestion is made', () => {
    expect(() => createIngestSetting().create({ chunking: { size: 10, overlap: 10 } })).toThrowError(
      expect.objectContaining({ code: 'configuration' }),
    );
  });
});
