import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIdTokenSource } from '../../shared/security/id-token.ts';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';
import { ollamaWire } from './clients/wires/ollama.ts';
import { toAnswer } from './clients/wires/wire.ts';

let upstream: ScriptedServer;
let server: AppServer;
let audiences: string[] = [];

beforeEach(async () => {
  audiences = [];
  upstream = await createScriptedServer();
  server = await startAppServer({
    yaml:
      'agents:\n' +
      `  - {name: private, role: assistant, provider: ollama, model: m, endpoint: "${upstream.origin}", auth: id_token, retry: {max_attempts: 1}}\n` +
      `  - {name: open, role: assistant, provider: ollama, model: m, endpoint: "${upstream.origin}"}\n`,
    idTokens: createIdTokenSource({
      openClient: async () => ({
        fetchIdToken: async (audience: string) => {
          audiences.push(audience);
          return `idtokenmark-${audiences.length}`;
        },
      }),
    }),
  });
});

afterEach(async () => {
  await server.close();
  await upstream.close();
});

async function ask(model: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'x' }] }),
  });
  return { status: response.status, text: await response.text() };
}

const sent = (): (string | undefined)[] => upstream.requests.map(({ headers }) => headers.authorization);

describe('a private server', () => {
  it('is called with an ID token for its origin, one that does not ask for it without', async () => {
    upstream.reply(toAnswer(ollamaWire, 'text'), toAnswer(ollamaWire, 'text'), toAnswer(ollamaWire, 'text'));
    for (const model of ['private', 'private', 'open']) expect((await ask(model)).status).toBe(200);
    expect(sent()).toEqual(['Bearer idtokenmark-1', 'Bearer idtokenmark-1', undefined]);
    expect(audiences).toEqual([upstream.origin]);
  });

  it('that refuses the token is called once more with a new one, and not a third time', async () => {
    upstream.reply({ status: 401 }, toAnswer(ollamaWire, 'text'), { status: 401 }, { status: 401 });
    expect((await ask('private')).status).toBe(200);
    const { status, text } = await ask('private');
    expect(status).toBeGreaterThanOrEqual(400);
    expect(sent()).toEqual([1, 2, 2, 3].map((count) => `Bearer idtokenmark-${count}`));
    expect(text).not.toContain('idtokenmark');
    expect(JSON.stringify(server.logged)).not.toContain('idtokenmark');
  });
});
