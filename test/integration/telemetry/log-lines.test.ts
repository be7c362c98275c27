import { describe, expect, test } from 'vitest';
import { refuse, startEconomy } from '../../support/economy.ts';
import { TEXT } from '../clients/wires/wire.ts';

const TRACE = '06796866738c859f2f19b7cfb3214824';
const PARENT = '00f067aa0ba902b7';

function start(names: readonly string[], { observability = '', blocks = '' } = {}) {
  return startEconomy({
    upstreams: names,
    environment: { GOOGLE_CLOUD_PROJECT: 'my-project' },
    yaml: (endpoints) => `
agents:
  - name: agent
    retry: {max_attempts: 1}
    providers:
${names.map((name) => `      - {provider: ${name}, model: model-of-${name}, api_key: key, endpoint: "${endpoints[name]}"}`).join('\n')}
prices:
  ${names.map((name) => `${name}/model-of-${name}: {input: 1, output: 2}`).join('\n  ')}
observability: {${observability}}
${blocks}`,
  });
}

const KEYS = 'auth: {mode: api_key, keys: [{name: web, key: "a-key-of-web-0123456789", tenant: acme}]}';
const AS_WEB = { authorization: 'Bearer a-key-of-web-0123456789' };

describe.each([false, true])('a call (streamed: %s)', (stream) => {
  test('has a line with its trace, what it cost and who made it, and one for each leg', async () => {
    const economy = await start(['openai', 'anthropic'], { blocks: KEYS });
    economy.always('openai', refuse(500));
    const reply = await economy.chat(
      { stream },
      { ...AS_WEB, traceparent: `00-${TRACE}-${PARENT}-01`, 'x-request-id': 'my-request' },
    );
    expect(reply.read.text).toBe(TEXT);
    const common = {
      function: 'gateway',
      request_id: 'my-request',
      'logging.googleapis.com/trace': `projects/my-project/traces/${TRACE}`,
      'logging.googleapis.com/spanId': PARENT,
      'logging.googleapis.com/trace_sampled': true,
      'logging.googleapis.com/labels': { function: 'gateway', agent: 'agent', tenant: 'acme', key: 'web' },
    };
    const lines = economy.server.logged.filter(({ request_id }) => request_id === 'my-request');
    expect(lines).toHaveLength(3);
    const [failed, answered, call] = lines as [object, Record<string, number>, Record<string, number>];
    expect(failed).toMatchObject({
      ...common,
      severity: 'WARNING',
      message: 'leg failed',
      provider: 'openai',
      model: 'model-of-openai',
      leg: 1,
      sends: 1,
      code: 'server_error',
      upstream_status: 500,
      latency_seconds: expect.any(Number),
    });
    const used = {
      provider: 'anthropic',
      model: 'model-of-anthropic',
      prompt_tokens: expect.any(Number),
      completion_tokens: expect.any(Number),
      cost_usd: expect.any(Number),
      finish_reason: 'stop',
      latency_seconds: expect.any(Number),
      ...(stream ? { time_to_first_token_seconds: expect.any(Number) } : {}),
    };
    expect(answered).toMatchObject({ ...common, ...used, severity: 'INFO', message: 'leg answered', leg: 2 });
    expect(call).toMatchObject({
      ...common,
      ...used,
      severity: 'INFO',
      message: 'POST /v1/chat/completions 200',
      status: 200,
      attempts: 2,
      cache: 'off',
      streamed: stream,
      agent: 'agent',
      tenant: 'acme',
      key: 'web',
    });
    expect(call.prompt_tokens).toBeGreaterThan(0);
    expect(answered.prompt_tokens).toBe(call.prompt_tokens);
    expect(call.cost_usd).toBeCloseTo(((call.prompt_tokens ?? 0) + 2 * (call.completion_tokens ?? 0)) / 1e6, 12);
    if (!stream) expect(call).not.toHaveProperty('time_to_first_token_seconds');
  });

  test('never has prompt or answer in its lines, unless that is switched on', async () => {
    const silent = await start(['openai']);
    await silent.chat({ stream });
    expect(JSON.stringify(silent.server.logged)).not.toContain('Hello');
    expect(JSON.stringify(silent.server.logged)).not.toContain(TEXT);

    const open = await start(['openai'], { observability: 'log_content: true' });
    await open.chat({ stream });
    const line = open.server.logged.find(({ message }) => message === 'leg answered');
    expect(line).toMatchObject({ prompt: '[{"role":"user","content":"Hello"}]', answer: TEXT });
  });

  test('has no tokens and no cost in its lines where they are not tracked', async () => {
    const economy = await start(['openai'], {
      observability: 'cost_tracking: false, llm_observability: {track_tokens: false}',
    });
    await economy.chat({ stream });
    const lines = economy.server.logged.filter(({ request_id }) => request_id !== undefined);
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      for (const field of ['prompt_tokens', 'completion_tokens', 'cost_usd']) expect(line).not.toHaveProperty(field);
    }
  });
});

test('a call that no leg could answer says so', async () => {
  const economy = await start(['openai', 'anthropic']);
  economy.always('openai', refuse(500));
  economy.always('anthropic', refuse(401));
  await economy.chat();
  expect(economy.server.logged.at(-1)).toMatchObject({
    severity: 'ERROR',
    message: 'POST /v1/chat/completions 503',
    status: 503,
    attempts: 2,
    exhausted: true,
    code: 'server_error',
  });
  await economy.chat({ model: 'nobody-knows-it' });
  expect(economy.server.logged.at(-1)).not.toHaveProperty('exhausted');
});

test('a call from Google’s own proxy has the trace of its header', async () => {
  const economy = await start(['openai']);
  await economy.chat({}, { 'x-cloud-trace-context': `${TRACE}/255;o=0` });
  expect(economy.server.logged.at(-1)).toMatchObject({
    'logging.googleapis.com/trace': `projects/my-project/traces/${TRACE}`,
    'logging.googleapis.com/spanId': '00000000000000ff',
    'logging.googleapis.com/trace_sampled': false,
  });
  await economy.chat();
  expect(economy.server.logged.at(-1)).not.toHaveProperty(['logging.googleapis.com/trace']);
});

test('a stream that breaks off after its first output is told as that', async () => {
  const economy = await start(['openai']);
  const [first = ''] = [
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { role: 'assistant', content: 'Hal' }, finish_reason: null }] })}\n\n`,
  ];
  economy.next('openai', { headers: { 'content-type': 'text/event-stream' }, pieces: [first], finish: 'reset' });
  await economy.chat({ stream: true });
  expect(economy.server.logged.filter(({ leg }) => leg === 1)).toMatchObject([
    { severity: 'WARNING', message: 'leg broke off', code: 'network' },
  ]);
});

describe('what a client sends', () => {
  test('is bounded and harmless in the log', async () => {
    const economy = await start(['openai']);
    const wild = `openai/${'x'.repeat(250)}`;
    await economy.chat({ model: wild }, { 'x-request-id': 'two\tparts', 'x-forwarded-for': 'a, b' });
    await economy.chat({ model: 'two\nlines \u001b[31m\u2028 {"severity":"EMERGENCY"}' });
    await economy.get('/nowhere/%0A%7B%22severity%22%3A%22EMERGENCY%22%7D');
    for (const line of economy.server.logged) {
      const text = JSON.stringify(line);
      expect(text.length).toBeLessThan(3_000);
      expect(text).not.toMatch(/\\n|\\u001b|\u2028|\\t/);
      expect(line.request_id ?? 'none').toMatch(/^[\w.:-]{1,128}$/);
    }
    expect(JSON.stringify(economy.server.logged)).toContain('{\\"severity\\":\\"EMERGENCY\\"}');
  });
});

test('a request that is refused before any function sees it has its line and is counted', async () => {
  const economy = await start(['openai'], { blocks: 'limits: {ingest_body_bytes: 1024}' });
  const { url } = economy.server;
  const large = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-${PARENT}-01` },
    body: `{"model": "${'x'.repeat(2048)}"}`,
  });
  expect(large.status).toBe(413);
  expect((await fetch(`${url}/v1/%zz`)).status).toBe(400);
  const lines = economy.server.logged.filter(({ message }) => /^(?:POST|GET) unknown/.test(String(message)));
  expect(lines).toEqual([
    expect.objectContaining({
      message: 'POST unknown 413',
      code: 'too_large',
      request_id: large.headers.get('x-request-id'),
      'logging.googleapis.com/trace': `projects/my-project/traces/${TRACE}`,
    }),
    expect.objectContaining({ message: 'GET unknown 400', code: 'invalid_request' }),
  ]);
  expect(JSON.stringify(lines)).not.toContain('xxx');
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/requests_total\{[^}]*status="413"[^}]*\} 1\n/);
});
