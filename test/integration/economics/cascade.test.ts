import { describe, expect, test } from 'vitest';
import { type Economy, type EconomyOptions, refuse, startEconomy } from '../../support/economy.ts';
import { createGate } from '../../support/scripted-server.ts';
import { createTestTime } from '../../support/test-time.ts';
import { openAiAnswer } from '../../support/vendor-answers.ts';
import { TEXT } from '../clients/wires/wire.ts';

/** Legs by their stand-in, each with a model, a key and a temperature of its own. */
const LEGS: Readonly<Record<string, string>> = {
  openai: 'provider: openai, model: gpt-4o-mini, api_key: key-of-openai, temperature: 0.1',
  anthropic:
    'provider: anthropic, model: claude-sonnet-4-5, api_key: key-of-anthropic, temperature: 0.2, max_tokens: 77',
  gemini: 'provider: gemini, model: gemini-2.0-flash, api_key: key-of-gemini, temperature: 0.3',
  xai: 'provider: xai, model: grok-of-tomorrow, api_key: key-of-xai, temperature: 0.4',
  ollama: 'provider: ollama, model: qwen3, temperature: 0.5',
};

interface Setting extends Partial<EconomyOptions> {
  /** Members of the agent. */
  readonly agent?: string;
  /** Members of a leg, by its stand-in. */
  readonly more?: Readonly<Record<string, string>>;
  readonly blocks?: string;
}

function start(
  names: readonly string[],
  { agent = '', more = {}, blocks = '', ...options }: Setting = {},
): Promise<Economy> {
  return startEconomy({
    upstreams: names,
    yaml: (endpoints) => `
agents:
  - name: agent
    retry: {max_attempts: 1}
    ${agent}
    providers:
${names.map((name) => `      - {${LEGS[name]}, endpoint: "${endpoints[name]}"${more[name] ?? ''}}`).join('\n')}
${blocks}`,
    ...options,
  });
}

function attemptsOf({ read }: Awaited<ReturnType<Economy['chat']>>) {
  return (read.sluice?.attempts ?? []).map(({ provider, code }) => `${provider} ${code ?? 'answered'}`);
}

test.each([false, true])(
  'each leg has its own key, model and parameters, and sees no other’s (streamed: %s)',
  async (stream) => {
    const names = ['openai', 'anthropic', 'gemini', 'xai', 'ollama'];
    const economy = await start(names);
    for (const name of names.slice(0, -1)) economy.always(name, refuse(500));
    const reply = await economy.chat({ stream });
    expect(reply.read.text).toBe(TEXT);
    expect(economy.order()).toEqual(names);
    for (const { upstream, request } of economy.calls) {
      const sent = `${JSON.stringify(request.headers)} ${request.url} ${request.body}`;
      const [, model = ''] = /model: ([^,]+)/.exec(LEGS[upstream] ?? '') ?? [];
      expect(sent).toContain(model);
      const foreign = names.flatMap((name) => (name === upstream ? [] : [`key-of-${name}`, ...modelOf(name)]));
      expect(foreign.filter((word) => sent.includes(word))).toEqual([]);
      if (upstream !== 'ollama') expect(sent).toContain(`key-of-${upstream}`);
      expect(request.url).not.toContain('key-of');
      expect(sent).toMatch(new RegExp(`"temperature":0\\.${names.indexOf(upstream) + 1}[,}]`));
    }
    expect(economy.calls[1]?.body).toMatchObject({ max_tokens: 77 });
    expect(economy.server.logged.filter(({ message }) => message === 'leg failed')).toHaveLength(4);
    expect(JSON.stringify(economy.server.logged)).not.toContain('key-of');
  },
);

function modelOf(name: string): string[] {
  return [/model: ([^,]+)/.exec(LEGS[name] ?? '')?.[1] ?? ''];
}

describe.each([false, true])('after a first leg that (streamed: %s)', (stream) => {
  test.each([
    [401, 'authentication'],
    [402, 'quota_exceeded'],
    [403, 'permission'],
    [404, 'model_not_found'],
    [429, 'rate_limit'],
    [500, 'server_error'],
  ])('answers %i the next one is asked, and the log says why', async (status, code) => {
    const economy = await start(['openai', 'anthropic']);
    economy.always('openai', refuse(status));
    const reply = await economy.chat({ stream });
    expect(reply.read).toMatchObject({ text: TEXT, faults: [] });
    expect(attemptsOf(reply)).toEqual([`openai ${code}`, 'anthropic answered']);
    expect(reply.headers.get('x-sluice-provider')).toBe('anthropic');
    expect(economy.server.logged).toContainEqual(
      expect.objectContaining({ severity: 'WARNING', message: 'leg failed', provider: 'openai', code }),
    );
  });

  test.each([
    [{ status: 400, body: { error: { message: 'no', type: 'invalid_request_error' } } }, 400, 'invalid_request'],
    [{ status: 413, body: {} }, 413, 'too_large'],
    [{ status: 400, body: { error: { message: 'no', code: 'content_filter' } } }, 400, 'content_filter'],
  ])('refuses the request itself nobody else is asked (%j)', async (answer, status, code) => {
    const economy = await start(['openai', 'anthropic']);
    economy.always('openai', answer);
    expect(await economy.chat({ stream })).toMatchObject({ status, json: { error: { code } } });
    expect(economy.order()).toEqual(['openai']);
  });
});

test('a prompt that is too long for one leg goes to those with more room alone', async () => {
  const economy = await start(['openai', 'anthropic', 'gemini']);
  economy.always('openai', { status: 400, body: { error: { message: 'no', code: 'context_length_exceeded' } } });
  economy.always('anthropic', refuse(500));
  // 128,000 tokens, then 200,000 and 1,048,576.
  expect((await economy.chat()).read.text).toBe(TEXT);
  expect(economy.order()).toEqual(['openai', 'anthropic', 'gemini']);
  const smaller = await start(['anthropic', 'openai']);
  smaller.always('anthropic', {
    status: 400,
    body: {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 8 maximum' },
    },
  });
  expect((await smaller.chat()).status).toBe(400);
  expect(smaller.order()).toEqual(['anthropic']);
});

test('when the time for the request is over no other leg is asked, and the answer is 504', async () => {
  const economy = await start(['openai', 'anthropic'], { blocks: 'limits: {request_timeout: 300ms}' });
  economy.always('openai', { finish: 'silence' });
  const reply = await economy.chat();
  expect(reply).toMatchObject({ status: 504, json: { error: { code: 'timeout' } } });
  expect(economy.order()).toEqual(['openai']);
});

describe('a leg whose address is denied', () => {
  const PRIVATE = 'https://10.1.2.3/v1';
  const yaml = (legs: readonly string[]) => `
agents:
  - name: agent
    retry: {max_attempts: 1}
    providers:
      - {provider: vllm, model: m, endpoint: "${PRIVATE}"}
${legs.join('\n')}`;

  test('is passed over in a cascade, noted, and never named', async () => {
    const economy = await startEconomy({
      upstreams: ['openai'],
      yaml: ({ openai }) => yaml([`      - {${LEGS.openai}, endpoint: "${openai}"}`]),
    });
    const reply = await economy.chat();
    expect(attemptsOf(reply)).toEqual(['vllm blocked_url', 'openai answered']);
    expect(reply.text).not.toContain('10.1.2.3');
    expect(economy.server.logged).toContainEqual(
      expect.objectContaining({ message: 'request blocked', target: 'vllm' }),
    );
  });

  test('is a 500 without a leg to go on to', async () => {
    const economy = await startEconomy({ upstreams: [], yaml: () => yaml([]) });
    const reply = await economy.chat();
    expect(reply).toMatchObject({ status: 500, json: { error: { code: 'blocked_url' } } });
    expect(reply.text).not.toContain('10.1.2.3');
  });
});

test('local-only privacy keeps requests at home, whatever happens there', async () => {
  const economy = await startEconomy({
    upstreams: ['ollama'],
    yaml: ({ ollama }) => `
agents:
  - name: agent
    privacy: local_only
    retry: {max_attempts: 1}
    providers:
      - {${LEGS.ollama}, endpoint: "${ollama}"}
      - {${LEGS.openai}}
      - {${LEGS.anthropic}}`,
  });
  expect(attemptsOf(await economy.chat())).toEqual(['ollama answered']);
  await economy.stop('ollama');
  const reply = await economy.chat();
  expect(reply.status).toBe(503);
  expect(attemptsOf(reply)).toEqual(['ollama network']);
});

test('a leg without its key is left out with a warning', async () => {
  const economy = await startEconomy({
    upstreams: ['openai', 'anthropic', 'xai'],
    environment: { OPENAI_API_KEY: 'a', XAI_API_KEY: 'b' },
    yaml: ({ openai, anthropic, xai }) => `
agents:
  - name: agent
    retry: {max_attempts: 1}
    providers:
      - {provider: openai, model: gpt-4o-mini, api_key: "\${OPENAI_API_KEY}", endpoint: "${openai}"}
      - {provider: anthropic, model: claude-sonnet-4-5, api_key: "\${ANTHROPIC_API_KEY}", endpoint: "${anthropic}"}
      - {provider: xai, model: grok-3, api_key: "\${XAI_API_KEY}", endpoint: "${xai}"}`,
  });
  economy.always('openai', refuse(500));
  expect(attemptsOf(await economy.chat())).toEqual(['openai server_error', 'xai answered']);
  expect(economy.server.logged).toContainEqual(
    expect.objectContaining({ severity: 'WARNING', message: expect.stringContaining('ANTHROPIC_API_KEY') }),
  );
});

describe('a leg that failed five times within a minute', () => {
  test('is passed over for thirty seconds, then tried by one request', async () => {
    const economy = await start(['openai', 'anthropic']);
    const { always, chat, order, time, server } = economy;
    const askedOpenAi = () => order().filter((name) => name === 'openai').length;
    always('openai', refuse(503));
    for (let count = 0; count < 5; count += 1) await chat();
    expect(askedOpenAi()).toBe(5);
    for (let count = 0; count < 5; count += 1) {
      expect(attemptsOf(await chat())).toEqual(['openai server_error', 'anthropic answered']);
    }
    expect(askedOpenAi()).toBe(5);
    expect(server.logged).toContainEqual(
      expect.objectContaining({ severity: 'ERROR', message: 'circuit', provider: 'openai', state: 'open' }),
    );
    time.pass(30_000);
    await chat();
    await chat();
    expect(askedOpenAi()).toBe(6);
    time.pass(30_000);
    always('openai');
    expect(attemptsOf(await chat())).toEqual(['openai answered']);
    expect(attemptsOf(await chat())).toEqual(['openai answered']);
  });

  test('is asked all the same where there is no other', async () => {
    const { always, chat, calls } = await start(['openai']);
    always('openai', refuse(503));
    for (let count = 0; count < 8; count += 1) await chat();
    expect(calls).toHaveLength(8);
  });
});

test('fifty requests are under way at the same time', async () => {
  const economy = await start(['openai', 'anthropic']);
  const gate = createGate();
  economy.always('openai', (request) => ({ ...openAiAnswer({ text: 'x' })(request), before: gate }));
  const asked = Array.from({ length: 50 }, () => economy.chat());
  // None is answered before all have arrived.
  await expect.poll(() => economy.calls.length, { timeout: 20_000 }).toBe(50);
  gate.open();
  const replies = await Promise.all(asked);
  expect(replies.every(({ read }) => read.text === 'x')).toBe(true);
});

describe('strategies', () => {
  test('weighted: the draw decides who is first, the others follow', async () => {
    const draws = [0.1, 0.5, 0.95, 0.5];
    const time = createTestTime({ random: () => draws.shift() ?? 0 });
    const economy = await start(['openai', 'anthropic'], {
      time,
      agent: 'fallback_strategy: weighted',
      more: { openai: ', weight: 9', anthropic: ', weight: 1' },
    });
    await economy.chat();
    await economy.chat();
    expect(economy.order()).toEqual(['openai', 'anthropic']);
    economy.always('openai', refuse(500));
    draws.splice(0, draws.length, 0.1, 0.1);
    expect(attemptsOf(await economy.chat())).toEqual(['openai server_error', 'anthropic answered']);
  });

  test('cheapest: by what this request costs, unknown prices last', async () => {
    const economy = await start(['anthropic', 'xai', 'openai'], {
      agent: 'fallback_strategy: cheapest',
    });
    // An answer of 500 tokens at 0.6 USD a million, one of 77 at 15, and nobody knows.
    await economy.chat();
    economy.always('openai', refuse(500));
    await economy.chat();
    economy.always('anthropic', refuse(500));
    await economy.chat();
    expect(economy.order()).toEqual(['openai', 'openai', 'anthropic', 'openai', 'anthropic', 'xai']);
  });

  test('fastest: by how long each leg took lately', async () => {
    const economy = await start(['openai', 'anthropic', 'xai'], { agent: 'fallback_strategy: fastest' });
    const takes = (ms: number, text: string) => (request: Parameters<ReturnType<typeof openAiAnswer>>[0]) => {
      economy.time.pass(ms);
      return openAiAnswer({ text })(request);
    };
    economy.always('openai', takes(300, 'slow'));
    economy.always('xai', takes(100, 'quick'));
    economy.always('anthropic', refuse(500));
    // What was never measured comes first.
    for (let count = 0; count < 4; count += 1) await economy.chat();
    expect(economy.order()).toEqual(['openai', 'anthropic', 'xai', 'xai', 'xai']);
    economy.always('xai', takes(900, 'slower'));
    for (let count = 0; count < 5; count += 1) await economy.chat();
    expect(economy.order().at(-1)).toBe('openai');
  });
});
