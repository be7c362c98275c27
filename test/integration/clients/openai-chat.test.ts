import OpenAI from 'openai';
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ClientGateway, expectSecondTurn, startClientGateway, WIRES } from './gateway.ts';
import { INPUTS, JSON_VALUE, RESULTS, TEXT, TEXTS, THOUGHT, THOUGHTS, TOOL, USAGE, type Wire } from './wires/wire.ts';

const WEATHER = z.object({ city: z.string(), celsius: z.number() });
const QUESTION = { role: 'user' as const, content: 'How is the weather in Zürich and in Oslo?' };
const TOOLS: OpenAI.Chat.ChatCompletionFunctionTool[] = [
  {
    type: 'function',
    function: {
      name: TOOL,
      description: 'The weather in a city.',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
];
const IN_CITY: Readonly<Record<string, string>> = { Zürich: RESULTS[0], Oslo: RESULTS[1] };

let gateway: ClientGateway;
let client: OpenAI;

beforeAll(async () => {
  gateway = await startClientGateway();
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'none', maxRetries: 0 });
});

afterAll(() => gateway.close());

describe.each(WIRES)('the OpenAI client, chat completions, over $provider', (wire) => {
  const { agent: model } = wire;

  it('completes a chat, with usage', async () => {
    gateway.play(wire, 'text');
    const completion = await client.chat.completions.create({ model, messages: [QUESTION] });
    expect(completion.choices[0]).toMatchObject({
      index: 0,
      message: { role: 'assistant', content: TEXT },
      finish_reason: 'stop',
    });
    expectUsage(wire, completion.usage);
    expect(completion).toHaveProperty('sluice.provider', wire.provider);
  });

  it('streams a chat as the vendor cuts it, with usage last', async () => {
    gateway.play(wire, 'text');
    const stream = await client.chat.completions.create({
      model,
      messages: [QUESTION],
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: OpenAI.Chat.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const texts = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').filter((text) => text !== '');
    expect(texts).toEqual(TEXTS);
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(['stop']);
    expectUsage(wire, chunks.at(-1)?.usage);
  });

  it('goes through a round of parallel tool calls, keeping what the vendor wants back', async () => {
    const asked = gateway.play(wire, 'calls', 'text');
    const request = { model, tools: TOOLS, reasoning_effort: 'low' as const };
    const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [QUESTION];
    const first = await client.chat.completions.create({ ...request, messages });
    const [choice] = first.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    expectUsage(wire, first.usage);
    const message = choice?.message as OpenAI.Chat.ChatCompletionMessage;
    expect((message as { reasoning_content?: string }).reasoning_content).toBe(wire.thinks ? THOUGHT : undefined);
    messages.push(message, ...answerCalls(message));
    const second = await client.chat.completions.create({ ...request, messages });
    expect(second.choices[0]?.message.content).toBe(TEXT);
    expectSecondTurn(wire, asked.bodies[1], { state: true, reasoning: THOUGHT });
  });

  it('streams a round of parallel tool calls through the helper, whose message can be sent back', async () => {
    const asked = gateway.play(wire, 'calls', 'text');
    const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [QUESTION];
    const runner = client.chat.completions.stream({ model, messages, tools: TOOLS });
    const done: unknown[] = [];
    const thoughts: string[] = [];
    runner.on('tool_calls.function.arguments.done', (call) => done.push([call.name, JSON.parse(call.arguments)]));
    runner.on('chunk', ({ choices }) => {
      const { reasoning_content: text } = (choices[0]?.delta ?? {}) as { reasoning_content?: string };
      if (text) thoughts.push(text);
    });
    const first = await runner.finalChatCompletion();
    expect(done).toEqual(INPUTS.map((input) => [TOOL, input]));
    expect(thoughts).toEqual(wire.thinks ? THOUGHTS : []);
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    const message = first.choices[0]?.message as OpenAI.Chat.ChatCompletionMessage;
    messages.push(message, ...answerCalls(message));
    const second = client.chat.completions.stream({
      model,
      messages,
      tools: TOOLS,
      stream_options: { include_usage: true },
    });
    const texts: string[] = [];
    second.on('content', (text) => texts.push(text));
    expectUsage(wire, (await second.finalChatCompletion()).usage);
    expect(texts).toEqual(TEXTS);
    // The helper keeps the last of several pieces of a field it does not know, so readable thinking is not whole.
    expectSecondTurn(wire, asked.bodies[1], { state: true, reasoning: THOUGHTS[1] });
  });

  it('parses an answer by a zod schema, whole and streamed', async () => {
    const asked = gateway.play(wire, 'json', 'json');
    const request = { model, messages: [QUESTION], response_format: zodResponseFormat(WEATHER, 'weather') };
    const whole = await client.chat.completions.parse(request);
    expect(whole.choices[0]?.message.parsed).toEqual(JSON_VALUE);
    expect(whole.choices[0]?.finish_reason).toBe('stop');
    const streamed = await client.chat.completions.stream(request).finalChatCompletion();
    expect(streamed.choices[0]?.message.parsed).toEqual(JSON_VALUE);
    for (const body of asked.bodies) {
      expect(wire.readSchema(body)).toMatchObject({ type: 'object', required: ['city', 'celsius'] });
    }
  });

  it('takes back what parsing added to a message', async () => {
    const asked = gateway.play(wire, 'calls', 'text');
    const tools = [zodFunction({ name: TOOL, parameters: z.object({ city: z.string() }) })];
    const first = await client.chat.completions.parse({ model, messages: [QUESTION], tools });
    const message = first.choices[0]?.message;
    expect(message?.tool_calls?.map((call) => call.function.parsed_arguments)).toEqual(INPUTS);
    const history = message as OpenAI.Chat.ChatCompletionMessage;
    await client.chat.completions.create({ model, tools, messages: [QUESTION, history, ...answerCalls(history)] });
    expectSecondTurn(wire, asked.bodies[1], { state: true, reasoning: THOUGHT });
  });

  it.each([false, true])('drives the tool runner, streamed: %s', async (stream) => {
    const asked = gateway.play(wire, 'calls', 'text');
    const called: string[] = [];
    const weather = zodFunction({
      name: TOOL,
      parameters: z.object({ city: z.string() }),
      function: ({ city }) => {
        called.push(city);
        return IN_CITY[city];
      },
    });
    const params = { model, messages: [QUESTION], tools: [weather], reasoning_effort: 'low' as const };
    const runner = stream
      ? client.chat.completions.runTools({ ...params, stream })
      : client.chat.completions.runTools(params);
    expect(await runner.finalContent()).toBe(TEXT);
    expect(called).toEqual(['Zürich', 'Oslo']);
    // The runner sends back the fields of OpenAI's own type alone.
    expectSecondTurn(wire, asked.bodies[1], { state: false, reasoning: '' });
  });

  it('completes a prompt in the old format, whole and streamed', async () => {
    gateway.play(wire, 'text', 'text');
    const whole = await client.completions.create({ model, prompt: 'How is the weather?' });
    expect(whole.choices[0]).toMatchObject({ text: TEXT, finish_reason: 'stop' });
    expect(whole.usage?.total_tokens).toBe(USAGE.total);
    const texts: string[] = [];
    for await (const chunk of await client.completions.create({ model, prompt: 'How?', stream: true })) {
      texts.push(chunk.choices[0]?.text ?? '');
    }
    expect(texts.join('')).toBe(TEXT);
  });
});

function answerCalls(message: OpenAI.Chat.ChatCompletionMessage): OpenAI.Chat.ChatCompletionToolMessageParam[] {
  return (message.tool_calls ?? []).map((call) => {
    if (call.type !== 'function') throw new Error(`There is a call of the type ${call.type}.`);
    const { city } = JSON.parse(call.function.arguments) as { city: string };
    return { role: 'tool', tool_call_id: call.id, content: IN_CITY[city] ?? '' };
  });
}

function expectUsage({ details }: Wire, usage: OpenAI.CompletionUsage | null | undefined): void {
  expect(usage).toMatchObject({
    prompt_tokens: USAGE.prompt,
    completion_tokens: USAGE.completion,
    total_tokens: USAGE.total,
  });
  expect(usage?.prompt_tokens_details?.cached_tokens || undefined).toBe(details.cached);
  expect(usage?.completion_tokens_details?.reasoning_tokens || undefined).toBe(details.reasoning);
}
