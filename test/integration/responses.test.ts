import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI, { APIError, BadRequestError } from 'openai';
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError, toAppError } from '../../shared/contracts/app-error.ts';
import type { ChatEvent, ChatResult } from '../../shared/contracts/chat-provider.ts';
import { createResponsesFormat } from '../../shared/http/dialects/responses-format.ts';
import { toChatBody } from '../../shared/http/dialects/responses-request.ts';
import { toErrorAnswer } from '../../shared/http/error-response.ts';
import { writeEventStream } from '../../shared/http/event-stream.ts';
import type { ChatBody } from '../../shared/http/schemas/chat-schema.ts';
import { responsesSchema } from '../../shared/http/schemas/responses-schema.ts';
import { parseRequest } from '../../shared/http/validation.ts';
import { FACTS, toDeltaEvent, toResult, toStream, toUsageEvent } from '../unit/http/dialects/responses-support.ts';

/** What the model answers, as if a provider had. */
interface Script {
  readonly result?: ChatResult;
  readonly stream?: AsyncIterable<readonly ChatEvent[]>;
}

const WEATHER_CALL = {
  id: 'call_1',
  type: 'function' as const,
  function: { name: 'weather', arguments: '{"city":"Bern"}' },
  extra_content: { google: { thought_signature: 'c2ln' } },
};

const WEATHER_TOOL = {
  type: 'function' as const,
  name: 'weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
  strict: false,
};

describe('the official OpenAI client against the Responses dialect', () => {
  let server: Server;
  let client: OpenAI;
  let script: Script[];
  let asked: ChatBody[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      const answer = async () => {
        const input: unknown = JSON.parse(Buffer.concat(await request.toArray()).toString());
        const body = parseRequest(responsesSchema, input);
        const chat = toChatBody(body);
        const format = createResponsesFormat(body);
        asked.push(chat);
        const { result, stream } = script.shift() ?? {};
        if (chat.stream && stream) {
          await writeEventStream({
            response,
            pieces: format.toPieces(stream, { onEvent: () => {}, settle: async () => FACTS }),
            headers: () => ({}),
            signal: new AbortController().signal,
            toErrorPiece: (error) => format.toErrorPiece?.(error) ?? '',
          });
        } else {
          if (!result) throw new AppError('server_error', 'The script has no such answer.');
          response.setHeader('content-type', 'application/json').end(format.toJson(result, FACTS));
        }
      };
      answer().catch((error) => {
        const { status, body } = toErrorAnswer(toAppError(error));
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'none', maxRetries: 0 });
  });

  beforeEach(() => {
    script = [];
    asked = [];
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('creates a response', async () => {
    script = [{ result: toResult({ content: 'Hello there.' }) }];
    const response = await client.responses.create({ model: 'default', instructions: 'Be kind.', input: 'Hello' });
    expect(response.output_text).toBe('Hello there.');
    expect(response.status).toBe('completed');
    expect(response.usage?.total_tokens).toBe(20);
    expect(response).toHaveProperty('sluice.provider', 'openai');
    expect(asked[0]?.messages.map(({ role }) => role)).toEqual(['system', 'user']);
  });

  it('streams a response', async () => {
    script = [
      {
        stream: toStream([
          [toDeltaEvent({ role: 'assistant', content: '' }), toDeltaEvent({ reasoning_content: 'hm' })],
          [toDeltaEvent({ content: 'Hello ' })],
          [toDeltaEvent({ content: 'there.' })],
          [toDeltaEvent({}, { finish_reason: 'stop' }), toUsageEvent()],
        ]),
      },
    ];
    const stream = await client.responses.create({ model: 'default', input: 'Hello', stream: true });
    const events: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    const text = events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : []));
    expect(text).toEqual(['Hello ', 'there.']);
    const last = events.at(-1);
    if (last?.type !== 'response.completed') throw new Error(`The stream ended with ${last?.type}.`);
    expect(last.response.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
    expect(last.response.usage?.output_tokens).toBe(8);
  });

  it('goes through a round of tools with what it was given', async () => {
    const message = {
      reasoning_content: 'They want the weather.',
      thinking_blocks: [{ type: 'thinking' as const, thinking: 'They want the weather.', signature: 'c2ln' }],
      tool_calls: [WEATHER_CALL],
    };
    script = [{ result: toResult(message, 'tool_calls') }, { result: toResult({ content: 'Rain.' }) }];
    const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Weather in Bern?' }];
    const tools = [WEATHER_TOOL];
    const first = await client.responses.create({ model: 'default', input, tools });
    const call = first.output.find((item) => item.type === 'function_call');
    expect(JSON.parse(call?.arguments ?? '')).toEqual({ city: 'Bern' });
    input.push(...(first.output as OpenAI.Responses.ResponseInputItem[]));
    input.push({ type: 'function_call_output', call_id: call?.call_id ?? '', output: 'rain' });
    const second = await client.responses.create({ model: 'default', input, tools });
    expect(second.output_text).toBe('Rain.');
    expect(asked[1]?.messages).toEqual([
      { role: 'user', content: 'Weather in Bern?' },
      { role: 'assistant', content: null, ...message },
      { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
    ]);
  });

  it('drives the streaming helper, whose answer can be sent back', async () => {
    const { extra_content, ...call } = WEATHER_CALL;
    script = [
      {
        stream: toStream([
          [toDeltaEvent({ content: 'One moment.' })],
          [toDeltaEvent({ tool_calls: [{ index: 0, ...call, function: { name: 'weather', arguments: '' } }] })],
          [toDeltaEvent({ tool_calls: [{ index: 0, function: { arguments: '{"city"' } }] })],
          [toDeltaEvent({ tool_calls: [{ index: 0, function: { arguments: ':"Bern"}' } }] })],
          [toDeltaEvent({}, { finish_reason: 'tool_calls' }), toUsageEvent()],
        ]),
      },
      { result: toResult({ content: 'Rain.' }) },
    ];
    const runner = client.responses.stream({ model: 'default', input: 'Weather in Bern?', tools: [WEATHER_TOOL] });
    const snapshots: string[] = [];
    const texts: string[] = [];
    runner.on('response.function_call_arguments.delta', ({ snapshot }) => snapshots.push(snapshot));
    runner.on('response.output_text.delta', ({ snapshot }) => texts.push(snapshot));
    const response = await runner.finalResponse();
    expect(texts).toEqual(['One moment.']);
    expect(snapshots).toEqual(['{"city"', '{"city":"Bern"}']);
    expect(response.output_text).toBe('One moment.');
    expect(response.output.map(({ type }) => type)).toEqual(['message', 'function_call']);

    const input = [
      { role: 'user' as const, content: 'Weather in Bern?' },
      ...(response.output as OpenAI.Responses.ResponseInputItem[]),
      { type: 'function_call_output' as const, call_id: 'call_1', output: 'rain' },
    ];
    expect((await client.responses.create({ model: 'default', input })).output_text).toBe('Rain.');
    expect(asked[1]?.messages[1]).toEqual({ role: 'assistant', content: 'One moment.', tool_calls: [call] });
  });

  it('parses structured output and the arguments of tools', async () => {
    const answer = z.object({ city: z.string(), celsius: z.number() });
    script = [{ result: toResult({ content: '{"city":"Bern","celsius":4}' }) }];
    const response = await client.responses.parse({
      model: 'default',
      input: 'Weather in Bern?',
      text: { format: zodTextFormat(answer, 'weather') },
    });
    expect(response.output_parsed).toEqual({ city: 'Bern', celsius: 4 });
    expect(asked[0]?.response_format).toMatchObject({
      type: 'json_schema',
      json_schema: { name: 'weather', strict: true, schema: { required: ['city', 'celsius'] } },
    });

    script = [{ result: toResult({ tool_calls: [WEATHER_CALL] }, 'tool_calls') }];
    const called = await client.responses.parse({
      model: 'default',
      input: 'Weather in Bern?',
      tools: [zodResponsesFunction({ name: 'weather', parameters: z.object({ city: z.string() }) })],
    });
    const call = called.output.find((item) => item.type === 'function_call');
    expect(call?.parsed_arguments).toEqual({ city: 'Bern' });
  });

  it('streams structured output into the helper', async () => {
    const answer = z.object({ city: z.string() });
    script = [
      {
        stream: toStream([
          [toDeltaEvent({ content: '{"city":' })],
          [toDeltaEvent({ content: '"Bern"}' })],
          [toDeltaEvent({}, { finish_reason: 'stop' })],
        ]),
      },
    ];
    const text = { format: zodTextFormat(answer, 'city') };
    const response = await client.responses.stream({ model: 'default', input: 'Where?', text }).finalResponse();
    expect(response.output_parsed).toEqual({ city: 'Bern' });
  });

  it('throws for a stream that breaks after it began', async () => {
    async function* breaking() {
      yield [toDeltaEvent({ content: 'Hel' })];
      throw new AppError('server_error', 'The stream of openai was interrupted before its end.', { retryable: true });
    }
    script = [{ stream: breaking() }, { stream: breaking() }];
    const read = async () => {
      for await (const _event of await client.responses.create({ model: 'default', input: 'x', stream: true }));
    };
    await expect(read()).rejects.toThrow(APIError);
    const final = client.responses.stream({ model: 'default', input: 'x' }).finalResponse();
    await expect(final).rejects.toThrow(/interrupted before its end/);
  });

  it('throws typed errors that name the field', async () => {
    const create = (fields: object) => client.responses.create({ model: 'default', input: 'x', ...fields });
    await expect(create({ previous_response_id: 'resp_1' })).rejects.toThrow(BadRequestError);
    await expect(create({ previous_response_id: 'resp_1' })).rejects.toMatchObject({ param: 'previous_response_id' });
    await expect(create({ tools: [{ type: 'web_search' }] })).rejects.toMatchObject({
      code: 'unsupported',
      param: 'tools[0]',
    });
    await expect(create({ api_key: 'k' })).rejects.toMatchObject({ param: 'api_key' });
  });
});
