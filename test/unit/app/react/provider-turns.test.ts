import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createReactLoop } from '../../../../shared/app/react/react-loop.ts';
import type { ChatProvider } from '../../../../shared/contracts/chat-provider.ts';
import { createAnthropicProvider } from '../../../../shared/providers/anthropic.ts';
import { createGeminiProvider } from '../../../../shared/providers/gemini.ts';
import { createScriptedFetch } from '../../../contracts/scripted-fetch.ts';
import { collectEvents, toChatCall } from '../../../support/chat-call.ts';
import { SIGNAL, toRequest, toTool } from './scripted-turns.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/providers/${name}`, import.meta.url), 'utf8');

/** The loop over a vendor's own adapter; gives what the vendor was sent in the second turn, and what came of it. */
async function run(provider: ChatProvider, model: string, answers: readonly string[]) {
  const bodies: Record<string, unknown>[] = [];
  const { fetch } = createScriptedFetch(({ body }) => {
    bodies.push(JSON.parse(body));
    return { headers: { 'content-type': 'text/event-stream' }, body: answers[bodies.length - 1] as string };
  });
  const loop = createReactLoop({ tools: [toTool('get_weather'), toTool('get_time')], maxIterations: 5 });
  const { events, report } = await loop.stream({
    request: toRequest(),
    signal: SIGNAL,
    turn: (request, signal) => provider.stream(toChatCall({ request, signal, fetch, model })),
  });
  const seen = await collectEvents(events);
  const deltas = seen.map(({ chunk }) => chunk.choices[0]?.delta ?? {});
  return {
    second: bodies[1] as Record<string, unknown>,
    text: deltas.map(({ content }) => content ?? '').join(''),
    calls: deltas.flatMap(({ tool_calls: calls }) => calls ?? []),
    finish: seen.flatMap(({ chunk }) => chunk.choices[0]?.finish_reason ?? []),
    steps: report().steps,
  };
}

describe('a second turn', () => {
  it('gives Anthropic its thinking back with the signatures, and the results in one turn', async () => {
    const { second, text, calls, finish } = await run(createAnthropicProvider(), 'claude-sonnet-4-5', [
      fixture('anthropic/thinking-and-tools.sse'),
      fixture('anthropic/text.sse'),
    ]);
    expect((second.messages as unknown[]).slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Two cities, two calls.', signature: 'c2lnbmF0dXJl' },
          { type: 'redacted_thinking', data: 'b3BhcXVl' },
          { type: 'text', text: 'Let me look.' },
          { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Köln' } },
          { type: 'tool_use', id: 'toolu_2', name: 'get_time', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_1', content: 'get_weather {"city":"Köln"}' },
          { type: 'tool_result', tool_use_id: 'toolu_2', content: 'get_time {}' },
        ],
      },
    ]);
    expect(text.startsWith('Let me look.\n\n')).toBe(true);
    expect(calls).toEqual([]);
    expect(finish).toEqual(['stop']);
  });

  it('gives Gemini the signature of its call back', async () => {
    const call = { functionCall: { name: 'get_weather', args: { city: 'Köln' } }, thoughtSignature: 'c2lnbmVk' };
    const event = (part: object): string =>
      `data: ${JSON.stringify({ candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP' }] })}\n\n`;
    const { second, text, steps } = await run(createGeminiProvider(), 'gemini-3-flash-preview', [
      event(call),
      event({ text: 'It is sunny.' }),
    ]);
    const [, answer, results] = second.contents as [unknown, { parts: unknown[] }, { parts: unknown[] }];
    expect(answer.parts).toEqual([expect.objectContaining({ thoughtSignature: 'c2lnbmVk' })]);
    expect(results.parts).toMatchObject([{ functionResponse: { name: 'get_weather' } }]);
    expect(text).toBe('It is sunny.');
    expect(steps).toMatchObject([{ tool: 'get_weather', arguments: { city: 'Köln' } }]);
  });
});
