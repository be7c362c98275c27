import { describe, expect, onTestFinished, test } from 'vitest';
import { type Economy, type Reply, refuse, startEconomy } from '../../support/economy.ts';
import { createGate, createScriptedServer, type Script, type ScriptedServer } from '../../support/scripted-server.ts';
import type { UpstreamCall } from '../../support/upstreams.ts';
import { anthropicAnswer, type ModelTurn, openAiAnswer } from '../../support/vendor-answers.ts';
import { WIRES } from '../clients/gateway.ts';
import type { SecondTurn } from '../clients/wires/wire.ts';

const VENDORS = { openai: openAiAnswer, anthropic: anthropicAnswer } as const;
type Vendor = keyof typeof VENDORS;

const CITY = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

interface Agency extends Economy {
  /** Where the tools are. */
  readonly tools: ScriptedServer;
  /** Writes down the vendor's turns. */
  turns(...turns: readonly ModelTurn[]): void;
}

/** An agent with tools in front of one vendor. */
async function start(
  vendor: Vendor,
  { agent = '', answer = { body: { celsius: 4 } } }: { readonly agent?: string; readonly answer?: Script } = {},
): Promise<Agency> {
  const tools = await createScriptedServer(answer);
  onTestFinished(tools.close);
  const economy = await startEconomy({
    upstreams: ['openai', 'anthropic'],
    environment: { TOOL_TOKEN: 'tool-token' },
    yaml: (endpoints) => {
      const legs = {
        openai: `{provider: openai, model: gpt-4o-mini, api_key: model-key, endpoint: "${endpoints.openai}"}`,
        anthropic: `{provider: anthropic, model: claude-sonnet-4-5, api_key: model-key, endpoint: "${endpoints.anthropic}"}`,
      };
      const order = vendor === 'openai' ? [legs.openai, legs.anthropic] : [legs.anthropic, legs.openai];
      return `
cache: {provider: memory}
agents:
  - name: agent
    role: react
    prompt: Use your tools.
    tools: [search, weather, time]
    retry: {max_attempts: 1}
    ${agent}
    providers:
${order.map((leg) => `      - ${leg}`).join('\n')}
tools:
  - name: weather
    description: The weather in a city.
    url: "${tools.origin}/weather"
    headers: {authorization: "Bearer \${TOOL_TOKEN}"}
    parameters: ${JSON.stringify(CITY)}
  - name: time
    description: The time in a city.
    url: "${tools.origin}/time"
    method: GET
    parameters: ${JSON.stringify(CITY)}`;
    },
  });
  return {
    ...economy,
    tools,
    turns: (...turns) => economy.next(vendor, ...turns.map(VENDORS[vendor])),
  };
}

/** The calls and results that a vendor was sent back. */
function readBack({ upstream, body }: UpstreamCall): SecondTurn {
  const wire = WIRES.find(({ provider }) => provider === upstream);
  if (!wire) throw new Error(`There is no format of ${upstream}.`);
  return wire.readSecondTurn(body);
}

const resultsOf = (call: UpstreamCall | undefined) =>
  call ? readBack(call).results.map(({ content }) => content) : [];
const sluiceOf = ({ json }: Reply) => json.sluice as Readonly<Record<string, unknown>>;

describe.each(Object.keys(VENDORS) as Vendor[])('an agent with tools in front of %s', (vendor) => {
  test('searches the ingested documents and cites what it found', async () => {
    const { chat, post, calls, turns } = await start(vendor);
    await post('/v1/documents', {
      id: 'handbook',
      title: 'Handbook',
      text: 'Everybody has thirty days of holiday a year.',
    });
    await post('/v1/documents', { id: 'other', text: 'Coffee is on the second floor.' });
    turns({ calls: [['search', { query: 'days of holiday', top_k: 1 }]] }, { text: 'Thirty [1].' });
    const reply = await chat();
    expect(reply.read).toMatchObject({ text: 'Thirty [1].', finish: 'stop' });
    expect(calls).toHaveLength(2);
    expect(resultsOf(calls[1])).toEqual([expect.stringContaining('thirty days of holiday')]);
    expect(resultsOf(calls[1])[0]).not.toContain('Coffee');
    expect(sluiceOf(reply)).toMatchObject({
      steps: [{ iteration: 1, tool: 'search', arguments: { query: 'days of holiday', top_k: 1 } }],
      citations: [{ index: 1, document_id: 'handbook', title: 'Handbook' }],
    });
  });

  test('runs the calls of a turn at the same time and gives their results back in order', async () => {
    const { chat, calls, turns, tools } = await start(vendor);
    const gate = createGate();
    tools.reply({ before: gate, body: { celsius: 4 } }, { before: gate, body: { clock: '12:00' } });
    turns(
      {
        text: 'I look.',
        calls: [
          ['weather', { city: 'Oslo' }],
          ['time', { city: 'Oslo' }],
        ],
      },
      { text: 'Cold at noon.' },
    );
    const asked = chat();
    // Neither is answered before both have been asked.
    await tools.waitForRequest(1);
    gate.open();
    const reply = await asked;
    const byPath = tools.requests.toSorted((one, other) => other.url.localeCompare(one.url));
    expect(byPath).toMatchObject([
      { method: 'POST', url: '/weather', headers: { authorization: 'Bearer tool-token' }, body: '{"city":"Oslo"}' },
      { method: 'GET', url: '/time?city=Oslo' },
    ]);
    const { calls: sent, results } = readBack(calls[1] as UpstreamCall);
    expect(sent.map(({ name, input }) => [name, input])).toEqual([
      ['weather', { city: 'Oslo' }],
      ['time', { city: 'Oslo' }],
    ]);
    expect(results.map(({ id }) => id)).toEqual(sent.map(({ id }) => id));
    expect(new Set(results.map(({ content }) => content))).toEqual(new Set(['{"celsius":4}', '{"clock":"12:00"}']));
    expect(reply.read.text).toBe('I look.\n\nCold at noon.');
    expect(sluiceOf(reply).steps).toMatchObject([{ tool: 'weather' }, { tool: 'time' }]);
    // No key travels to where it does not belong.
    expect(JSON.stringify(calls.map(({ request }) => [request.headers, request.body]))).not.toContain('tool-token');
    expect(JSON.stringify(tools.requests.map(({ headers, body }) => [headers, body]))).not.toContain('model-key');
  });

  test.each([
    ['', 5],
    ['max_iterations: 2', 2],
  ])('stops a model that never stops calling (%s)', async (agent, most) => {
    const { chat, calls, always, tools } = await start(vendor, { agent });
    always(vendor, VENDORS[vendor]({ calls: [['weather', { city: 'Oslo' }]] }));
    for (const stream of [false, true]) {
      const before = calls.length;
      const asked = tools.requests.length;
      const reply = await chat({ stream });
      expect(reply.read.finish).toBe('length');
      expect(calls).toHaveLength(before + most);
      expect(tools.requests).toHaveLength(asked + most - 1);
      const { steps } = reply.read.sluice as { steps?: unknown[] };
      expect(steps?.at(-1)).toMatchObject({ iteration: most, error: 'max_iterations' });
    }
  });

  test('does not run what it was not offered, nor what does not fit, and says so to the model', async () => {
    const { chat, calls, turns, tools } = await start(vendor);
    turns(
      {
        calls: [
          ['delete_everything', {}],
          ['weather', { town: 'Oslo' }],
        ],
      },
      { text: 'I cannot.' },
    );
    const reply = await chat();
    expect(tools.requests).toEqual([]);
    expect(resultsOf(calls[1])).toEqual([
      expect.stringContaining('no tool of this name'),
      expect.stringContaining('do not fit'),
    ]);
    expect(sluiceOf(reply).steps).toMatchObject([{ error: 'not_offered' }, { error: 'invalid_arguments' }]);
  });

  test('goes on when a tool fails, and tells nobody its words', async () => {
    const { chat, calls, turns } = await start(vendor, { answer: { status: 500, body: { secret: 'stack-trace' } } });
    turns({ calls: [['weather', { city: 'Oslo' }]] }, { text: 'No weather today.' });
    const reply = await chat();
    expect(reply.read.text).toBe('No weather today.');
    expect(resultsOf(calls[1])).toEqual([expect.stringContaining('HTTP status 500')]);
    expect(reply.text).not.toContain('stack-trace');
  });

  test('streams what the model says, without its calls, as one answer', async () => {
    const { chat, turns } = await start(vendor);
    turns({ text: 'I look.', calls: [['weather', { city: 'Oslo' }]] }, { text: 'It is four degrees.' });
    const reply = await chat({ stream: true, stream_options: { include_usage: true } });
    expect(reply.read).toMatchObject({
      text: 'I look.\n\nIt is four degrees.',
      finish: 'stop',
      done: true,
      faults: [],
    });
    expect(reply.read.sluice).toMatchObject({ provider: vendor, steps: [{ tool: 'weather' }], attempts: [{}, {}] });
    expect(reply.text).not.toContain('tool_calls');
    expect(reply.text).toContain('"total_tokens":30');
    expect(reply.text.match(/"role":"assistant"/g)).toHaveLength(1);
  });

  test('gives the caller the calls of the caller’s own tools and runs none of its own beside them', async () => {
    const { chat, calls, turns, tools } = await start(vendor);
    const mine = { type: 'function', function: { name: 'book', parameters: CITY } };
    const both: ModelTurn = {
      calls: [
        ['weather', { city: 'Oslo' }],
        ['book', { city: 'Oslo' }],
      ],
    };
    for (const stream of [false, true]) {
      turns(both);
      const reply = await chat({ stream, tools: [mine] });
      expect(reply.read.finish).toBe('tool_calls');
      expect(reply.text).toContain('"name":"book"');
      expect(reply.text.replace(/"steps":.*/, '')).not.toContain('"name":"weather"');
      const { steps } = reply.read.sluice as { steps?: unknown };
      expect(steps).toMatchObject([{ tool: 'weather', error: 'caller_goes_on' }]);
    }
    expect(tools.requests).toEqual([]);
    // The second turn is the caller's, with its result.
    turns({ calls: [['weather', { city: 'Oslo' }]] }, { text: 'Booked, and cold.' });
    const call = { id: 'call_1', type: 'function', function: { name: 'book', arguments: '{"city":"Oslo"}' } };
    const reply = await chat({
      tools: [mine],
      messages: [
        { role: 'user', content: 'Book.' },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'call_1', content: 'booked' },
      ],
    });
    expect(reply.read.text).toBe('Booked, and cold.');
    expect(resultsOf(calls.at(-1))).toEqual(['booked', '{"celsius":4}']);
  });

  test('is paid for turn by turn, is not cached, and goes on over the next leg', async () => {
    const other: Vendor = vendor === 'openai' ? 'anthropic' : 'openai';
    const { chat, next, turns, order, get } = await start(vendor);
    turns({ calls: [['weather', { city: 'Oslo' }]], promptTokens: 100, completionTokens: 10 });
    next(vendor, refuse(503));
    next(other, VENDORS[other]({ text: 'Four degrees.', promptTokens: 200, completionTokens: 20 }));
    const reply = await chat();
    expect(reply.read.text).toBe('Four degrees.');
    expect(order()).toEqual([vendor, vendor, other]);
    expect(reply.json).toMatchObject({
      usage: { prompt_tokens: 300, completion_tokens: 30, total_tokens: 330 },
      sluice: {
        provider: other,
        cached: false,
        attempts: [{ provider: vendor }, { provider: vendor, code: 'server_error' }, { provider: other }],
      },
    });
    const usage = (await get('/v1/usage')).json as { today: { cost_usd: number } };
    expect(usage).toMatchObject({ today: { requests: 2, total_tokens: 330 } });
    expect(sluiceOf(reply).cost_usd).toBe(usage.today.cost_usd);
    turns({ text: 'Something else.' });
    expect((await chat()).read.text).toBe('Something else.');
  });

  test('works through the dialect of Anthropic’s clients', async () => {
    const { post, turns } = await start(vendor);
    const body = { model: 'agent', max_tokens: 50, messages: [{ role: 'user', content: 'Weather?' }] };
    turns({ calls: [['weather', { city: 'Oslo' }]] }, { text: 'Four degrees.' });
    expect((await post('/v1/messages', body)).json).toMatchObject({
      content: [{ type: 'text', text: 'Four degrees.' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 20, output_tokens: 10 },
    });
    turns({ calls: [['weather', { city: 'Oslo' }]] }, { text: 'Four degrees.' });
    const streamed = (await post('/v1/messages', { ...body, stream: true })).text;
    expect(streamed.match(/event: message_start/g)).toHaveLength(1);
    expect(streamed).not.toContain('"type":"tool_use"');
    expect(streamed).toContain('"stop_reason":"end_turn"');
  });
});
