import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import {
  CALLS,
  CITATION,
  createTestFormat,
  EVENTFUL,
  FACTS,
  finalResponse,
  parseBody,
  readEvents,
  toDeltaEvent,
  toResult,
  toStream,
  toUsageEvent,
  writeEvents,
  writePieces,
  writeResponse,
} from './responses-support.ts';

describe('a finished answer', () => {
  it('is a response with the text, the usage, the request and our facts', () => {
    const body = parseBody({
      instructions: 'Be brief.',
      temperature: 0.5,
      metadata: { a: 'b' },
      store: true,
      user: 'u',
      tools: [{ type: 'function', name: 'f' }],
      reasoning: { effort: 'low' },
      text: { verbosity: 'low' },
    });
    const response = writeResponse(toResult({ content: 'Hello', annotations: [CITATION] }), createTestFormat(body));
    expect(response).toEqual({
      id: 'resp_1',
      object: 'response',
      created_at: 1_700_000_000,
      completed_at: 1_700_000_009,
      status: 'completed',
      error: null,
      incomplete_details: null,
      model: 'gpt-test-1',
      output: [
        {
          id: 'msg_1',
          type: 'message',
          status: 'completed',
          role: 'assistant',
          content: [
            {
              type: 'output_text',
              text: 'Hello',
              annotations: [
                { type: 'url_citation', url: 'https://example.com/', title: 'Example', start_index: 0, end_index: 5 },
              ],
              logprobs: [],
            },
          ],
        },
      ],
      usage: {
        input_tokens: 12,
        input_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 },
        output_tokens: 8,
        output_tokens_details: { reasoning_tokens: 3 },
        total_tokens: 20,
      },
      background: false,
      instructions: 'Be brief.',
      max_output_tokens: null,
      max_tool_calls: null,
      metadata: { a: 'b' },
      parallel_tool_calls: true,
      previous_response_id: null,
      prompt_cache_key: null,
      prompt_cache_retention: null,
      reasoning: { effort: 'low', summary: null },
      safety_identifier: null,
      service_tier: null,
      store: false,
      temperature: 0.5,
      text: { format: { type: 'text' }, verbosity: 'low' },
      tool_choice: 'auto',
      tools: [{ type: 'function', name: 'f', parameters: null, strict: null }],
      top_logprobs: 0,
      top_p: null,
      truncation: 'disabled',
      user: 'u',
      sluice: FACTS,
    });
  });

  it('puts reasoning first and calls last', () => {
    const { output } = writeResponse(
      toResult({ reasoning_content: 'hm', content: 'wait', tool_calls: CALLS }, 'tool_calls'),
    );
    expect(output).toMatchObject([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: expect.any(String) },
      { type: 'message', content: [{ text: 'wait' }] },
      { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Bern"}', status: 'completed' },
      { type: 'function_call', call_id: 'call_2', name: 'weather', arguments: '{}', status: 'completed' },
    ]);
    expect(new Set(output.map(({ id }) => id)).size).toBe(4);
  });

  it('says what cut it', () => {
    expect(writeResponse(toResult({ content: 'Hel' }, 'length'))).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ type: 'message', status: 'incomplete' }],
    });
    expect(writeResponse(toResult({ content: 'wait', tool_calls: CALLS.slice(1) }, 'length')).output).toMatchObject([
      { type: 'message', status: 'completed' },
      { type: 'function_call', status: 'incomplete' },
    ]);
    expect(writeResponse(toResult({ reasoning_content: 'hm' }, 'length')).output).toMatchObject([
      { type: 'reasoning', status: 'incomplete' },
    ]);
    const filtered = writeResponse(toResult({}, 'content_filter'));
    expect(filtered).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } });
    expect(filtered.output).toEqual([]);
    expect(filtered).not.toHaveProperty('completed_at');
  });

  it('gives refusals, custom calls and log probabilities their own form', () => {
    const result = toResult({
      refusal: 'I cannot.',
      tool_calls: [{ id: 'call_1', type: 'custom', custom: { name: 'patch', input: '+ line' } }],
    });
    expect(writeResponse(result).output).toMatchObject([
      { type: 'message', content: [{ type: 'refusal', refusal: 'I cannot.' }] },
      { type: 'custom_tool_call', call_id: 'call_1', name: 'patch', input: '+ line' },
    ]);
    const { completion } = toResult({ content: 'é' });
    const top_logprobs = [{ token: 'é', logprob: -0.1, bytes: [195, 169] }];
    const [choice] = completion.choices;
    if (choice)
      choice.logprobs = { content: [{ token: 'é', logprob: -0.1, bytes: null, top_logprobs }], refusal: null };
    expect(writeResponse({ completion }).output).toMatchObject([
      { content: [{ logprobs: [{ token: 'é', logprob: -0.1, bytes: [195, 169], top_logprobs }] }] },
    ]);
  });

  it('holds an empty message when the model said nothing', () => {
    expect(writeResponse(toResult({ content: '' })).output).toMatchObject([
      { type: 'message', content: [{ type: 'output_text', text: '' }] },
    ]);
  });

  it('leaves usage out when the upstream did not tell it', () => {
    const { completion } = toResult({ content: 'x' });
    const { usage: _usage, ...rest } = completion;
    expect(writeResponse({ completion: rest })).not.toHaveProperty('usage');
  });
});

describe('a stream', () => {
  it('tells a text in the order of events that OpenAI has', async () => {
    const events = await writeEvents([
      toDeltaEvent({ role: 'assistant', content: '' }),
      toDeltaEvent({ content: 'Hel' }),
      toDeltaEvent({ content: 'lo' }),
      toDeltaEvent({}, { finish_reason: 'stop' }),
      toUsageEvent(),
    ]);
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events[0]?.response).toMatchObject({ id: 'resp_1', status: 'in_progress', output: [], model: 'gpt-test-1' });
    expect(events[4]).toEqual({
      type: 'response.output_text.delta',
      sequence_number: 4,
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      delta: 'Hel',
      logprobs: [],
    });
    expect(finalResponse(events)).toMatchObject({ status: 'completed', usage: { total_tokens: 20 }, sluice: FACTS });
  });

  it('keeps texts, reasoning and parallel calls apart when they come in turns', async () => {
    const events = await writeEvents(EVENTFUL);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
    const told = events
      .slice(2, -1)
      .map(({ type, output_index }) => `${output_index} ${type.slice('response.'.length)}`);
    expect(told).toEqual([
      '0 output_item.added',
      '0 reasoning_summary_part.added',
      '0 reasoning_summary_text.delta',
      '0 reasoning_summary_text.delta',
      '0 reasoning_summary_text.done',
      '0 reasoning_summary_part.done',
      '0 output_item.done',
      '1 output_item.added',
      '1 content_part.added',
      '1 output_text.delta',
      '2 output_item.added',
      '2 function_call_arguments.delta',
      '3 output_item.added',
      '3 function_call_arguments.delta',
      '1 output_text.delta',
      '3 function_call_arguments.delta',
      '2 function_call_arguments.delta',
      '1 content_part.added',
      '1 refusal.delta',
      '1 output_text.annotation.added',
      '1 output_text.done',
      '1 content_part.done',
      '1 refusal.done',
      '1 content_part.done',
      '1 output_item.done',
      '2 function_call_arguments.done',
      '2 output_item.done',
      '3 function_call_arguments.done',
      '3 output_item.done',
    ]);
    expect(finalResponse(events).output).toMatchObject([
      { type: 'reasoning', summary: [{ text: 'Let me think.' }] },
      {
        type: 'message',
        content: [
          { type: 'output_text', text: 'Hello world', annotations: [{ url: 'https://example.com/' }] },
          { type: 'refusal' },
        ],
      },
      { type: 'function_call', call_id: 'call_1', arguments: '{"a":1}' },
      { type: 'function_call', call_id: 'call_2', arguments: '{}' },
    ]);
  });

  it('ends as the same response as the answer that was not streamed', async () => {
    const message = {
      content: 'Hello world',
      reasoning_content: 'Let me think.',
      thinking_blocks: [{ type: 'thinking' as const, thinking: 'Let me think.', signature: 'sig' }],
      tool_calls: [
        { id: 'call_1', type: 'function' as const, function: { name: 'f', arguments: '{"a":1}' } },
        { id: 'call_2', type: 'function' as const, function: { name: 'g', arguments: '{}' } },
      ],
      refusal: 'No more.',
      annotations: [CITATION],
    };
    expect(finalResponse(await writeEvents(EVENTFUL))).toEqual(writeResponse(toResult(message, 'tool_calls')));
  });

  it('writes at most one piece per batch, none for a batch without news, and no [DONE]', async () => {
    const pieces = await writePieces([
      [toDeltaEvent({ role: 'assistant', content: '' })],
      [toDeltaEvent({ content: '' })],
      [toDeltaEvent({ content: 'a' }), toDeltaEvent({ content: 'b' })],
      [toDeltaEvent({}, { finish_reason: 'stop' })],
      [toUsageEvent()],
    ]);
    expect(pieces.map((piece) => readEvents(piece).length)).toEqual([2, 4, 3, 1]);
    expect(pieces.join('')).not.toContain('[DONE]');
  });

  it('tells the calls before it waits for the facts', async () => {
    let settled = false;
    const hooks = {
      onEvent: () => {},
      settle: async () => {
        settled = true;
        return FACTS;
      },
    };
    const call = { index: 0, id: 'call_1', type: 'function' as const, function: { name: 'f', arguments: '{}' } };
    const stream = toStream([[toDeltaEvent({ tool_calls: [call] }, { finish_reason: 'tool_calls' })]]);
    for await (const piece of createTestFormat().toPieces(stream, hooks)) {
      if (String(piece).includes('response.output_item.done')) expect(settled).toBe(false);
    }
    expect(settled).toBe(true);
  });

  it('waits for the name of a call that sends its arguments first', async () => {
    const events = await writeEvents([
      toDeltaEvent({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { arguments: '{"a"' } }] }),
      toDeltaEvent({ tool_calls: [{ index: 0, function: { name: 'f', arguments: ':1}' } }] }),
      toDeltaEvent({}, { finish_reason: 'tool_calls' }),
    ]);
    const added = events.find(({ type }) => type === 'response.output_item.added');
    expect(added?.item).toMatchObject({ name: 'f', arguments: '' });
    expect(finalResponse(events).output).toMatchObject([{ name: 'f', arguments: '{"a":1}' }]);
  });

  it('puts the signature of a call before the call, and that of a text after it', async () => {
    const signed = {
      index: 0,
      id: 'call_1',
      type: 'function' as const,
      function: { name: 'f', arguments: '{}' },
      extra_content: { google: { thought_signature: 'one' } },
    };
    const events = await writeEvents([
      toDeltaEvent({ content: 'a' }),
      toDeltaEvent({ tool_calls: [signed] }),
      toDeltaEvent({ extra_content: { google: { thought_signature: 'two' } } }, { finish_reason: 'tool_calls' }),
    ]);
    expect(finalResponse(events).output.map(({ type }) => type)).toEqual([
      'message',
      'reasoning',
      'function_call',
      'reasoning',
    ]);
  });

  it('ends incomplete when the answer was cut', async () => {
    const events = await writeEvents([toDeltaEvent({ content: 'Hel' }), toDeltaEvent({}, { finish_reason: 'length' })]);
    expect(events.at(-1)?.type).toBe('response.incomplete');
    expect(finalResponse(events)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ status: 'incomplete' }],
    });
  });

  it('throws what the stream throws, and then tells it as an error and a failed response', async () => {
    const format = createTestFormat();
    const error = new AppError('rate_limit', 'Slow down.', { details: { attempts: [] } });
    async function* breaking() {
      yield [toDeltaEvent({ content: 'Hel' })];
      throw error;
    }
    let text = '';
    const read = async () => {
      for await (const piece of format.toPieces(breaking(), { onEvent: () => {}, settle: async () => FACTS }))
        text += piece;
    };
    await expect(read()).rejects.toBe(error);
    const before = readEvents(text);
    const events = readEvents(format.toErrorPiece?.(error) ?? '');
    expect(events).toMatchObject([
      {
        type: 'error',
        sequence_number: before.length,
        code: 'rate_limit_exceeded',
        message: 'Slow down.',
        param: null,
        error: { type: 'rate_limit_error', code: 'rate_limit_exceeded', message: 'Slow down.', param: null },
        sluice: { attempts: [] },
      },
      {
        type: 'response.failed',
        sequence_number: before.length + 1,
        response: {
          id: 'resp_1',
          status: 'failed',
          error: { code: 'rate_limit_exceeded', message: 'Slow down.' },
          output: [{ type: 'message', status: 'incomplete', content: [{ text: 'Hel' }] }],
        },
      },
    ]);
  });

  it('tells of a failure that came before the first event, without the inside of it', () => {
    const piece = createTestFormat().toErrorPiece?.(new Error('10.0.0.1 refused')) ?? '';
    expect(readEvents(piece).map(({ type }) => type)).toEqual(['error', 'response.failed']);
    expect(piece).not.toContain('10.0.0.1');
  });
});
