import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSecrets } from '../../../shared/secrets/create-secrets.ts';
import { type AppServer, startAppServer } from '../../support/app-server.ts';
import { createScriptedServer, type ScriptedAnswer, type ScriptedServer } from '../../support/scripted-server.ts';
import { createSecretManagerServer, type SecretManagerServer } from '../../support/secret-manager-server.ts';

const SECRET = 'projects/p/secrets/openai-api-key';
const ENVIRONMENT = { GOOGLE_CLOUD_PROJECT: 'p' };

let manager: SecretManagerServer;
let upstream: ScriptedServer;
let server: AppServer;

beforeEach(async () => {
  manager = await createSecretManagerServer();
  upstream = await createScriptedServer();
});

afterEach(async () => {
  await server.close();
  await upstream.close();
  await manager.close();
});

const ANSWER: ScriptedAnswer = {
  body: {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  },
};
const REFUSAL: ScriptedAnswer = { status: 401, body: { error: { message: 'bad key', code: 'invalid_api_key' } } };

/** An agent `a` with these legs, each written as YAML; `endpoint` stands for the upstream's. */
async function start(...legs: string[]): Promise<void> {
  const providers = legs.map((leg) => `      - {${leg.replace('endpoint', `endpoint: "${upstream.origin}/v1"`)}}\n`);
  server = await startAppServer({
    yaml: `agents:\n  - name: a\n    role: assistant\n    retry: {max_attempts: 1}\n    providers:\n${providers.join('')}`,
    environment: ENVIRONMENT,
    secrets: createSecrets({ environment: ENVIRONMENT, projectId: 'p', client: manager.client }),
  });
}

async function ask(stream = false): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'a', stream, messages: [{ role: 'user', content: 'x' }] }),
  });
  return { status: response.status, text: await response.text() };
}

const sent = (): (string | undefined)[] => upstream.requests.map(({ headers }) => headers.authorization);
const LEG = 'model: gpt-4, provider: openai, api_key: "secret://openai-api-key", endpoint';

describe('a leg whose key is in Secret Manager', () => {
  it('sends it, and reads it once for many requests', async () => {
    manager.add(SECRET, 'sk-1\n');
    await start(LEG);
    upstream.reply(ANSWER, ANSWER);
    expect(await Promise.all([ask(), ask()])).toMatchObject([{ status: 200 }, { status: 200 }]);
    expect(sent()).toEqual(['Bearer sk-1', 'Bearer sk-1']);
    expect(manager.calls).toEqual([`${SECRET}/versions/latest`]);
  });

  it.each([
    `model: gpt-4, provider: openai, api_key: ["secret://${SECRET}/versions/1", "secret://openai-api-key"], endpoint`,
    `model: gpt-4, provider: openai, api_key: "secret://${SECRET}/versions/1", endpoint`,
  ])('may pin a version, alone or in a list: %s', async (leg) => {
    manager.add(SECRET, 'sk-1');
    manager.add(SECRET, 'sk-2');
    await start(leg);
    upstream.reply(ANSWER);
    expect((await ask()).status).toBe(200);
    expect(sent()).toEqual(['Bearer sk-1']);
  });

  it.each([false, true])(
    'is called once more with the newer version when the vendor refuses it (stream: %s)',
    async (stream) => {
      manager.add(SECRET, 'sk-old');
      await start(LEG);
      upstream.reply(ANSWER);
      await ask();
      manager.add(SECRET, 'sk-new');
      const event = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: 'hello' }, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`;
      upstream.reply(REFUSAL, stream ? { headers: { 'content-type': 'text/event-stream' }, body: event } : ANSWER);
      const { status, text } = await ask(stream);
      expect([status, text]).toEqual([200, expect.stringContaining('hello')]);
      expect(sent()).toEqual(['Bearer sk-old', 'Bearer sk-old', 'Bearer sk-new']);
      expect(manager.calls).toHaveLength(2);
    },
  );

  it('is not called a third time', async () => {
    manager.add(SECRET, 'sk-old');
    await start(LEG);
    upstream.reply(ANSWER);
    await ask();
    manager.add(SECRET, 'sk-new');
    upstream.reply(REFUSAL, REFUSAL, ANSWER);
    const { status, text } = await ask();
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toContain('authentication');
    expect(sent()).toEqual(['Bearer sk-old', 'Bearer sk-old', 'Bearer sk-new']);
  });

  const FAULTS: readonly [string, () => void][] = [
    ['missing', () => {}],
    ['forbidden', () => manager.refuseAll(7)],
    ['empty', () => void manager.add(SECRET, '')],
    ['disabled', () => manager.disable(SECRET, manager.add(SECRET, 'sk-SECRET123'))],
  ];

  it.each(FAULTS)(
    'that is %s is the operator’s fault: 500 in neutral words, the secret named in the log',
    async (_, spoil) => {
      spoil();
      await start(LEG);
      const { status, text } = await ask();
      expect(status).toBe(500);
      expect(JSON.parse(text).error).toMatchObject({ code: 'configuration' });
      for (const word of ['openai-api-key', 'projects/', 'gcloud', 'sk-']) expect(text).not.toContain(word);
      const log = inspect(server.logged, { depth: null });
      expect(log).toContain('openai-api-key');
      expect(log).not.toContain('SECRET123');
      expect(upstream.requests).toEqual([]);
    },
  );

  it.each(FAULTS)('that is %s leaves the request to the next leg', async (_, spoil) => {
    spoil();
    await start(LEG, 'model: gpt-4, provider: openai, api_key: literal, endpoint');
    upstream.reply(ANSWER);
    expect(await ask()).toMatchObject({ status: 200, text: expect.stringContaining('"code":"configuration"') });
    expect(sent()).toEqual(['Bearer literal']);
  });

  it('that is named nowhere is the secret named after its provider', async () => {
    await start('model: grok-4, provider: xai', 'model: gpt-4, provider: openai, api_key: literal, endpoint');
    upstream.reply(ANSWER);
    expect((await ask()).status).toBe(200);
    expect(manager.calls).toEqual(['projects/p/secrets/xai-api-key/versions/latest']);
  });
});
