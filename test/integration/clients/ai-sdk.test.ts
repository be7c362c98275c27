import { createOpenAICompatible, type OpenAICompatibleProvider } from '@ai-sdk/openai-compatible';
import { generateObject, generateText, type LanguageModelUsage, stepCountIs, streamObject, streamText, tool } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ClientGateway, expectSecondTurn, startClientGateway, WIRES } from './gateway.ts';
import { INPUTS, JSON_VALUE, RESULTS, TEXT, TEXTS, THOUGHT, THOUGHTS, TOOL, USAGE, type Wire } from './wires/wire.ts';

const WEATHER = z.object({ city: z.string(), celsius: z.number() });
const PROMPT = 'How is the weather in Zürich and in Oslo?';
/** The SDK sends readable thinking back, and nothing that its own types have no field for. */
const KEPT = { state: false, reasoning: THOUGHT };

// A setting that a provider cannot have is meant here.
globalThis.AI_SDK_LOG_WARNINGS = false;

let gateway: ClientGateway;
let sluice: OpenAICompatibleProvider;
let plain: OpenAICompatibleProvider;

beforeAll(async () => {
  gateway = await startClientGateway();
  const settings = { name: 'sluice', baseURL: `${gateway.url}/v1`, includeUsage: true };
  sluice = createOpenAICompatible({ ...settings, supportsStructuredOutputs: true });
  plain = createOpenAICompatible(settings);
});

afterAll(() => gateway.close());

describe.each(WIRES)('the AI SDK over $provider', (wire) => {
  const options = { prompt: PROMPT, maxRetries: 0 };

  it('generates text, with usage', async () => {
    gateway.play(wire, 'text');
    const { text, finishReason, usage } = await generateText({ ...options, model: sluice(wire.agent) });
    expect(text).toBe(TEXT);
    expect(finishReason).toBe('stop');
    expectUsage(wire, usage);
  });

  it('streams text as the vendor cuts it, with usage', async () => {
    gateway.play(wire, 'text');
    const result = streamText({ ...options, model: sluice(wire.agent) });
    const texts: string[] = [];
    for await (const text of result.textStream) texts.push(text);
    expect(texts).toEqual(TEXTS);
    expect(await result.finishReason).toBe('stop');
    expectUsage(wire, await result.usage);
  });

  it('goes through the steps of parallel tool calls', async () => {
    const asked = gateway.play(wire, 'calls', 'text');
    const { steps, text } = await generateText({
      ...options,
      model: sluice(wire.agent),
      tools: { [TOOL]: createWeather() },
      stopWhen: stepCountIs(3),
      providerOptions: { sluice: { reasoningEffort: 'low' } },
    });
    expect(text).toBe(TEXT);
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop']);
    expect(steps[0]?.reasoningText).toBe(wire.thinks ? THOUGHT : undefined);
    expect(steps[0]?.toolCalls.map(({ input }) => input)).toEqual(INPUTS);
    expect(steps[0]?.toolResults.map(({ output }) => output)).toEqual(RESULTS);
    expectSecondTurn(wire, asked.bodies[1], KEPT);
  });

  it('streams the steps of parallel tool calls', async () => {
    const asked = gateway.play(wire, 'calls', 'text');
    const result = streamText({
      ...options,
      model: sluice(wire.agent),
      tools: { [TOOL]: createWeather() },
      stopWhen: stepCountIs(3),
    });
    const thoughts: string[] = [];
    const inputs: unknown[] = [];
    for await (const part of result.fullStream) {
      if (part.type === 'reasoning-delta') thoughts.push(part.text);
      if (part.type === 'tool-call') inputs.push(part.input);
      if (part.type === 'error') throw part.error;
    }
    expect(thoughts).toEqual(wire.thinks ? THOUGHTS : []);
    expect(inputs).toEqual(INPUTS);
    expect(await result.text).toBe(TEXT);
    expectSecondTurn(wire, asked.bodies[1], KEPT);
  });

  it('generates an object by a zod schema, whole and streamed', async () => {
    const asked = gateway.play(wire, 'json', 'json');
    const request = { ...options, model: sluice(wire.agent), schema: WEATHER };
    expect((await generateObject(request)).object).toEqual(JSON_VALUE);
    const result = streamObject(request);
    for await (const partial of result.partialObjectStream) expect(JSON_VALUE).toMatchObject(partial);
    expect(await result.object).toEqual(JSON_VALUE);
    for (const body of asked.bodies) {
      expect(wire.readSchema(body)).toMatchObject({ type: 'object', required: ['city', 'celsius'] });
    }
  });

  it('generates an object in JSON mode, where the SDK is not told of schemas', async () => {
    const asked = gateway.play(wire, 'json');
    const { object } = await generateObject({ ...options, model: plain(wire.agent), schema: WEATHER });
    expect(object).toEqual(JSON_VALUE);
    expect(wire.readSchema(asked.bodies[0] ?? {})).toBeUndefined();
  });
});

function createWeather() {
  return tool({
    description: 'The weather in a city.',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => RESULTS[INPUTS.findIndex((input) => input.city === city)] ?? '',
  });
}

function expectUsage({ details }: Wire, usage: LanguageModelUsage): void {
  expect(usage).toMatchObject({
    inputTokens: USAGE.prompt,
    outputTokens: USAGE.completion,
    totalTokens: USAGE.total,
  });
  expect(usage.cachedInputTokens || undefined).toBe(details.cached);
  expect(usage.reasoningTokens || undefined).toBe(details.reasoning);
}
