import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createFirestoreClient } from '../../../shared/stores/firestore-client.ts';

const sdk = vi.hoisted(() => ({ opened: [] as unknown[], failures: 0, terminated: 0 }));

vi.mock('@google-cloud/firestore', () => ({
  default: {
    Firestore: class {
      constructor(settings: unknown) {
        if (sdk.failures > 0) {
          sdk.failures -= 1;
          throw new Error('The settings are broken.');
        }
        sdk.opened.push(settings);
      }
      async terminate() {
        sdk.terminated += 1;
      }
    },
  },
}));

describe('the Firestore client', () => {
  beforeEach(() => {
    Object.assign(sdk, { opened: [], failures: 0, terminated: 0 });
    vi.stubEnv('FIRESTORE_EMULATOR_HOST', '127.0.0.1:8080');
  });

  it('is opened by the first operation, once', async () => {
    const client = createFirestoreClient({});
    expect(sdk.opened).toEqual([]);
    await Promise.all([client.run(async () => 1), client.run(async () => 2)]);
    expect(sdk.opened).toHaveLength(1);
    await client.close();
    expect(sdk.terminated).toBe(1);
  });

  it('gets the project, the database and the credentials file that are configured', async () => {
    const client = createFirestoreClient({ projectId: 'p', databaseId: 'rag', credentialsFile: '/path/to/key.json' });
    await client.run(async () => undefined);
    expect(sdk.opened).toMatchObject([{ projectId: 'p', databaseId: 'rag', keyFilename: '/path/to/key.json' }]);
  });

  it('is opened anew after a failure', async () => {
    sdk.failures = 1;
    const client = createFirestoreClient({});
    await expect(client.run(async () => 1)).rejects.toMatchObject({ code: 'configuration' });
    await expect(client.run(async () => 1)).resolves.toBe(1);
  });

  it('is not opened before there are credentials, and is once they come', async () => {
    vi.stubEnv('FIRESTORE_EMULATOR_HOST', undefined);
    const directory = await mkdtemp(join(tmpdir(), 'sluice-key-'));
    const credentialsFile = join(directory, 'key.json');
    const client = createFirestoreClient({ credentialsFile });
    await expect(client.run(async () => 1)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('credentials_file'),
    });
    expect(sdk.opened).toEqual([]);
    const key = { type: 'authorized_user', client_id: 'i', client_secret: 's', refresh_token: 't' };
    await writeFile(credentialsFile, JSON.stringify(key));
    await expect(client.run(async () => 1)).resolves.toBe(1);
    expect(sdk.opened).toEqual([{ keyFilename: credentialsFile }]);
    await rm(directory, { recursive: true });
  });

  it('stays open when somebody else made it', async () => {
    const mine = { terminate: vi.fn() };
    const client = createFirestoreClient({ client: mine as never });
    const used = await client.run(async ({ firestore }) => firestore);
    await client.close();
    expect(used).toBe(mine);
    expect(mine.terminate).not.toHaveBeenCalled();
    expect(sdk.opened).toEqual([]);
  });

  it('is closed without ever being opened', async () => {
    await expect(createFirestoreClient({}).close()).resolves.toBeUndefined();
    expect(sdk.terminated).toBe(0);
  });

  it('is not terminated under an operation that its caller gave up on', async () => {
    const client = createFirestoreClient({ timeoutMs: 5 });
    let finish = () => {};
    const operation = new Promise<void>((resolve) => {
      finish = resolve;
    });
    await expect(client.run(() => operation)).rejects.toMatchObject({ code: 'timeout' });
    const closing = client.close();
    await Promise.resolve();
    expect(sdk.terminated).toBe(0);
    finish();
    await closing;
    expect(sdk.terminated).toBe(1);
  });
});
