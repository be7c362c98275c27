import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSchemaCheck } from '../../../../shared/app/chat/schema-check.ts';
import type { ReactTool } from '../../../../shared/app/react/react-types.ts';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import type { ChatRequest } from '../../../../shared/contracts/chat-provider.ts';
import { complete, type ScriptedRun, stream, toTool } from './scripted-turns.ts';

afterEach(() => {
  vi.useRealTimers();
});

const asks = (...calls: readonly (readonly [string, string])[]): ScriptedRun['turns'] => [
  { calls },
  { content: 'Done.' },
];

/** One call of the tool; what the model was told, and the step. */
async function call(tool: ReactTool, input = '{}') {
  const { asked, report, failures } = await complete({ turns: asks([tool.name, input]), tools: [tool] });
  return { result: resultsOf(asked[1])[0] as string, step: report.steps[0], failures };
}

const resultsOf = (request: ChatRequest | undefined): unknown[] =>
  request?.messages.filter(({ role }) => role === 'tool').map(({ content }) => content) ?? [];

describe('a tool that fails', () => {
  it.each<[string, unknown, string, string]>([
    [
      'by a status',
      new AppError('server_error', 'http://10.0.0.1 said', { upstreamStatus: 500 }),
      'server_error',
      'The tool answered with HTTP status 500.',
    ],
    [
      'by being blocked',
      new AppError('blocked_url', '10.0.0.1 is private'),
      'blocked_url',
      'The tool may not be reached from here.',
    ],
    ['by its connection', new AppError('network', 'connect 10.0.0.1'), 'network', 'The tool could not be reached.'],
    ['by a setting', new AppError('configuration', 'The secret x is missing.'), 'configuration', 'The tool failed.'],
    ['in its own words', new Error('password=hunter2'), 'server_error', 'The tool failed.'],
    [
      'over its arguments',
      new AppError('invalid_request', 'The city is unknown.'),
      'invalid_request',
      'The city is unknown.',
    ],
  ])('%s tells the model no more than that', async (_, error, code, message) => {
    const { result, step, failures } = await call(
      toTool('weather', async () => {
        throw error;
      }),
    );
    expect(JSON.parse(result)).toEqual({ error: message });
    expect(step).toMatchObject({ tool: 'weather', error: code, result });
    expect(failures).toEqual([['weather', expect.objectContaining({ code })]]);
  });

  it('at once, before it gives a promise, fails the same way', async () => {
    const { step } = await call(
      toTool('weather', () => {
        throw new Error('broken');
      }),
    );
    expect(step).toMatchObject({ error: 'server_error' });
  });

  it('to answer in its time is left behind, and told so through its signal', async () => {
    vi.useFakeTimers();
    let signal: AbortSignal | undefined;
    const tool = toTool(
      'weather',
      (_input, given) => {
        signal = given;
        return new Promise(() => {});
      },
      { timeoutMs: 50 },
    );
    const running = call(tool);
    await vi.advanceTimersByTimeAsync(50);
    const { result, step } = await running;
    expect(JSON.parse(result)).toEqual({ error: 'The tool did not answer in time.' });
    expect(step).toMatchObject({ error: 'timeout' });
    expect(signal?.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('by its time is a timeout, however it words its abort', async () => {
    vi.useFakeTimers();
    const tool = toTool(
      'weather',
      (_input, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new AppError('cancelled', 'Aborted.')));
        }),
      { timeoutMs: 50 },
    );
    const running = call(tool);
    await vi.advanceTimersByTimeAsync(50);
    expect((await running).step).toMatchObject({ error: 'timeout' });
  });

  it('does not keep the others from answering', async () => {
    const broken = toTool('broken', async () => {
      throw new Error('no');
    });
    const { asked, report } = await complete({
      turns: asks(['broken', '{}'], ['weather', '{}']),
      tools: [broken, toTool('weather')],
    });
    expect(resultsOf(asked[1])).toEqual(['{"error":"The tool failed."}', 'weather {}']);
    expect(report.steps.map(({ error }) => error)).toEqual(['server_error', undefined]);
  });
});

describe('the calls of a turn', () => {
  const typed = (run?: ReactTool['run']): ReactTool => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    return toTool('weather', run, { parameters, check: () => createSchemaCheck(parameters) });
  };

  it.each([
    ['{}', 'city'],
    ['{"city":3}', 'must be string'],
  ])('are not run with arguments that do not fit: %s', async (input, told) => {
    const run = vi.fn();
    const { result, step } = await call(typed(run), input);
    expect(run).not.toHaveBeenCalled();
    expect(JSON.parse(result).error).toContain(told);
    expect(step).toMatchObject({ error: 'invalid_arguments', arguments: JSON.parse(input) });
  });

  it('are run with arguments that fit', async () => {
    expect((await call(typed(), '{"city":"Paris"}')).result).toBe('weather {"city":"Paris"}');
  });

  it('are limited to 16 at once', async () => {
    const weather = vi.fn(async () => ({ text: 'sun' }));
    const many = Array.from({ length: 18 }, () => ['weather', '{}'] as const);
    const { asked, report } = await complete({ turns: asks(...many), tools: [toTool('weather', weather)] });
    expect(weather).toHaveBeenCalledTimes(16);
    expect(resultsOf(asked[1])).toHaveLength(18);
    expect(report.steps.filter(({ error }) => error === 'too_many_calls')).toHaveLength(2);
  });

  it('give results that are cut where they are too long, and shown in part', async () => {
    const text = `${'a'.repeat(31_999)}\ud83d\ude00 and more`;
    const { result, step } = await call(toTool('weather', async () => ({ text })));
    expect(result).toBe(`${'a'.repeat(31_999)}\ufffd\n[cut: 32000 of ${text.length} characters]`);
    expect(step).toMatchObject({ result_characters: text.length, result: 'a'.repeat(500) });
  });

  it('show no arguments that are very long', async () => {
    const { step } = await call(toTool('weather'), JSON.stringify({ text: 'x'.repeat(2_000) }));
    expect(step).not.toHaveProperty('arguments');
  });

  it('gather what they cite, each passage once and in the order of the numbers', async () => {
    const cite = (index: number) => ({ index, id: `chunk-${index}`, document_id: 'd', score: 0.5 });
    const search = toTool('search', async ({ first }) => ({
      text: '[]',
      citations: [cite(first as number), cite(1)],
    }));
    const { report } = await complete({
      turns: asks(['search', '{"first":3}'], ['search', '{"first":2}']),
      tools: [search],
    });
    expect(report.citations).toEqual([cite(1), cite(2), cite(3)]);
  });

  it.each([
    ['a finished answer', complete],
    ['a stream', stream],
  ])('end with the request when it is cancelled, as %s', async (_, run) => {
    const controller = new AbortController();
    const seen: AbortSignal[] = [];
    const tool = toTool('weather', (_input, signal) => {
      seen.push(signal);
      queueMicrotask(() => controller.abort(new AppError('cancelled', 'The client went away.')));
      return new Promise(() => {});
    });
    const running = run({
      turns: asks(['weather', '{}'], ['weather', '{}']),
      tools: [tool],
      signal: controller.signal,
    });
    await expect(running).rejects.toMatchObject({ code: 'cancelled', message: 'The client went away.' });
    expect(seen.map(({ aborted }) => aborted)).toEqual([true, true]);
  });
});

describe('the choice of tools', () => {
  const choose = (tool_choice: NonNullable<ChatRequest['tool_choice']>, maxIterations = 2) =>
    complete({
      turns: [
        {
          calls: [
            ['weather', '{}'],
            ['time', '{}'],
          ],
        },
      ],
      request: { tool_choice },
      maxIterations,
    });
  const allowed = (mode: 'auto' | 'required'): NonNullable<ChatRequest['tool_choice']> => ({
    type: 'allowed_tools',
    allowed_tools: { mode, tools: [{ type: 'function', function: { name: 'time' } }] },
  });

  it.each<[string, NonNullable<ChatRequest['tool_choice']>]>([
    ['a call', 'required'],
    ['one tool', { type: 'function', function: { name: 'weather' } }],
  ])('that demands %s is about the first turn', async (_, choice) => {
    const { asked } = await choose(choice);
    expect(asked[0]?.tool_choice).toEqual(choice);
    expect(asked[1]).not.toHaveProperty('tool_choice');
  });

  it('that forbids calls holds throughout, for a model that calls all the same too', async () => {
    const { asked, report } = await choose('none');
    expect(asked.map((request) => request.tool_choice)).toEqual(['none', 'none']);
    expect(report.steps.slice(0, 2).map(({ error }) => error)).toEqual(['not_offered', 'not_offered']);
    expect(resultsOf(asked[1])[0]).toContain('Use none.');
  });

  it('that allows some tools holds throughout, its demand for the first turn', async () => {
    const { asked, report } = await choose(allowed('required'));
    expect(asked.map((request) => request.tool_choice)).toEqual([allowed('required'), allowed('auto')]);
    expect(report.steps.slice(0, 2).map(({ tool, error }) => [tool, error])).toEqual([
      ['weather', 'not_offered'],
      ['time', undefined],
    ]);
  });
});
