import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SecretSource } from '../../../shared/contracts/secret-source.ts';
import { createSecretManagerSecrets, type SecretManagerOptions } from '../../../shared/secrets/secret-manager.ts';
import { describeSecretSource } from '../../contracts/secret-source.ts';
import { createGate } from '../../support/scripted-server.ts';
import { createSecretManagerServer, type SecretManagerServer } from '../../support/secret-manager-server.ts';

const KEY = 'projects/p/secrets/openai-key';
const LATEST = `${KEY}/versions/latest`;
const MARK = 'sk-SECRET123';

let server: SecretManagerServer;
let sources: SecretSource[] = [];
const clock = { nowMs: 0 };
let waits: number[] = [];

function createSource(options: SecretManagerOptions = {}): SecretSource {
  const source = createSecretManagerSecrets({
    projectId: 'p',
    client: server.client,
    now: () => clock.nowMs,
    sleep: async (delayMs) => void waits.push(delayMs),
    ...options,
  });
  sources.push(source);
  return source;
}

/** A source that has read the key once. */
async function createKnowing(options?: SecretManagerOptions): Promise<SecretSource> {
  server.add(KEY, 'sk-old');
  const source = createSource(options);
  expect(await source.get('openai-key')).toBe('sk-old');
  return source;
}

beforeEach(async () => {
  server = await createSecretManagerServer();
  clock.nowMs = 0;
  waits = [];
});

afterEach(async () => {
  await Promise.all(sources.map((source) => source.close()));
  sources = [];
  await server.close();
});

describeSecretSource({
  name: 'Secret Manager',
  createSource(secrets) {
    for (const [name, value] of Object.entries(secrets)) server.add(`projects/p/secrets/${name}`, value);
    return createSource();
  },
});

describe('a reference', () => {
  it.each([
    ['openai-key', LATEST],
    [LATEST, LATEST],
    [KEY, LATEST],
    [`${KEY}/versions/1`, `${KEY}/versions/1`],
    ['projects/other/secrets/key/versions/latest', 'projects/other/secrets/key/versions/latest'],
    ['projects/p/locations/europe-west1/secrets/key', 'projects/p/locations/europe-west1/secrets/key/versions/latest'],
  ])('%s is one request for %s', async (reference, resource) => {
    server.add(resource.replace(/\/versions\/.*/, ''), 'sk-1\n');
    expect(await createSource().get(reference)).toBe('sk-1');
    expect(server.calls).toEqual([resource]);
  });

  it('in several spellings of one version is read once', async () => {
    const source = await createKnowing();
    for (const reference of [KEY, LATEST]) expect(await source.get(reference)).toBe('sk-old');
    expect(server.calls).toHaveLength(1);
  });

  it('without a project needs one, and says where to write it', async () => {
    const source = createSecretManagerSecrets({ client: server.client });
    sources.push(source);
    const message = expect.stringMatching(/"openai-key".*GOOGLE_CLOUD_PROJECT/);
    await expect(source.get('openai-key')).rejects.toMatchObject({ code: 'configuration', message });
    server.add(KEY, 'sk-1');
    expect(await source.get(LATEST)).toBe('sk-1');
  });
});

describe('a value', () => {
  it('is asked for once by a hundred at a time', async () => {
    server.add(KEY, 'sk-1');
    const source = createSource();
    const values = await Promise.all(Array.from({ length: 100 }, () => source.get('openai-key')));
    expect(new Set(values)).toEqual(new Set(['sk-1']));
    expect(server.calls).toEqual([LATEST]);
  });

  it('is kept for its time, and then the newer version comes without a restart', async () => {
    const source = await createKnowing();
    server.add(KEY, 'sk-new');
    clock.nowMs = 299_999;
    expect(await source.get('openai-key')).toBe('sk-old');
    clock.nowMs = 300_000;
    expect(await source.get('openai-key')).toBe('sk-new');
    expect(server.calls).toHaveLength(2);
  });

  it('that is pinned stays that of its version', async () => {
    server.add(KEY, 'sk-1');
    server.add(KEY, 'sk-2');
    expect(await createSource().get(`${KEY}/versions/1`)).toBe('sk-1');
  });

  it('may hold other characters than ASCII, and a mark of its encoding', async () => {
    server.add(KEY, Buffer.from([0xef, 0xbb, 0xbf, ...Buffer.from('schlüssel\r\n')]));
    expect(await createSource().get('openai-key')).toBe('schlüssel');
  });
});

describe('a forced refresh', () => {
  it('brings the newer version at once, with one request for all who ask', async () => {
    const source = await createKnowing();
    server.add(KEY, 'sk-new');
    const values = await Promise.all(Array.from({ length: 100 }, () => source.get('openai-key', { refresh: true })));
    expect(new Set(values)).toEqual(new Set(['sk-new']));
    expect(server.calls).toHaveLength(2);
    expect(await source.get('openai-key')).toBe('sk-new');
    expect(server.calls).toHaveLength(2);
  });

  it('that found nothing newer is not repeated for five seconds', async () => {
    const source = await createKnowing();
    for (let count = 0; count < 3; count += 1) {
      expect(await source.get('openai-key', { refresh: true })).toBe('sk-old');
    }
    expect(server.calls).toHaveLength(2);
    clock.nowMs = 5_000;
    server.add(KEY, 'sk-new');
    expect(await source.get('openai-key', { refresh: true })).toBe('sk-new');
  });

  it('does not settle for a reading that began before', async () => {
    const source = await createKnowing({ staleWaitMs: 60_000 });
    clock.nowMs = 300_000;
    const gate = createGate();
    server.disturb(gate);
    const ordinary = source.get('openai-key');
    while (server.calls.length < 2) await new Promise((resolve) => setImmediate(resolve));
    server.add(KEY, 'sk-new');
    expect(await source.get('openai-key', { refresh: true })).toBe('sk-new');
    gate.open();
    await ordinary;
    expect(await source.get('openai-key')).toBe('sk-new');
    expect(server.calls).toHaveLength(3);
  });
});

describe('an answer about the secret', () => {
  it.each([
    ['missing', 5, 'gcloud secrets create openai-key --project=p'],
    ['forbidden', 7, 'roles/secretmanager.secretAccessor'],
    ['disabled', 9, 'gcloud secrets versions enable'],
    ['malformed', 3, 'Correct it'],
    ['asked for without credentials', 16, 'gcloud auth application-default login'],
  ])('that is %s names it and the cure, is not retried and not remembered', async (_, status, cure) => {
    server.add(KEY, MARK);
    const source = createSource();
    server.disturb({ status });
    const error = await source.get('openai-key').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'AppError', code: 'configuration', retryable: false });
    expect((error as Error).message).toContain('"openai-key"');
    expect((error as Error).message).toContain(cure);
    expect((error as Error).message).not.toContain('SECRET123');
    expect(server.calls).toHaveLength(1);
    expect(await source.get('openai-key')).toBe(MARK);
  });

  it.each([5, 7, 9])('withdraws a value that is known (%i)', async (status) => {
    const source = await createKnowing();
    clock.nowMs = 300_000;
    server.refuseAll(status);
    await expect(source.get('openai-key')).rejects.toMatchObject({ code: 'configuration' });
    await expect(source.get('openai-key')).rejects.toMatchObject({ code: 'configuration' });
  });

  it('tells a disabled version from a missing one', async () => {
    const version = server.add(KEY, MARK);
    server.disable(KEY, version);
    const message = expect.stringContaining('is disabled or destroyed');
    await expect(createSource().get(`${KEY}/versions/1`)).rejects.toMatchObject({ code: 'configuration', message });
    const missing = expect.stringMatching(/version 7 .*"openai-key".*does not exist/);
    await expect(createSource().get(`${KEY}/versions/7`)).rejects.toMatchObject({ message: missing });
  });

  it.each([
    ['empty', '', 'is empty'],
    ['nothing but a newline', '\n', 'is empty'],
    ['not text', Buffer.from([0x73, 0x6b, 0xff, 0xfe]), 'UTF-8'],
  ])('with a payload that is %s is an error', async (_, data, reason) => {
    server.add(KEY, data);
    const message = expect.stringMatching(new RegExp(`"openai-key".*${reason}`));
    await expect(createSource().get('openai-key')).rejects.toMatchObject({ code: 'configuration', message });
  });

  it('whose checksum is wrong is refused, after being asked for again', async () => {
    server.add(KEY, MARK, { checksum: 1 });
    const error = await createSource()
      .get('openai-key')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'server_error', message: expect.stringContaining('checksum') });
    expect(String(error)).not.toContain('SECRET123');
    expect(server.calls).toHaveLength(3);
  });
});

describe('a failure on the way', () => {
  it('is retried twice, within half a second of waiting', async () => {
    server.add(KEY, 'sk-1');
    server.disturb({ status: 14 }, { status: 14 });
    expect(await createSource().get('openai-key')).toBe('sk-1');
    expect(server.calls).toHaveLength(3);
    expect(waits).toHaveLength(2);
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(500);
  });

  it.each([
    [14, 'network'],
    [4, 'timeout'],
    [8, 'rate_limit'],
    [13, 'server_error'],
    [2, 'server_error'],
  ])('%i ends in %s, which says nothing of the secret and asks for no further retry', async (status, code) => {
    server.refuseAll(status);
    const error = await createSource()
      .get('openai-key')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'AppError', code, retryable: false });
    expect((error as Error).message).not.toMatch(/openai-key|projects\/p/);
    expect(server.calls).toHaveLength(3);
  });

  it('leaves the known value in use, and Secret Manager alone for half a minute', async () => {
    const source = await createKnowing();
    server.refuseAll(14);
    clock.nowMs = 300_000;
    expect(await source.get('openai-key')).toBe('sk-old');
    expect(server.calls).toHaveLength(4);
    clock.nowMs += 29_999;
    expect(await source.get('openai-key')).toBe('sk-old');
    expect(server.calls).toHaveLength(4);
    server.refuseAll(undefined);
    server.add(KEY, 'sk-new');
    clock.nowMs += 1;
    expect(await source.get('openai-key')).toBe('sk-new');
  });

  it('of a forced refresh gives the known value back', async () => {
    const source = await createKnowing();
    server.refuseAll(14);
    expect(await source.get('openai-key', { refresh: true })).toBe('sk-old');
  });

  it('to answer in time keeps nobody waiting who has an old value', async () => {
    const source = await createKnowing({ staleWaitMs: 20 });
    const gate = createGate();
    server.disturb(gate);
    server.add(KEY, 'sk-new');
    clock.nowMs = 300_000;
    expect(await source.get('openai-key')).toBe('sk-old');
    gate.open();
    let value = await source.get('openai-key');
    while (value === 'sk-old') value = await source.get('openai-key');
    expect(value).toBe('sk-new');
    expect(server.calls).toHaveLength(2);
  });

  it('to answer at all is a timeout, and the next call starts afresh', async () => {
    server.add(KEY, 'sk-1');
    const gate = createGate();
    server.disturb(gate, gate, gate);
    const source = createSource({ timeoutMs: 60 });
    await expect(source.get('openai-key')).rejects.toMatchObject({ code: 'timeout', retryable: false });
    gate.open();
    server.disturb();
    const patient = createSource();
    expect(await patient.get('openai-key')).toBe('sk-1');
  });
});

describe('a caller who leaves', () => {
  it('is let go at once, while the others get their value', async () => {
    server.add(KEY, 'sk-1');
    const gate = createGate();
    server.disturb(gate);
    const source = createSource();
    const controller = new AbortController();
    const leaving = source.get('openai-key', { signal: controller.signal });
    const staying = source.get('openai-key');
    controller.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'cancelled' });
    gate.open();
    expect(await staying).toBe('sk-1');
    expect(server.calls).toHaveLength(1);
  });
});

describe('closing', () => {
  it('ends the connection, and a later call opens another', async () => {
    const source = await createKnowing();
    await source.close();
    expect(await source.get('openai-key')).toBe('sk-old');
    clock.nowMs = 300_000;
    server.add(KEY, 'sk-new');
    expect(await source.get('openai-key')).toBe('sk-new');
  });
});
