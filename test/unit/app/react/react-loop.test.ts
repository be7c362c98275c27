import { describe, expect, it, vi } from 'vitest';
import type { ChatRequest } from '../../../../shared/contracts/chat-provider.ts';
import { callersTool, complete, type ScriptedTurn, stream, toTool, USAGE } from './scripted-turns.ts';

const answer: ScriptedTurn = { content: 'It is sunny.' };
const asksBoth: ScriptedTurn = {
  calls: [
    ['weather', '{"city":"Paris"}'],
    ['time', '{}'],
  ],
};

/** Both forms of a run see the same requests and steps. */
const FORMS = [
  ['a finished answer', complete],
  ['a stream', stream],
] as const;

describe.each(FORMS)('the loop of turns and tools, as %s', (_, run) => {
  it('is one turn when no tool is called', async () => {
    const { asked, report } = await run({ turns: [answer] });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.tools?.map((tool) => tool.type === 'function' && tool.function.name)).toEqual(['weather', 'time']);
    expect(report).toEqual({ steps: [], turns: [{ usage: USAGE, finish_reason: 'stop' }], citations: [] });
  });

  it('runs both tools a turn asks for, gives their results back in order, and the second turn answers', async () => {
    const { asked, report } = await run({ turns: [asksBoth, answer] });
    expect(asked).toHaveLength(2);
    expect(asked[1]?.messages).toEqual([
      { role: 'user', content: 'What is the weather?' },
      expect.objectContaining({
        role: 'assistant',
        content: expect.toSatisfy((content) => content === null || content === ''),
        tool_calls: [
          { id: 'call_1_0', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } },
          { id: 'call_1_1', type: 'function', function: { name: 'time', arguments: '{}' } },
        ],
      }),
      { role: 'tool', tool_call_id: 'call_1_0', content: 'weather {"city":"Paris"}' },
      { role: 'tool', tool_call_id: 'call_1_1', content: 'time {}' },
    ]);
    expect(report.steps).toEqual([
      {
        iteration: 1,
        tool: 'weather',
        arguments: { city: 'Paris' },
        latency_ms: 0,
        result_characters: 24,
        result: 'weather {"city":"Paris"}',
      },
      { iteration: 1, tool: 'time', arguments: {}, latency_ms: 0, result_characters: 7, result: 'time {}' },
    ]);
  });

  it('runs the tools of a turn at the same time', async () => {
    let running = 0;
    let most = 0;
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      return { text: 'done' };
    };
    await run({ turns: [asksBoth, answer], tools: [toTool('weather', work), toTool('time', work)] });
    expect(most).toBe(2);
  });

  it.each([1, 5, 10])('stops after %d turns that keep calling tools, and runs none for the last', async (limit) => {
    const weather = vi.fn(async () => ({ text: 'rain' }));
    const turns = [{ content: 'Let me see.', calls: [['weather', '{}']] }] as const;
    const { asked, report } = await run({ turns, tools: [toTool('weather', weather)], maxIterations: limit });
    expect(asked).toHaveLength(limit);
    expect(weather).toHaveBeenCalledTimes(limit - 1);
    expect(report.steps).toHaveLength(limit);
    expect(report.steps.at(-1)).toMatchObject({ iteration: limit, tool: 'weather', error: 'max_iterations' });
    expect(report.turns).toHaveLength(limit);
  });

  it('does not run a tool that was not offered, and tells the model so', async () => {
    const { asked, report, failures } = await run({ turns: [{ calls: [['delete_all', '{}']] }, answer] });
    expect(asked[1]?.messages.at(-1)).toEqual({
      role: 'tool',
      tool_call_id: 'call_1_0',
      content: '{"error":"There is no tool of this name. Tools: weather, time."}',
    });
    expect(report.steps[0]).toMatchObject({ tool: 'delete_all', error: 'not_offered' });
    expect(failures).toEqual([]);
  });

  it('sends back a name that no vendor takes in a form that they do', async () => {
    const { asked } = await run({ turns: [{ calls: [['rm -rf /', '{}']] }, answer] });
    expect(asked[1]?.messages[1]).toMatchObject({ tool_calls: [{ function: { name: 'rm_-rf__' } }] });
  });

  it.each(['{"city":', '[1]', '"text"', 'null'])('feeds back that the arguments %s are no object', async (input) => {
    const weather = vi.fn();
    const { asked, report } = await run({
      turns: [{ calls: [['weather', input]] }, answer],
      tools: [toTool('weather', weather)],
    });
    expect(weather).not.toHaveBeenCalled();
    // Vendors that parse the arguments themselves would refuse the conversation.
    expect(asked[1]?.messages[1]).toMatchObject({ tool_calls: [{ function: { name: 'weather', arguments: '{}' } }] });
    expect(asked[1]?.messages[2]?.content).toContain(`(${input.length} characters)`);
    expect(report.steps[0]).toMatchObject({ error: 'invalid_arguments' });
    expect(report.steps[0]).not.toHaveProperty('arguments');
  });

  it('takes empty arguments for none', async () => {
    const { asked, report } = await run({ turns: [{ calls: [['weather', '']] }, answer] });
    expect(report.steps[0]).toMatchObject({ arguments: {}, result: 'weather {}' });
    expect(asked[1]?.messages[1]).toMatchObject({ tool_calls: [{ function: { arguments: '{}' } }] });
  });

  it('gives the model its own message back with everything the provider put on it', async () => {
    const message = {
      reasoning_content: 'I should look.',
      thinking_blocks: [
        { type: 'thinking', thinking: 'I should look.', signature: 'signed' },
        { type: 'redacted_thinking', data: 'hidden' },
      ],
      extra_content: { google: { thought_signature: 'on the message' } },
      vendor_field: ['kept'],
    };
    const extra = { extra_content: { google: { thought_signature: 'on the call' } } };
    const { asked } = await run({ turns: [{ content: 'Wait.', message, calls: [['weather', '{}', extra]] }, answer] });
    expect(asked[1]?.messages[1]).toEqual({
      role: 'assistant',
      content: 'Wait.',
      refusal: null,
      ...message,
      tool_calls: [{ id: 'call_1_0', type: 'function', function: { name: 'weather', arguments: '{}' }, ...extra }],
    });
  });

  it('ends with the caller’s calls when a turn calls one of theirs, and runs none of ours beside it', async () => {
    const weather = vi.fn();
    const { asked, report } = await run({
      turns: [
        {
          calls: [
            ['weather', '{}'],
            ['theirs', '{"a":1}'],
          ],
        },
      ],
      tools: [toTool('weather', weather)],
      request: { tools: [callersTool('theirs')] },
    });
    expect(asked).toHaveLength(1);
    expect(weather).not.toHaveBeenCalled();
    expect(report.steps).toEqual([expect.objectContaining({ tool: 'weather', error: 'caller_goes_on' })]);
  });

  it.each(['length', 'content_filter'] as const)('runs no call of a turn that ended with %s', async (finish) => {
    const { asked, report } = await run({ turns: [{ calls: [['weather', '{"ci']], finish }] });
    expect(asked).toHaveLength(1);
    expect(report.steps).toEqual([expect.objectContaining({ tool: 'weather', error: 'cut_off' })]);
  });

  it('refuses what several turns cannot give, before any turn', async () => {
    const refusals: [Partial<ChatRequest>, string][] = [
      [{ n: 2 }, 'n'],
      [{ functions: [{ name: 'f' }] }, 'functions'],
      [{ tools: [callersTool('weather')] }, 'tools'],
    ];
    for (const [request, param] of refusals) {
      await expect(run({ turns: [], request })).rejects.toMatchObject({ code: 'invalid_request', param });
    }
    await run({ turns: [answer], request: { n: 1, functions: [], tools: [callersTool('other')] } });
  });
});
