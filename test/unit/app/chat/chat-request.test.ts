import { describe, expect, it } from 'vitest';
import { historyOf, lastUserText, toChatRequest, withLegDefaults } from '../../../../shared/app/chat/chat-request.ts';
import type { AgentConfig, LegConfig } from '../../../../shared/config/types.ts';
import type { ChatRequest } from '../../../../shared/contracts/chat-provider.ts';
import type { ChatBody } from '../../../../shared/http/schemas/chat-schema.ts';

const user = { role: 'user' as const, content: 'Hello' };
const body = (fields: Partial<ChatBody> = {}): ChatBody => ({ model: 'default', messages: [user], ...fields });
const agent = (fields: Partial<AgentConfig>): AgentConfig => fields as AgentConfig;
const leg = (fields: Partial<LegConfig>): LegConfig => fields as LegConfig;

describe('the request that providers see', () => {
  it('has no field of ours, of the transport, or of nothing', () => {
    const request = toChatRequest(
      body({
        stream: true,
        stream_options: { include_usage: true },
        sluice: { retrieval: true },
        temperature: 0,
        stop: null,
        tools: null,
        seed: undefined,
        store: false,
      }),
      undefined,
      undefined,
    );
    expect(request).toEqual({ model: 'default', messages: [user], temperature: 0, store: false });
    expect(Object.keys(request)).not.toContain('seed');
  });

  it('leaves the caller’s messages as they are and in their place', () => {
    const given = body({ messages: [{ role: 'system', content: 'Mine.' }, user] });
    const before = structuredClone(given);
    const request = toChatRequest(given, agent({ prompt: 'Agent.' }), 'Context.');
    expect(request.messages).toEqual([
      { role: 'system', content: 'Agent.' },
      { role: 'system', content: 'Context.' },
      { role: 'system', content: 'Mine.' },
      user,
    ]);
    expect(given).toEqual(before);
    expect(request.messages.at(-1)).toBe(given.messages.at(-1));
  });

  it.each<[AgentConfig | undefined, string | undefined, string[]]>([
    [undefined, undefined, []],
    [agent({}), '', []],
    [agent({ prompt: '' }), undefined, []],
    [agent({ prompt: 'Agent.' }), undefined, ['Agent.']],
    [undefined, 'Context.', ['Context.']],
  ])('says only what there is to say before them', (given, context, expected) => {
    const { messages } = toChatRequest(body(), given, context);
    expect(messages.slice(0, -1).map(({ content }) => content)).toEqual(expected);
  });
});

describe('the settings of a leg', () => {
  const request = (fields: Partial<ChatRequest> = {}): ChatRequest => ({ model: 'm', messages: [user], ...fields });

  it('fill what the caller left open: the leg’s before the agent’s', () => {
    const own = leg({ temperature: 0, maxTokens: 10 });
    const its = agent({ temperature: 0.7, maxTokens: 1000 });
    expect(withLegDefaults(request(), own, its)).toMatchObject({ temperature: 0, max_tokens: 10 });
    expect(withLegDefaults(request(), leg({}), its)).toMatchObject({ temperature: 0.7, max_tokens: 1000 });
    expect(withLegDefaults(request(), own, undefined)).toMatchObject({ temperature: 0, max_tokens: 10 });
  });

  it('never replace what the caller said', () => {
    const own = leg({ temperature: 1, maxTokens: 10 });
    expect(withLegDefaults(request({ temperature: 0, max_tokens: 5 }), own, undefined)).toMatchObject({
      temperature: 0,
      max_tokens: 5,
    });
    const modern = withLegDefaults(request({ max_completion_tokens: 5 }), own, undefined);
    expect(modern).not.toHaveProperty('max_tokens');
  });

  it('leave the temperature alone where the caller chose by top_p', () => {
    const filled = withLegDefaults(request({ top_p: 0.9 }), leg({ temperature: 0.3, maxTokens: 10 }), undefined);
    expect(filled).toMatchObject({ top_p: 0.9, max_tokens: 10 });
    expect(filled).not.toHaveProperty('temperature');
  });

  it('change nothing when there are none, and never the request itself', () => {
    const given = request();
    expect(withLegDefaults(given, leg({}), agent({}))).toBe(given);
    withLegDefaults(given, leg({ temperature: 1 }), undefined);
    expect(given).toEqual(request());
  });
});

describe('the text that retrieval looks for', () => {
  it('is the last that a user wrote', () => {
    const messages: ChatBody['messages'] = [
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'answer' },
      { role: 'user', content: 'second' },
      { role: 'tool', content: 'result', tool_call_id: 'c' },
    ];
    expect(lastUserText(messages)).toBe('second');
  });

  it('is the text among other parts', () => {
    const content = [
      { type: 'text' as const, text: 'What is' },
      { type: 'image_url' as const, image_url: { url: 'data:x' } },
      { type: 'text' as const, text: 'this?' },
    ];
    const text = lastUserText([{ role: 'user', content }]);
    expect(text.split(/\s+/).join(' ')).toBe('What is this?');
    expect(text).not.toContain('data:x');
  });

  it('is empty when no user wrote', () => {
    expect(lastUserText([{ role: 'system', content: 'x' }])).toBe('');
  });
});

describe('the conversation before the question', () => {
  it('is what user and assistant said, as text', () => {
    const messages: ChatBody['messages'] = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: [{ type: 'text', text: 'One?' }] },
      { role: 'assistant', content: null },
      { role: 'tool', content: '{}', tool_call_id: 'c1' },
      { role: 'assistant', content: 'Yes.' },
      { role: 'user', content: 'And two?' },
      { role: 'assistant', content: 'Not yet said' },
    ];
    expect(historyOf(messages)).toEqual([
      { role: 'user', text: 'One?' },
      { role: 'assistant', text: 'Yes.' },
    ]);
    expect(historyOf(messages.slice(0, 1))).toEqual([]);
    expect(historyOf([])).toEqual([]);
  });
});
