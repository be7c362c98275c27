import OpenAI from 'openai';
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ClientGateway, expectSecondTurn, startClientGateway, WIRES } from './gateway.ts';
import { INPUTS, JSON_VALUE, RESULTS, TEXT, TEXTS, THOUGHT, THOUGHTS, TOOL, USAGE, type Wire } from './wires/wire.ts';

const WEATHER = z.object({ city: z.string(), celsius: z.number() });
const QUESTION = { role: 'user' as const, content: 'How is the weather in Zürich and in Oslo?' };
const TOOLS: OpenAI.Responses.FunctionTool[] = [
  {
    type: 'function',
    name: TOOL,
    description: 'The weather in a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    strict: false,
  },
];
const KEPT = { state: true, reasoning: THOUGHT };

let gateway: ClientGateway;
let client: OpenAI;

beforeAll(async () => {
  gateway = await startClientGateway();
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'none', maxRetries: 0 });
});

afterAll(() => gateway.close());

describe.each(WIRES)('the OpenAI client, responses, over $provider', (wire) => {
  const { agent: model } = wire;

  it('creates a response, with usage', async () => {
    gateway.play(wire, 'text');
    const response = await client.responses.create({ model, input: QUESTION.content });
    expect(response.status).toBe('completed');
    expect(response.output_text).toBe(TEXT);
    expectUsage(wire, response.usage);
  });

  it('streams a response as the vendor cuts it', async () => {
    gateway.play(wire, 'text');
    const texts: string[] = [];
    let last: OpenAI.Responses.ResponseStreamEvent | undefined;
    for await (const event of await client.responses.create({ model, input: [QUESTION], stream: true })) {
      if (event.type === 'response.output_text.delta') texts.push(event.delta);
      last = event;
    }
    expect(texts).toEqual(TEXTS);
    if (last?.type !== 'response.completed') throw new Error(`The stream ended with ${last?.type}.`);
    expectUsage(wire, last.response.usage);
  });

  it('goes through a round of parallel tool calls, keeping what the vendor wants back', async () => {
    const asked = gateway.play(wire, 'calls', 'text');
    const first = await client.responses.create({ model, input: [QUESTION], tools: TOOLS });
    const second = await client.responses.create({ model, input: toSecondInput(first), tools: TOOLS });
    expect(second.output_text).toBe(TEXT);
    expectSecondTurn(wire, asked.bodies[1], KEPT);
  });

  it('streams a round of parallel tool calls through the helper', async () => {
    const asked = gateway.play(wire, 'calls', 'text');
    const runner = client.responses.stream({ model, input: [QUESTION], tools: TOOLS });
    const thoughts: string[] = [];
    const done: unknown[] = [];
    runner.on('response.reasoning_summary_text.delta', ({ delta }) => thoughts.push(delta));
    runner.on('response.function_call_arguments.done', ({ arguments: text }) => done.push(JSON.parse(text)));
    const first = await runner.finalResponse();
    expect(thoughts).toEqual(wire.thinks ? THOUGHTS : []);
    expect(done).toEqual(INPUTS);
    const input = toSecondInput(first);
    const second = await client.responses.stream({ model, input, tools: TOOLS }).finalResponse();
    expect(second.output_text).toBe(TEXT);
    expectSecondTurn(wire, asked.bodies[1], KEPT);
  });

  it('parses an answer by a zod schema, whole and streamed', async () => {
    const asked = gateway.play(wire, 'json', 'json');
    const request = { model, input: [QUESTION], text: { format: zodTextFormat(WEATHER, 'weather') } };
    expect((await client.responses.parse(request)).output_parsed).toEqual(JSON_VALUE);
    expect((await client.responses.stream(request).finalResponse()).output_parsed).toEqual(JSON_VALUE);
    for (const body of asked.bodies) {
      expect(wire.readSchema(body)).toMatchObject({ type: 'object', required: ['city', 'celsius'] });
    }
  });

  it('takes back what parsing added to the output', async () => {
    const asked = gateway.play(wire, 'calls', 'text');
    const tools = [zodResponsesFunction({ name: TOOL, parameters: z.object({ city: z.string() }) })];
    const first = await client.responses.parse({ model, input: [QUESTION], tools });
    const calls = first.output.filter((item) => item.type === 'function_call');
    expect(calls.map((call) => call.parsed_arguments)).toEqual(INPUTS);
    await client.responses.parse({ model, input: toSecondInput(first), tools });
    expectSecondTurn(wire, asked.bodies[1], KEPT);
  });

  it('takes a parsed answer back as the turn before the next question', async () => {
    const asked = gateway.play(wire, 'json', 'text');
    const text = { format: zodTextFormat(WEATHER, 'weather') };
    const first = await client.responses.parse({ model, input: [QUESTION], text });
    const input = [QUESTION, ...(first.output as OpenAI.Responses.ResponseInputItem[]), QUESTION];
    expect((await client.responses.create({ model, input })).output_text).toBe(TEXT);
    expect(JSON.stringify(asked.bodies[1])).toContain('celsius');
  });
});

/** The question, the answer as it came, and the results of its calls. */
function toSecondInput({ output }: Pick<OpenAI.Responses.Response, 'output'>): OpenAI.Responses.ResponseInputItem[] {
  const calls = output.filter((item) => item.type === 'function_call');
  return [
    QUESTION,
    ...(output as OpenAI.Responses.ResponseInputItem[]),
    ...calls.map((call, index) => ({
      type: 'function_call_output' as const,
      call_id: call.call_id,
      output: RESULTS[index] ?? '',
    })),
  ];
}

function expectUsage({ details }: Wire, usage: OpenAI.Responses.ResponseUsage | undefined): void {
  expect(usage).toMatchObject({
    input_tokens: USAGE.prompt,
    output_tokens: USAGE.completion,
    total_tokens: USAGE.total,
    input_tokens_details: { cached_tokens: details.cached ?? 0 },
    output_tokens_details: { reasoning_tokens: details.reasoning ?? 0 },
  });
}
