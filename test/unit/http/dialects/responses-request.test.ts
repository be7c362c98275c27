import { describe, expect, it } from 'vitest';
import { toChatBody } from '../../../../shared/http/dialects/responses-request.ts';
import { decodeReasoningState, encodeReasoningState } from '../../../../shared/http/dialects/responses-state.ts';
import { chatSchema } from '../../../../shared/http/schemas/chat-schema.ts';
import { parseBody, toResult, writeResponse } from './responses-support.ts';

const IMAGE = 'data:image/png;base64,iVBORw0KGgo=';
const PDF = 'data:application/pdf;base64,JVBERi0=';

describe('toChatBody', () => {
  it('takes a text with instructions and every parameter to its name in Chat Completions', () => {
    const chat = toChatBody(
      parseBody({
        instructions: 'Be brief.',
        temperature: 0,
        top_p: 0.5,
        max_output_tokens: 100,
        parallel_tool_calls: false,
        reasoning: { effort: 'low', summary: 'auto' },
        text: {
          verbosity: 'low',
          format: { type: 'json_schema', name: 'answer', schema: { type: 'object' }, strict: true },
        },
        user: 'u',
        safety_identifier: 's',
        prompt_cache_key: 'k',
        prompt_cache_retention: '24h',
        service_tier: 'flex',
        stream: true,
        stream_options: { include_obfuscation: false },
        top_logprobs: 2,
        sluice: { retrieval: { top_k: 3 } },
      }),
    );
    expect(chat).toEqual({
      model: 'default',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
      temperature: 0,
      top_p: 0.5,
      max_completion_tokens: 100,
      parallel_tool_calls: false,
      reasoning_effort: 'low',
      verbosity: 'low',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema: { type: 'object' }, strict: true },
      },
      user: 'u',
      safety_identifier: 's',
      prompt_cache_key: 'k',
      prompt_cache_retention: '24h',
      service_tier: 'flex',
      stream: true,
      logprobs: true,
      top_logprobs: 2,
      sluice: { retrieval: { top_k: 3 } },
    });
    expect(chatSchema.safeParse(chat).success).toBe(true);
  });

  it('leaves out what is null or belongs to the stored response alone', () => {
    const chat = toChatBody(
      parseBody({
        temperature: null,
        tools: null,
        text: { format: null },
        previous_response_id: null,
        conversation: null,
        background: false,
        prompt: null,
        store: true,
        metadata: { a: 'b' },
        truncation: 'disabled',
        max_tool_calls: 3,
        include: ['reasoning.encrypted_content'],
      }),
    );
    expect(chat).toEqual({ model: 'default', messages: [{ role: 'user', content: 'Hello' }] });
  });

  it('asks for log probabilities when they are to be included', () => {
    expect(toChatBody(parseBody({ include: ['message.output_text.logprobs'] })).logprobs).toBe(true);
  });

  it('translates tools and the choice among them', () => {
    const tools = [
      { type: 'function', name: 'look_up', description: 'd', parameters: { type: 'object' }, strict: true },
      { type: 'custom', name: 'patch', format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' } },
      { type: 'google_search' },
    ];
    const chat = toChatBody(parseBody({ tools, tool_choice: { type: 'function', name: 'look_up' } }));
    expect(chat.tools).toEqual([
      {
        type: 'function',
        function: { name: 'look_up', description: 'd', parameters: { type: 'object' }, strict: true },
      },
      {
        type: 'custom',
        custom: { name: 'patch', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "a"' } } },
      },
      { type: 'google_search' },
    ]);
    expect(chat.tool_choice).toEqual({ type: 'function', function: { name: 'look_up' } });
    const choose = (tool_choice: unknown) => toChatBody(parseBody({ tools, tool_choice })).tool_choice;
    expect(choose('required')).toBe('required');
    expect(choose({ type: 'custom', name: 'patch' })).toEqual({ type: 'custom', custom: { name: 'patch' } });
    expect(choose({ type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'look_up' }] })).toEqual({
      type: 'allowed_tools',
      allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'look_up' } }] },
    });
  });

  it('translates the parts of messages', () => {
    const chat = toChatBody(
      parseBody({
        input: [
          { role: 'developer', content: [{ type: 'input_text', text: 'rules' }] },
          {
            role: 'user',
            content: [
              { type: 'input_text', text: 'look' },
              { type: 'input_image', image_url: IMAGE, detail: 'original' },
              { type: 'input_file', file_data: PDF, filename: 'a.pdf' },
              { type: 'input_file', file_url: 'https://example.com/a.pdf' },
            ],
          },
          { role: 'assistant', content: 'seen' },
          { role: 'user', content: 'and?' },
        ],
      }),
    );
    expect(chat.messages).toEqual([
      { role: 'developer', content: [{ type: 'text', text: 'rules' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'look' },
          { type: 'image_url', image_url: { url: IMAGE, detail: 'high' } },
          { type: 'file', file: { file_data: PDF, filename: 'a.pdf' } },
          { type: 'file', file: { file_data: 'https://example.com/a.pdf' } },
        ],
      },
      { role: 'assistant', content: 'seen' },
      { role: 'user', content: 'and?' },
    ]);
    expect(chatSchema.safeParse(chat).success).toBe(true);
  });

  it('makes one assistant turn of the reasoning, texts and calls between two turns of the caller', () => {
    const encrypted_content = encodeReasoningState({
      thinkingBlocks: [{ type: 'thinking', thinking: 'hm', signature: 'sig' }],
      callExtras: { call_b: { google: { thought_signature: 'xyz' } } },
    });
    const chat = toChatBody(
      parseBody({
        input: [
          { role: 'user', content: 'weather?' },
          { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content },
          { type: 'function_call', call_id: 'call_a', name: 'weather', arguments: '{"city":"Bern"}', id: 'fc_1' },
          {
            type: 'message',
            role: 'assistant',
            id: 'msg_1',
            status: 'completed',
            content: [{ type: 'output_text', text: 'one moment', annotations: [], logprobs: [] }],
          },
          { type: 'function_call', call_id: 'call_b', name: 'weather', arguments: '{"city":"Rome"}' },
          { type: 'function_call_output', call_id: 'call_b', output: [{ type: 'input_text', text: 'sun' }] },
          {
            type: 'function_call_output',
            call_id: 'call_a',
            output: [
              { type: 'input_text', text: 'rain' },
              { type: 'input_image', image_url: IMAGE },
            ],
          },
          { type: 'function_call', call_id: 'call_c', name: 'time', arguments: '{}' },
          { type: 'function_call_output', call_id: 'call_c', output: 'noon' },
        ],
      }),
    );
    expect(chat.messages).toEqual([
      { role: 'user', content: 'weather?' },
      {
        role: 'assistant',
        content: 'one moment',
        reasoning_content: 'hm',
        thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 'sig' }],
        tool_calls: [
          { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } },
          {
            id: 'call_b',
            type: 'function',
            function: { name: 'weather', arguments: '{"city":"Rome"}' },
            extra_content: { google: { thought_signature: 'xyz' } },
          },
        ],
      },
      { role: 'tool', tool_call_id: 'call_b', content: 'sun' },
      {
        role: 'tool',
        tool_call_id: 'call_a',
        content: [
          { type: 'text', text: 'rain' },
          { type: 'image_url', image_url: { url: IMAGE } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_c', type: 'function', function: { name: 'time', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'call_c', content: 'noon' },
    ]);
    expect(chatSchema.safeParse(chat).success).toBe(true);
  });

  it('gives back, from our own output, the very message the model sent', () => {
    const message = {
      role: 'assistant' as const,
      content: 'Let me look.',
      reasoning_content: 'They want two things.',
      thinking_blocks: [
        { type: 'thinking' as const, thinking: 'They want two things.', signature: 'c2ln' },
        { type: 'redacted_thinking' as const, data: 'b3BhcXVl' },
      ],
      tool_calls: [
        {
          id: 'call_1',
          type: 'function' as const,
          function: { name: 'weather', arguments: '{"city":"Bern"}' },
          extra_content: { google: { thought_signature: 'one' } },
        },
        { id: 'call_2', type: 'custom' as const, custom: { name: 'patch', input: '+ line' } },
      ],
      extra_content: { google: { thought_signature: 'text' } },
    };
    const { output } = writeResponse(toResult(message, 'tool_calls'));
    const chat = toChatBody(
      parseBody({
        input: [
          { role: 'user', content: 'go' },
          ...output,
          { type: 'function_call_output', call_id: 'call_1', output: 'rain' },
          { type: 'custom_tool_call_output', call_id: 'call_2', output: 'done' },
        ],
      }),
    );
    expect(chat.messages).toEqual([
      { role: 'user', content: 'go' },
      message,
      { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
      { role: 'tool', tool_call_id: 'call_2', content: 'done' },
    ]);
  });

  it('passes over reasoning that led to nothing, and keeps a refusal', () => {
    const reasoning = { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] };
    const refusal = { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] };
    const user = { role: 'user', content: 'x' };
    expect(toChatBody(parseBody({ input: [user, reasoning, user] })).messages).toEqual([user, user]);
    expect(toChatBody(parseBody({ input: [user, refusal, user] })).messages[1]).toEqual({
      role: 'assistant',
      content: [{ type: 'refusal', refusal: 'no' }],
    });
  });

  it.each([
    ['previous_response_id', { previous_response_id: 'resp_1' }, 'unsupported', /earlier items/],
    ['conversation', { conversation: { id: 'conv_1' } }, 'unsupported', /whole conversation/],
    ['background', { background: true }, 'unsupported', /`stream`/],
    ['prompt', { prompt: { id: 'pmpt_1' } }, 'unsupported', /`instructions`/],
    ['truncation', { truncation: 'auto' }, 'unsupported', /`disabled`/],
    ['include[0]', { include: ['file_search_call.results'] }, 'unsupported', /file_search_call\.results/],
    ['tools[1]', { tools: [{ type: 'function', name: 'f' }, { type: 'web_search' }] }, 'unsupported', /`web_search`/],
    ['tool_choice', { tool_choice: { type: 'file_search' } }, 'unsupported', /`file_search`/],
    ['input[0]', { input: [{ type: 'item_reference', id: 'msg_1' }] }, 'unsupported', /`store: false`/],
    [
      'input[0]',
      { input: [{ type: 'web_search_call', id: 'ws_1', status: 'completed' }] },
      'unsupported',
      /web_search_call/,
    ],
    [
      'input[0].content[0]',
      { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'file_1' }] }] },
      'unsupported',
      /`image_url`/,
    ],
    [
      'input[0].content[0]',
      { input: [{ role: 'user', content: [{ type: 'input_file', filename: 'a.pdf' }] }] },
      'invalid_request',
      /`file_data`/,
    ],
    [
      'input[0].call_id',
      { input: [{ type: 'function_call_output', call_id: 'call_1', output: '' }] },
      'invalid_request',
      /before its output/,
    ],
    [
      'input[0].encrypted_content',
      { input: [{ type: 'reasoning', summary: [], encrypted_content: 'gAAAAABo' }] },
      'invalid_request',
      /leave it out/,
    ],
    ['input', { input: [{ type: 'reasoning', summary: [] }] }, 'invalid_request', /at least one/],
  ])('refuses what %s asks for and says what to do', (param, fields, code, message) => {
    const body = parseBody(fields);
    expect(() => toChatBody(body)).toThrow(
      expect.objectContaining({ code, param, message: expect.stringMatching(message) }),
    );
  });

  it.each([
    ['frequency_penalty', { frequency_penalty: 1 }],
    ['tools[0].function', { tools: [{ type: 'function', name: 'f', function: {} }] }],
    [
      'input[0].content[0].image',
      { input: [{ role: 'user', content: [{ type: 'input_text', text: '', image: '' }] }] },
    ],
    ['input[0].name', { input: [{ type: 'function_call', call_id: 'c', arguments: '' }] }],
    ['input[0].role', { input: [{ role: 'tool', content: '' }] }],
    ['input[0].type', { input: [{ type: 'unheard_of' }] }],
    ['input[0].content[0].type', { input: [{ role: 'system', content: [{ type: 'input_image', image_url: IMAGE }] }] }],
  ])('refuses the field %s by its name', (param, fields) => {
    expect(() => parseBody(fields)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });
});

describe('reasoning state', () => {
  it('comes back as it went, as text without padding or spaces', () => {
    const state = {
      thinkingBlocks: [{ type: 'thinking' as const, thinking: 'größer ✓', signature: 's' }],
      callExtras: { a: { google: { thought_signature: 'x' } } },
      messageExtra: { google: { thought_signature: 'y' } },
    };
    const encoded = encodeReasoningState(state);
    expect(encoded).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decodeReasoningState(encoded, 'p')).toEqual(state);
  });

  it.each(['', 'e30', Buffer.from('{"sluice":1,"messages":[]}').toString('base64url')])('refuses %j', (encoded) => {
    expect(() => decodeReasoningState(encoded, 'p')).toThrow(expect.objectContaining({ param: 'p' }));
  });
});
