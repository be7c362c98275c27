import {
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  type ToolMessage,
  type UsageMetadata,
} from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { concat } from '@langchain/core/utils/stream';
import { ChatOpenAI, type ChatOpenAIFields } from '@langchain/openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ClientGateway, expectSecondTurn, startClientGateway, WIRES } from './gateway.ts';
import { INPUTS, JSON_VALUE, RESULTS, TEXT, TEXTS, THOUGHT, TOOL, USAGE, type Wire } from './wires/wire.ts';

const WEATHER = z.object({ city: z.string(), celsius: z.number() });
const CITY = z.object({ city: z.string() });
const QUESTION = new HumanMessage('How is the weather in Zürich and in Oslo?');
/** LangChain's messages keep OpenAI's own fields alone. */
const KEPT = { state: false, reasoning: '' };

let gateway: ClientGateway;

beforeAll(async () => {
  gateway = await startClientGateway();
});

afterAll(() => gateway.close());

function createModel({ agent }: Wire, fields: ChatOpenAIFields = {}): ChatOpenAI {
  const configuration = { baseURL: `${gateway.url}/v1` };
  return new ChatOpenAI({ model: agent, apiKey: 'none', maxRetries: 0, configuration, ...fields });
}

const weather = tool(({ city }) => RESULTS[INPUTS.findIndex((input) => input.city === city)] ?? '', {
  name: TOOL,
  description: 'The weather in a city.',
  schema: CITY,
});

describe.each(WIRES)('ChatOpenAI of LangChain over $provider', (wire) => {
  it('invokes a chat, with usage', async () => {
    gateway.play(wire, 'text');
    const message = await createModel(wire).invoke([QUESTION]);
    expect(message.content).toBe(TEXT);
    expect(message.response_metadata.finish_reason).toBe('stop');
    expectUsage(wire, message.usage_metadata);
  });

  it('streams a chat as the vendor cuts it, with usage', async () => {
    gateway.play(wire, 'text');
    const { message, texts } = await collect(await createModel(wire).stream([QUESTION]));
    expect(texts).toEqual(TEXTS);
    expect(message.content).toBe(TEXT);
    expectUsage(wire, message.usage_metadata);
  });

  it.each(['whole', 'streamed'])('goes through a round of parallel tool calls, %s', async (mode) => {
    const asked = gateway.play(wire, 'calls', 'text');
    const model = createModel(wire, { reasoning: { effort: 'low' } }).bindTools([weather]);
    const answer = async (messages: BaseMessage[]): Promise<AIMessageChunk> =>
      mode === 'whole' ? model.invoke(messages) : (await collect(await model.stream(messages))).message;
    const first = await answer([QUESTION]);
    expect(first.tool_calls?.map(({ name, args }) => ({ name, args }))).toEqual(
      INPUTS.map((args) => ({ name: TOOL, args })),
    );
    const results: ToolMessage[] = [];
    for (const call of first.tool_calls ?? []) results.push(await weather.invoke({ ...call, type: 'tool_call' }));
    const second = await answer([QUESTION, first, ...results]);
    expect(second.content).toBe(TEXT);
    expectSecondTurn(wire, asked.bodies[1], KEPT);
  });

  it('goes through a round of parallel tool calls over the Responses API, which keeps more', async () => {
    const asked = gateway.play(wire, 'calls', 'text');
    const model = createModel(wire, { useResponsesApi: true, zdrEnabled: true }).bindTools([weather]);
    const first = await model.invoke([QUESTION]);
    const results: ToolMessage[] = [];
    for (const call of first.tool_calls ?? []) results.push(await weather.invoke({ ...call, type: 'tool_call' }));
    const second = await model.invoke([QUESTION, first, ...results]);
    expect(second.text).toBe(TEXT);
    expectSecondTurn(wire, asked.bodies[1], { state: true, reasoning: THOUGHT });
  });

  it('gives structured output by a zod schema', async () => {
    const asked = gateway.play(wire, 'json');
    const model = createModel(wire).withStructuredOutput(WEATHER);
    expect(await model.invoke([QUESTION])).toEqual(JSON_VALUE);
    expect(wire.readSchema(asked.bodies[0] ?? {})).toMatchObject({ type: 'object', required: ['city', 'celsius'] });
  });

  it('gives structured output by a tool that must be called', async () => {
    gateway.play(wire, 'calls');
    const model = createModel(wire).withStructuredOutput(CITY, { method: 'functionCalling', name: TOOL });
    const output = model.invoke([QUESTION]);
    if (wire.forcesCalls) expect(await output).toEqual(INPUTS[0]);
    else await expect(output).rejects.toThrow(/^400 .* cannot be made to call a tool/);
  });
});

async function collect(stream: AsyncIterable<AIMessageChunk>): Promise<{ message: AIMessageChunk; texts: string[] }> {
  let message: AIMessageChunk | undefined;
  const texts: string[] = [];
  for await (const chunk of stream) {
    message = message === undefined ? chunk : concat(message, chunk);
    if (chunk.text !== '') texts.push(chunk.text);
  }
  if (message === undefined) throw new Error('The stream had no chunk.');
  return { message, texts };
}

function expectUsage({ details }: Wire, usage: UsageMetadata | undefined): void {
  expect(usage).toMatchObject({
    input_tokens: USAGE.prompt,
    output_tokens: USAGE.completion,
    total_tokens: USAGE.total,
  });
  expect(usage?.input_token_details?.cache_read || undefined).toBe(details.cached);
  expect(usage?.output_token_details?.reasoning || undefined).toBe(details.reasoning);
}
