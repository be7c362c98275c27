import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ClientGateway, expectSecondTurn, startClientGateway, WIRES } from './gateway.ts';
import { INPUTS, JSON_VALUE, RESULTS, TEXT, TEXTS, THOUGHT, THOUGHTS, TOOL, USAGE, type Wire } from './wires/wire.ts';

const WEATHER = z.object({ city: z.string(), celsius: z.number() });
const QUESTION = { role: 'user' as const, content: 'How is the weather in Zürich and in Oslo?' };
const TOOLS: Anthropic.Tool[] = [
  {
    name: TOOL,
    description: 'The weather in a city.',
    input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
];
const THINKING = { type: 'enabled' as const, budget_tokens: 1024 };
const KEPT = { state: true, reasoning: THOUGHT };

let gateway: ClientGateway;
let client: Anthropic;

beforeAll(async () => {
  gateway = await startClientGateway();
  client = new Anthropic({ baseURL: gateway.url, apiKey: 'none', maxRetries: 0 });
});

afterAll(() => gateway.close());

describe.each(WIRES)('the Anthropic client over $provider', (wire) => {
  const base = { model: wire.agent, max_tokens: 4000, messages: [QUESTION] };

  it('creates a message, with usage', async () => {
    gateway.play(wire, 'text');
    const message = await client.messages.create({ ...base, system: 'Be brief.' });
    expect(message.content).toMatchObject([{ type: 'text', text: TEXT }]);
    expect(message.stop_reason).toBe('end_turn');
    expectUsage(wire, message.usage);
  });

  it('streams a message as the vendor cuts it', async () => {
    gateway.play(wire, 'text');
    const texts: string[] = [];
    const stream = client.messages.stream(base).on('text', (text) => texts.push(text));
    const message = await stream.finalMessage();
    expect(texts).toEqual(TEXTS);
    expect(message.stop_reason).toBe('end_turn');
    expectUsage(wire, message.usage);
  });

  it('thinks, calls tools in parallel and gets back what the vendor wants back', async () => {
    const asked = gateway.play(wire, 'calls', 'text');
    const request = { ...base, tools: TOOLS, thinking: THINKING };
    const first = await client.messages.create(request);
    expectCalls(wire, first);
    const second = await client.messages.create({ ...request, messages: toSecondMessages(first) });
    expect(second.content).toMatchObject([{ type: 'text', text: TEXT }]);
    expectSecondTurn(wire, asked.bodies[1], KEPT);
  });

  it('does the same streamed', async () => {
    const asked = gateway.play(wire, 'calls', 'text');
    const request = { ...base, tools: TOOLS, thinking: THINKING };
    const thoughts: string[] = [];
    const first = await client.messages
      .stream(request)
      .on('thinking', (text) => thoughts.push(text))
      .finalMessage();
    expect(thoughts).toEqual(wire.thinks ? THOUGHTS : []);
    expectCalls(wire, first);
    const second = client.messages.stream({ ...request, messages: toSecondMessages(first) });
    expect(await second.finalText()).toBe(TEXT);
    expectSecondTurn(wire, asked.bodies[1], KEPT);
  });

  it.each([false, true])('drives the tool runner, streamed: %s', async (stream) => {
    const asked = gateway.play(wire, 'calls', 'text');
    const called: string[] = [];
    const weather = betaZodTool({
      name: TOOL,
      description: 'The weather in a city.',
      inputSchema: z.object({ city: z.string() }),
      run: ({ city }) => {
        called.push(city);
        return RESULTS[INPUTS.findIndex((input) => input.city === city)] ?? '';
      },
    });
    const message = await client.beta.messages.toolRunner({ ...base, tools: [weather], stream }).runUntilDone();
    expect(message.content).toMatchObject([{ type: 'text', text: TEXT }]);
    expect(called).toEqual(INPUTS.map(({ city }) => city));
    expectSecondTurn(wire, asked.bodies[1], KEPT);
  });

  it('parses an answer by a zod schema', async () => {
    const asked = gateway.play(wire, 'json');
    const message = await client.messages.parse({ ...base, output_config: { format: zodOutputFormat(WEATHER) } });
    expect(message.parsed_output).toEqual(JSON_VALUE);
    expect(wire.readSchema(asked.bodies[0] ?? {})).toMatchObject({ type: 'object', required: ['city', 'celsius'] });
  });
});

function expectCalls(wire: Wire, { content, stop_reason: reason, usage }: Anthropic.Message): void {
  expect(content.map(({ type }) => type)).toEqual([...(wire.thinks ? ['thinking'] : []), 'tool_use', 'tool_use']);
  expect(content.flatMap((block) => (block.type === 'thinking' ? [block.thinking] : []))).toEqual(
    wire.thinks ? [THOUGHT] : [],
  );
  expect(content.flatMap((block) => (block.type === 'tool_use' ? [block.input] : []))).toEqual(INPUTS);
  expect(reason).toBe('tool_use');
  expectUsage(wire, usage);
}

function toSecondMessages({ content }: Anthropic.Message): Anthropic.MessageParam[] {
  const calls = content.filter((block) => block.type === 'tool_use');
  const results = calls.map(({ id }, index) => ({
    type: 'tool_result' as const,
    tool_use_id: id,
    content: RESULTS[index] ?? '',
  }));
  return [QUESTION, { role: 'assistant', content }, { role: 'user', content: results }];
}

/** Anthropic counts what came from the cache apart from the rest of the input. */
function expectUsage({ details: { cached = 0, reasoning } }: Wire, usage: Anthropic.Usage): void {
  expect(usage).toMatchObject({
    input_tokens: USAGE.prompt - cached,
    cache_read_input_tokens: cached,
    output_tokens: USAGE.completion,
  });
  expect(usage.output_tokens_details?.thinking_tokens || undefined).toBe(reasoning);
}
