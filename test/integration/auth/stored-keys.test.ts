import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { runKeys } from '../../../scripts/keys.ts';
import { createKeyText } from '../../../shared/security/key-text.ts';
import { startAppServer } from '../../support/app-server.ts';
import { freePort } from '../../support/service-process.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../../support/services.ts';

const SECOND = 1_000;

/** The command line and a running gateway over the same keys, under one time. */
async function open() {
  const collection = `keys-${randomUUID()}`;
  const clock = { nowMs: Date.UTC(2030, 0, 1) };
  const now = () => clock.nowMs;
  const yaml = `
agents: [{name: default, provider: local, model: extractive}, {name: other, provider: local, model: extractive}]
auth: {store: firestore, keys_collection: ${collection}, keys: [{name: fixed, key: a-key-of-the-file-1}]}`;
  const environment = { GOOGLE_CLOUD_PROJECT: EMULATOR_PROJECT };
  const server = await startAppServer({ yaml, environment, now, monotonicNow: now });
  onTestFinished(server.close);
  const run = (...args: string[]) =>
    runKeys([...args, '--collection', collection, '--project', EMULATOR_PROJECT], { environment: {}, now });
  const create = async (...args: string[]): Promise<string> => {
    const { exitCode, output } = await run('create', ...args);
    expect(exitCode).toBe(0);
    return output.split('\n').at(-1) as string;
  };
  const call = (key: string, path = '/v1/models', init: RequestInit = {}) =>
    fetch(`${server.url}${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });
  return { server, clock, run, create, call };
}

describeWithFirestore('keys in Firestore', () => {
  it('are made, shown once, used, listed without themselves, and revoked within a minute', async () => {
    const { clock, run, create, call } = await open();
    const key = await create(
      '--name',
      'team-a',
      '--tenant',
      'acme',
      '--rpm',
      '60',
      '--budget',
      '2.5',
      '--expires',
      '30d',
    );
    expect(key).toMatch(/^sk-sluice-[A-Za-z0-9_-]{49}$/);
    expect((await call(key)).status).toBe(200);
    expect((await call('a-key-of-the-file-1')).status).toBe(200);

    const { output } = await run('list');
    expect(output).toContain('team-a');
    expect(output).toContain('60 rpm, 2.5 USD a day');
    expect(output).toContain('2030-01-31');
    expect(output).not.toContain(key.slice(14, 40));
    expect((await run('list', '--json')).output).not.toContain(key.slice(14, 40));

    expect(await run('revoke', 'team-a')).toMatchObject({ exitCode: 0, output: expect.stringContaining('team-a') });
    clock.nowMs += 60 * SECOND;
    expect((await call(key)).status).toBe(401);
    expect((await call('a-key-of-the-file-1')).status).toBe(200);
    expect((await run('list')).output).toContain('There are no keys');
    expect((await run('list', '--all')).output).toContain('revoked 2030-01-01');
    expect(await run('revoke', 'team-a')).toMatchObject({ exitCode: 1 });
  });

  it('are held to their models, functions, requests a minute and time', async () => {
    const { clock, create, call } = await open();
    const key = await create(
      '--name',
      'small',
      '--models',
      'other',
      '--functions',
      'chat',
      '--rpm',
      '3',
      '--expires',
      '1d',
    );
    const chat = (model: string) =>
      call(key, '/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }] }),
      });
    const allowed = await chat('other');
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get('x-ratelimit-limit-requests')).toBe('3');
    expect(allowed.headers.get('x-ratelimit-remaining-requests')).toBe('2');
    expect((await chat('default')).status).toBe(403);
    expect((await call(key, '/v1/documents/x')).status).toBe(403);
    const limited = await chat('other');
    expect(limited.status).toBe(429);
    expect(limited.headers.get('retry-after')).toBe('20');
    expect(limited.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    clock.nowMs += 86_400_000;
    const late = await chat('other');
    expect(late.status).toBe(401);
    expect(await late.json()).toMatchObject({ error: { message: expect.stringContaining('expired') } });
  });

  it('that nobody made are refused, and guessing them ends soon', async () => {
    const { call } = await open();
    const other = await open();
    const foreign = await other.create('--name', 'of-another-deployment');
    const statuses = [];
    for (let count = 0; count < 25; count += 1) statuses.push((await call(foreign)).status);
    expect(statuses.slice(0, 20)).toEqual(new Array(20).fill(401));
    expect(statuses.slice(20)).toEqual(new Array(5).fill(429));
  });
});

describe('keys in a Firestore that is not there', () => {
  it('cannot be checked, which is 503 and not 401; keys of the file go on', async () => {
    vi.stubEnv('FIRESTORE_EMULATOR_HOST', `127.0.0.1:${await freePort()}`);
    const { call } = await open();
    const stored = await call(createKeyText());
    expect(stored.status).toBe(503);
    expect(stored.headers.get('retry-after')).toBe('2');
    expect(await stored.json()).toMatchObject({ error: { type: 'server_error', param: null } });
    expect((await call('a-key-of-the-file-1')).status).toBe(200);
    expect((await call('not-one-of-ours')).status).toBe(401);
  });
});

describe('the command', () => {
  const run = (...args: string[]) => runKeys(args, { environment: {} });

  it.each([[], ['create', 'extra'], ['revoke'], ['list', 'x'], ['drop', 'x'], ['create', '--nmae', 'x']])(
    'shows how it is used for %j',
    async (...args) =>
      expect(await run(...args)).toMatchObject({
        exitCode: 2,
        output: expect.stringMatching(/\n\nUsage: npm run keys/),
      }),
  );

  it('says what to do where no keys are kept', async () => {
    await expect(run('list')).rejects.toMatchObject({ message: expect.stringContaining('auth.store: firestore') });
  });

  it('refuses models that the configuration does not know, and names those it does', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-keys-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const file = join(directory, 'agents.yaml');
    await writeFile(
      file,
      `
agents:
  - { name: support, provider: openai, model: gpt-4o-mini, api_key: k }
  - name: careful
    providers:
      - { provider: anthropic, model: claude-haiku-4-5, api_key: "\${NOT_SET_HERE}" }
      - { provider: local, model: extractive }
embeddings: { provider: local }
auth: { store: firestore }`,
    );
    // Nothing listens there: what is refused has asked nobody.
    const environment = { SLUICE_CONFIG: file, FIRESTORE_EMULATOR_HOST: '127.0.0.1:1' };
    const create = (models: string) =>
      runKeys(['create', '--name', 'a', '--models', models, '--project', 'demo', '--rpm', '0'], { environment });
    await expect(create('suport')).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(
        /--models .*no suport .*did you mean support\?.*support, careful, openai\/gpt-4o-mini/,
      ),
    });
    await expect(create('support,xai/grok-4')).rejects.toMatchObject({
      message: expect.stringMatching(/knows no xai\/grok-4 in .*agents\.yaml\. There are support, careful/),
    });
    const known =
      'support,careful,gpt-4o-mini,openai/gpt-4.1,gpt-4.1,anthropic/claude-haiku-4-5,claude-haiku-4-5,local/lexical';
    // The next option is what is wrong then.
    await expect(create(known)).rejects.toMatchObject({ message: expect.stringContaining('--rpm') });
  });

  it.each([
    [['--name', 'a b'], '--name'],
    [[], '--name'],
    [['--name', 'a', '--tenant', 'a/b'], '--tenant'],
    [['--name', 'a', '--rpm', '0'], '--rpm'],
    [['--name', 'a', '--tpm', '1.5'], '--tpm'],
    [['--name', 'a', '--budget', 'lots'], '--budget'],
    [['--name', 'a', '--functions', 'chat,drop'], '--functions'],
    [['--name', 'a', '--models', 'a,,b'], '--models'],
    [['--name', 'a', '--expires', '2020-01-01'], '--expires'],
    [['--name', 'a', '--expires', '2030-02-31T99:00Z'], '--expires'],
  ])('refuses %j and names what is wrong', async (args, option) => {
    await expect(run('create', ...args, '--collection', 'keys', '--project', 'demo')).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining(option),
    });
  });
});
