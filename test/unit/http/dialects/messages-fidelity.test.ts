import { describe, expect, it } from 'vitest';
import { toChatRequest } from '../../../../shared/app/chat/chat-request.ts';
import type { ChatResult } from '../../../../shared/contracts/chat-provider.ts';
import { createMessagesFormat } from '../../../../shared/http/dialects/messages-format.ts';
import { toChatBody } from '../../../../shared/http/dialects/messages-request.ts';
import { chatSchema } from '../../../../shared/http/schemas/chat-schema.ts';
import { messagesSchema } from '../../../../shared/http/schemas/messages-schema.ts';
import { parseRequest } from '../../../../shared/http/validation.ts';
import { toMessagesRequest } from '../../../../shared/providers/anthropic-request.ts';
import { toOpenAIRequest } from '../../../../shared/providers/openai-request.ts';
import { batches, FACTS, readEvents, readMessage, writePieces } from './messages-reader.ts';

const MINIMAL = { model: 'claude', max_tokens: 32_000, messages: [{ role: 'user', content: 'Hello' }] };
const PRIVATE = ['thinking_budget_tokens', 'error_prefix', 'content_blocks'];

const toRequest = (fields: object) =>
  toChatRequest(toChatBody(parseRequest(messagesSchema, { ...MINIMAL, ...fields })), undefined, undefined);
/** What an Anthropic provider sends for a Messages request. */
const sent = (fields: object) => toMessagesRequest(toRequest(fields), 'claude-sonnet-4-5').body;

const call = { type: 'tool_use', id: 'toolu_1', name: 'read', input: { path: 'a' } };
const failed = (content?: string | object[]) => ({
  type: 'tool_result',
  tool_use_id: 'toolu_1',
  ...(content === undefined ? {} : { content }),
  is_error: true,
});
const withResult = (result: object) => ({
  messages: [...MINIMAL.messages, { role: 'assistant', content: [call] }, { role: 'user', content: [result] }],
});
const searched = [
  { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
  {
    type: 'web_search_tool_result',
    tool_use_id: 'srvtoolu_1',
    content: [{ type: 'web_search_result', url: 'https://a.example/', title: 'A', encrypted_content: 'e' }],
  },
  { type: 'text', text: 'Found.' },
];
const afterSearch = {
  messages: [...MINIMAL.messages, { role: 'assistant', content: searched }, { role: 'user', content: 'More.' }],
};

describe('a Messages request on an Anthropic provider', () => {
  it.each([1024, 4000, 10_000])('thinks within a budget of %i tokens', (budget_tokens) => {
    expect(sent({ thinking: { type: 'enabled', budget_tokens } })).toMatchObject({
      max_tokens: 32_000,
      thinking: { type: 'enabled', budget_tokens },
    });
  });

  it.each([
    ['no such file', 'no such file'],
    ['Error: no such file', 'Error: no such file'],
    [[{ type: 'text', text: 'no such file' }], 'no such file'],
    // The vendor refuses a failure without content.
    [undefined, 'Error: the tool failed.'],
    ['', 'Error: the tool failed.'],
    ['  ', 'Error:   '],
  ])('tells of a failed tool that said %j as it was told', (content, expected) => {
    const { messages } = sent(withResult(failed(content)));
    expect(messages[2]?.content).toEqual([
      { type: 'tool_result', tool_use_id: 'toolu_1', content: expected, is_error: true },
    ]);
  });

  it('tells of a failure in pictures and marked blocks', () => {
    const url = { type: 'url', url: 'https://a.example/a.png' };
    const image = { type: 'image', source: url };
    const text = { type: 'text', text: 'torn', cache_control: { type: 'ephemeral' } };
    for (const content of [[image], [text, image], [text]]) {
      expect(sent(withResult(failed(content))).messages[2]?.content).toMatchObject([{ content, is_error: true }]);
    }
  });

  it('says nothing of failure where there is none', () => {
    const fine = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'Error: is the name of the file' };
    expect(sent(withResult(fine)).messages[2]?.content).toEqual([fine]);
  });

  it('gives calls of the vendor back as they came', () => {
    expect(sent(afterSearch).messages[1]).toEqual({ role: 'assistant', content: searched });
  });
});

describe('what only Anthropic providers read', () => {
  it('reaches no other vendor', () => {
    for (const fields of [
      { thinking: { type: 'enabled', budget_tokens: 4000 } },
      withResult(failed('no such file')),
      afterSearch,
    ]) {
      const request = toRequest(fields);
      const text = JSON.stringify(toOpenAIRequest(request, 'gpt-4o'));
      for (const field of PRIVATE) expect(text).not.toContain(field);
      expect(PRIVATE.some((field) => JSON.stringify(request).includes(field))).toBe(true);
    }
  });

  it('is taken from no caller of Chat Completions', () => {
    const chat = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] };
    expect(() => parseRequest(chatSchema, { ...chat, thinking_budget_tokens: 4000 })).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'thinking_budget_tokens' }),
    );
    const result = { role: 'tool', tool_call_id: 'c', content: 'x', error_prefix: '' };
    expect(() => parseRequest(chatSchema, { ...chat, messages: [result] })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
    const answered = { role: 'assistant', content: 'x', content_blocks: searched };
    expect(parseRequest(chatSchema, { ...chat, messages: [answered] }).messages[0]).toEqual({
      role: 'assistant',
      content: 'x',
    });
  });
});

describe('an answer that ended at a stop sequence', () => {
  const head = { id: 'msg_1', created: 1, model: 'claude' };
  const stop = { finish_reason: 'stop', stop_sequence: 'END' } as const;
  const message = { role: 'assistant', content: 'x', refusal: null } as const;
  const format = createMessagesFormat({});
  const read = (choice: Partial<ChatResult['completion']['choices'][number]>) =>
    JSON.parse(
      format.toJson(
        {
          completion: {
            ...head,
            object: 'chat.completion',
            choices: [{ index: 0, logprobs: null, message, finish_reason: 'stop', ...choice }],
          },
        },
        FACTS,
      ),
    );

  it('says which, whole', () => {
    expect(read(stop)).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'END' });
    expect(read({})).toMatchObject({ stop_reason: 'end_turn', stop_sequence: null });
    expect(read({ stop_sequence: 7 as never })).toMatchObject({ stop_reason: 'end_turn', stop_sequence: null });
    expect(read({ ...stop, finish_reason: 'length' })).toMatchObject({
      stop_reason: 'max_tokens',
      stop_sequence: null,
    });
  });

  it('says which, streamed', async () => {
    const choice = { index: 0, logprobs: null };
    const object = 'chat.completion.chunk' as const;
    const pieces = await writePieces(
      format,
      batches([
        { chunk: { ...head, object, choices: [{ ...choice, delta: { content: 'x' }, finish_reason: null }] } },
        { chunk: { ...head, object, choices: [{ ...choice, delta: {}, ...stop }] } },
      ]),
    );
    expect(readMessage(readEvents(pieces.join('')))).toMatchObject({
      stop_reason: 'stop_sequence',
      stop_sequence: 'END',
    });
  });
});
