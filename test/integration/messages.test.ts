import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError, toAppError } from '../../shared/contracts/app-error.ts';
import type { ChatChunkChoice, ChatCompletion, ChatEvent } from '../../shared/contracts/chat-provider.ts';
import type { AnswerFacts } from '../../shared/http/dialects/answer-format.ts';
import { toTokenCount } from '../../shared/http/dialects/messages-count.ts';
import { toMessagesErrorBody } from '../../shared/http/dialects/messages-error.ts';
import { createMessagesFormat } from '../../shared/http/dialects/messages-format.ts';
import { toChatBody } from '../../shared/http/dialects/messages-request.ts';
import { toErrorAnswer } from '../../shared/http/error-response.ts';
import type { ChatBody } from '../../shared/http/schemas/chat-schema.ts';
import { countTokensSchema, messagesSchema } from '../../shared/http/schemas/messages-schema.ts';
import { parseRequest } from '../../shared/http/validation.ts';

type Message = ChatCompletion['choices'][number]['message'];
type Delta = ChatChunkChoice['delta'];

interface Answer {
  readonly message: Partial<Message>;
  readonly deltas: readonly Delta[];
  readonly finish: 'stop' | 'tool_calls';
  /** Thrown in place of an answer, or after the deltas of a stream. */
  readonly error?: AppError;
}

const FACTS: AnswerFacts = { provider: 'vllm', model: 'm', attempts: [], cost_usd: null, cached: false };
const HEAD = { id: 'chatcmpl-1', created: 1, model: 'upstream-model' };
const USAGE = {
  prompt_tokens: 12,
  completion_tokens: 7,
  total_tokens: 19,
  prompt_tokens_details: { cached_tokens: 4 },
};

const HELLO: Answer = {
  message: { content: 'Hello there.' },
  deltas: [{ role: 'assistant', content: '' }, { content: 'Hello' }, { content: ' there.' }],
  finish: 'stop',
};

const TWO_CALLS: Answer = {
  message: {
    content: 'Let me look.',
    reasoning_content: 'Two cities.',
    tool_calls: [
      { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } },
      { id: 'call_2', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
    ],
  },
  deltas: [
    { reasoning_content: 'Two ' },
    { reasoning_content: 'cities.' },
    { content: 'Let me look.' },
    { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }] },
    { tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] },
    {
      tool_calls: [
        { index: 1, id: 'call_2', type: 'function', function: { name: 'weather', arguments: '{"city":' } },
        { index: 0, function: { arguments: '"Paris"}' } },
      ],
    },
    { tool_calls: [{ index: 1, function: { arguments: '"Oslo"}' } }] },
  ],
  finish: 'tool_calls',
};

const WEATHER: Anthropic.Tool = {
  name: 'weather',
  description: 'The weather of a city.',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

describe('the official Anthropic client against the Messages dialect', () => {
  const asked: ChatBody[] = [];
  const script: Answer[] = [];
  let server: Server;
  let client: Anthropic;

  beforeAll(async () => {
    server = createServer((request, response) => {
      serve(request, response).catch(() => response.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    client = new Anthropic({ baseURL: `http://127.0.0.1:${port}`, apiKey: 'sluice-key', maxRetries: 0 });
  });

  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const json: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
      if (request.url === '/v1/messages/count_tokens') {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(toTokenCount(parseRequest(countTokensSchema, json))));
        return;
      }
      const body = parseRequest(messagesSchema, json);
      asked.push(toChatBody(body));
      const answer = script.shift() ?? HELLO;
      const format = createMessagesFormat(body);
      if (!body.stream) {
        if (answer.error) throw answer.error;
        response.setHeader('content-type', 'application/json');
        response.end(format.toJson({ completion: toCompletion(answer) }, FACTS));
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      try {
        const hooks = { onEvent: () => {}, settle: async () => FACTS };
        for await (const piece of format.toPieces(toStream(answer), hooks)) response.write(piece);
      } catch (error) {
        response.write(format.toErrorPiece?.(error) ?? '');
      }
      response.end();
    } catch (error) {
      const failure = toAppError(error);
      response.writeHead(toErrorAnswer(failure).status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(toMessagesErrorBody(failure, 'req-1')));
    }
  }

  it('creates a message', async () => {
    const message = await client.messages.create({
      model: 'default',
      max_tokens: 100,
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'Hello' }],
    });
    expect(message).toMatchObject({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'upstream-model',
      content: [{ type: 'text', text: 'Hello there.' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 8, cache_read_input_tokens: 4, cache_creation_input_tokens: 0, output_tokens: 7 },
      sluice: { provider: 'vllm' },
    });
    expect(asked.at(-1)).toMatchObject({
      max_tokens: 100,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello' },
      ],
    });
  });

  it.each([
    ['text', HELLO],
    ['thinking and interleaved calls', TWO_CALLS],
  ])('streams %s into the message that is answered whole', async (_what, answer) => {
    const params: Anthropic.MessageCreateParamsNonStreaming = {
      model: 'default',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Hello' }],
      tools: [WEATHER],
    };
    script.push(answer, answer);
    const { sluice: _facts, ...whole } = { sluice: undefined, ...(await client.messages.create(params)) };
    const events: Anthropic.MessageStreamEvent[] = [];
    const stream = client.messages.stream(params);
    stream.on('streamEvent', (event) => events.push(event));
    const final = await stream.finalMessage();
    expect(JSON.parse(JSON.stringify(final))).toMatchObject(JSON.parse(JSON.stringify(whole)));
    expect(final.content).toHaveLength(whole.content.length);
    expect(events.at(-1)).toMatchObject({ type: 'message_stop', sluice: { provider: 'vllm' } });
  });

  it.each([true, false])('goes through a turn of tools, streamed: %s', async (streamed) => {
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Paris and Oslo?' }];
    const params = { model: 'default', max_tokens: 100, tools: [WEATHER] };
    script.push(TWO_CALLS, HELLO);
    const ask = () =>
      streamed
        ? client.messages.stream({ ...params, messages }).finalMessage()
        : client.messages.create({ ...params, messages });
    const turn = await ask();
    expect(turn.stop_reason).toBe('tool_use');
    messages.push({ role: 'assistant', content: turn.content });
    messages.push({
      role: 'user',
      content: turn.content
        .filter((block) => block.type === 'tool_use')
        .map((block) => ({ type: 'tool_result', tool_use_id: block.id, content: JSON.stringify(block.input) })),
    });
    const last = await ask();
    expect(last.content).toMatchObject([{ type: 'text', text: 'Hello there.' }]);
    expect(asked.at(-1)?.messages).toEqual([
      { role: 'user', content: 'Paris and Oslo?' },
      { role: 'assistant', ...TWO_CALLS.message },
      { role: 'tool', tool_call_id: 'call_1', content: '{"city":"Paris"}' },
      { role: 'tool', tool_call_id: 'call_2', content: '{"city":"Oslo"}' },
    ]);
    expect(asked.at(-1)?.tools).toEqual([
      {
        type: 'function',
        function: { name: 'weather', description: WEATHER.description, parameters: WEATHER.input_schema },
      },
    ]);
  });

  it('carries signed thinking and what else a provider wants back through a streamed turn', async () => {
    const thinking_blocks = [
      { type: 'thinking' as const, thinking: 'Hm.', signature: 'c2ln' },
      { type: 'redacted_thinking' as const, data: 'b3BhcXVl' },
    ];
    const extra_content = { google: { thought_signature: 'dGhvdWdodA' } };
    const call = {
      id: 'call_1',
      type: 'function' as const,
      function: { name: 'weather', arguments: '{"city":"Rome"}' },
    };
    script.push({
      message: {},
      deltas: [
        { reasoning_content: 'Hm.' },
        ...thinking_blocks.map((block) => ({ thinking_blocks: [block] })),
        { tool_calls: [{ index: 0, ...call, extra_content } as NonNullable<Delta['tool_calls']>[number]] },
      ],
      finish: 'tool_calls',
    });
    const params = {
      model: 'default',
      max_tokens: 4000,
      thinking: { type: 'enabled' as const, budget_tokens: 2000 },
    };
    const turn = await client.messages
      .stream({ ...params, messages: [{ role: 'user', content: 'Rome?' }] })
      .finalMessage();
    expect(asked.at(-1)?.reasoning_effort).toBe('low');
    await client.messages.create({
      ...params,
      messages: [
        { role: 'user', content: 'Rome?' },
        { role: 'assistant', content: turn.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: 'Rain', is_error: false }] },
      ],
    });
    expect(asked.at(-1)?.messages[1]).toEqual({
      role: 'assistant',
      content: null,
      reasoning_content: 'Hm.',
      thinking_blocks,
      tool_calls: [{ ...call, extra_content }],
    });
  });

  it('drives the streaming iterator and its text events', async () => {
    const texts: string[] = [];
    const stream = await client.messages.create({
      model: 'default',
      max_tokens: 100,
      stream: true,
      messages: [{ role: 'user', content: 'Hello' }],
    });
    for await (const event of stream) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') texts.push(event.delta.text);
    }
    expect(texts).toEqual(['Hello', ' there.']);
  });

  it('parses structured output', async () => {
    script.push({ message: { content: '{"city":"Paris"}' }, deltas: [], finish: 'stop' });
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const message = await client.messages.parse({
      model: 'default',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Where?' }],
      output_config: {
        format: { type: 'json_schema', schema: { ...schema, additionalProperties: false }, parse: JSON.parse },
      } as never,
    });
    expect(message.parsed_output).toEqual({ city: 'Paris' });
    expect(asked.at(-1)?.response_format).toMatchObject({ type: 'json_schema', json_schema: { strict: true } });
  });

  it('throws the error class that belongs to an error', async () => {
    const params = { model: 'default', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello' }] };
    script.push({ ...HELLO, error: new AppError('rate_limit', 'Slow down.') });
    const limited = await client.messages.create(params).catch((error: unknown) => error);
    expect(limited).toBeInstanceOf(Anthropic.RateLimitError);
    expect(limited).toMatchObject({ type: 'rate_limit_error', apiMessage: 'Slow down.' });
    const refused = await client.messages
      .create({ ...params, tools: [{ type: 'web_search_20250305', name: 'web_search' }] })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Anthropic.BadRequestError);
    expect(refused).toMatchObject({ type: 'invalid_request_error', error: { request_id: 'req-1' } });
  });

  it('throws the error that ends a stream', async () => {
    script.push({ ...HELLO, error: new AppError('timeout', 'The provider fell silent.') });
    const stream = client.messages.stream({
      model: 'default',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Hello' }],
    });
    const texts: string[] = [];
    stream.on('text', (text) => texts.push(text));
    const failure = await stream.finalMessage().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Anthropic.APIError);
    expect(failure).toMatchObject({ type: 'timeout_error', apiMessage: 'The provider fell silent.' });
    expect(texts.join('')).toBe('Hello there.');
  });

  it('counts tokens', async () => {
    const count = await client.messages.countTokens({
      model: 'default',
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'Hello' }],
      tools: [WEATHER],
    });
    expect(count.input_tokens).toBeGreaterThan(10);
    expect(count).toHaveProperty('sluice.estimated', true);
  });
});

function toCompletion({ message, finish }: Answer): ChatCompletion {
  return {
    ...HEAD,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: null, refusal: null, ...message },
        logprobs: null,
        finish_reason: finish,
      },
    ],
    usage: USAGE,
  };
}

async function* toStream({ deltas, finish, error }: Answer): AsyncGenerator<readonly ChatEvent[]> {
  const toEvent = (delta: Delta, reason: ChatChunkChoice['finish_reason'] = null): ChatEvent => ({
    chunk: {
      ...HEAD,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
    },
  });
  for (const delta of deltas) yield [toEvent(delta)];
  if (error) throw error;
  yield [toEvent({}, finish), { chunk: { ...HEAD, object: 'chat.completion.chunk', choices: [], usage: USAGE } }];
}
