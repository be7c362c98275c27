import { describe, expect, test } from 'vitest';
import { createAccessTokenSource, type TokenClient } from '../../../shared/security/access-token.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** Clients that number their tokens; `grants` says how each request for one ends. */
function createRig({ opens = () => Promise.resolve() }: { opens?: () => Promise<void> } = {}) {
  const clock = { nowMs: 0 };
  const pending: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  const counts = { opened: 0, asked: 0 };
  const source = createAccessTokenSource({
    now: () => clock.nowMs,
    openClient: async () => {
      counts.opened += 1;
      await opens();
      const client = { credentials: {} } as TokenClient;
      client.getAccessToken = async () => {
        counts.asked += 1;
        const token = `token-${counts.asked}`;
        await new Promise<void>((resolve, reject) => pending.push({ resolve, reject }));
        client.credentials = { expiry_date: clock.nowMs + HOUR };
        return { token };
      };
      return client;
    },
  });
  /** Lets what has been promised so far run. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const grant = async () => {
    await settle();
    pending.shift()?.resolve();
    await settle();
  };
  const refuse = async (error: unknown) => {
    await settle();
    pending.shift()?.reject(error);
    await settle();
  };
  return { source, clock, counts, grant, refuse };
}

async function createReady() {
  const rig = createRig();
  const first = rig.source.get();
  await rig.grant();
  expect(await first).toBe('token-1');
  return rig;
}

describe('a token', () => {
  test('is asked for once, however many wait for it, and then kept', async () => {
    const { source, counts, grant } = createRig();
    expect(counts.opened).toBe(0);
    const waiting = Promise.all([source.get(), source.get(), source.get()]);
    await grant();
    expect(await waiting).toEqual(['token-1', 'token-1', 'token-1']);
    expect(await source.get()).toBe('token-1');
    expect(counts).toEqual({ opened: 1, asked: 1 });
  });

  test('is renewed five minutes before its end without anybody waiting', async () => {
    const { source, clock, counts, grant } = await createReady();
    clock.nowMs = HOUR - 5 * MINUTE - 1;
    expect(await source.get()).toBe('token-1');
    expect(counts.asked).toBe(1);
    clock.nowMs += 1;
    expect(await source.get()).toBe('token-1');
    expect(await source.get()).toBe('token-1');
    await grant();
    expect(counts.asked).toBe(2);
    expect(await source.get()).toBe('token-2');
  });

  test('stays in use when its renewal fails, which is tried again later', async () => {
    const { source, clock, counts, grant, refuse } = await createReady();
    clock.nowMs = HOUR - 4 * MINUTE;
    expect(await source.get()).toBe('token-1');
    await refuse(new Error('network'));
    expect(await source.get()).toBe('token-1');
    expect(counts.asked).toBe(2);
    clock.nowMs += MINUTE;
    expect(await source.get()).toBe('token-1');
    await grant();
    expect(await source.get()).toBe('token-3');
  });

  test('that has run out is waited for', async () => {
    const { source, clock, grant } = await createReady();
    clock.nowMs = HOUR;
    const next = source.get();
    await grant();
    expect(await next).toBe('token-2');
  });

  test('that an API refused is dropped with its client, once', async () => {
    const { source, counts, grant } = await createReady();
    source.drop('token-1');
    const next = source.get();
    await grant();
    expect(await next).toBe('token-2');
    expect(counts.opened).toBe(2);
    source.drop('token-1');
    expect(await source.get()).toBe('token-2');
    expect(counts).toEqual({ opened: 2, asked: 2 });
  });

  test('of a renewal that a drop overtook is not kept', async () => {
    const { source, clock, grant } = await createReady();
    clock.nowMs = HOUR - 4 * MINUTE;
    await source.get();
    source.drop('token-1');
    const next = source.get();
    await grant();
    await grant();
    expect(await next).toBe('token-3');
    expect(await source.get()).toBe('token-3');
  });
});

describe('a failure', () => {
  test.each([
    [Object.assign(new Error('invalid_grant secret'), { status: 400 }), 'authentication'],
    [Object.assign(new Error('x'), { response: { status: 403 } }), 'authentication'],
    [Object.assign(new Error('x'), { response: { status: 503 } }), 'network'],
    [new Error('getaddrinfo ENOTFOUND'), 'network'],
  ])('%s is an error without details, and is not remembered', async (cause, code) => {
    const { source, counts, grant, refuse } = createRig();
    const failed = source.get().catch((error: unknown) => error);
    await refuse(cause);
    const error = await failed;
    expect(error).toMatchObject({ name: 'AppError', code, cause });
    expect((error as Error).message).not.toContain('secret');
    const next = source.get();
    await grant();
    expect(await next).toBe('token-2');
    expect(counts.opened).toBe(2);
  });

  test('to open the client is not remembered either', async () => {
    let broken = true;
    const { source, grant } = createRig({
      opens: async () => {
        if (broken) throw new Error('no credentials');
      },
    });
    await expect(source.get()).rejects.toMatchObject({ name: 'AppError' });
    broken = false;
    const next = source.get();
    await grant();
    expect(await next).toBe('token-1');
  });

  test('to find a credentials file names the file and the cure', async () => {
    const source = createAccessTokenSource({ credentialsFile: '/nowhere/key.json' });
    await expect(source.get()).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(
        /credentials_file or GOOGLE_APPLICATION_CREDENTIALS .*gcloud auth application-default/,
      ),
    });
  });
});
