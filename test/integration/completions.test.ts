import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toAppError } from '../../shared/contracts/app-error.ts';
import type { ChatChunkChoice, ChatEvent } from '../../shared/contracts/chat-provider.ts';
import type { AnswerFacts } from '../../shared/http/dialects/answer-format.ts';
import { createCompletionsFormat } from '../../shared/http/dialects/completions-format.ts';
import { toChatBody } from '../../shared/http/dialects/completions-request.ts';
import { toErrorAnswer } from '../../shared/http/error-response.ts';
import type { ChatBody } from '../../shared/http/schemas/chat-schema.ts';
import { completionsSchema } from '../../shared/http/schemas/completions-schema.ts';
import { parseRequest } from '../../shared/http/validation.ts';

const FACTS: AnswerFacts = { provider: 'openai', model: 'm', attempts: [], cost_usd: 0.5, cached: false };
const HEAD = { id: 'chatcmpl-1', created: 1, model: 'upstream-model' };
const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

describe('the official OpenAI client against the text completions dialect', () => {
  const asked: ChatBody[] = [];
  let server: Server;
  let client: OpenAI;

  beforeAll(async () => {
    server = createServer((request, response) => {
      serve(request, response).catch(() => response.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'sluice-key', maxRetries: 0 });
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
      const body = parseRequest(completionsSchema, JSON.parse(Buffer.concat(parts).toString('utf8')));
      asked.push(toChatBody(body));
      const format = createCompletionsFormat(body);
      if (!body.stream) {
        response.setHeader('content-type', 'application/json');
        const message = { role: 'assistant' as const, content: ' hello', refusal: null };
        const choices = [{ index: 0, message, logprobs: null, finish_reason: 'length' as const }];
        const completion = { ...HEAD, object: 'chat.completion' as const, choices, usage: USAGE };
        response.end(format.toJson({ completion }, FACTS));
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const hooks = { onEvent: () => {}, settle: async () => FACTS };
      for await (const piece of format.toPieces(toStream(), hooks)) response.write(piece);
      response.end();
    } catch (error) {
      const { status, body } = toErrorAnswer(toAppError(error));
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    }
  }

  it('completes a prompt', async () => {
    const completion = await client.completions.create({ model: 'default', prompt: 'Say', max_tokens: 5 });
    expect(completion).toEqual({
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1,
      model: 'upstream-model',
      choices: [{ index: 0, text: ' hello', logprobs: null, finish_reason: 'length' }],
      usage: USAGE,
      sluice: FACTS,
    });
    expect(asked.at(-1)).toEqual({
      model: 'default',
      messages: [{ role: 'user', content: 'Say' }],
      text_completion: {},
      max_tokens: 5,
    });
  });

  it('streams what it answers whole, with usage and the prompt on request', async () => {
    const params = { model: 'default', prompt: 'Say', echo: true };
    const whole = await client.completions.create(params);
    const stream = await client.completions.create({
      ...params,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: OpenAI.Completion[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.text)).toEqual(['Say he', 'llo', '', undefined]);
    expect(
      chunks
        .flatMap(({ choices }) => choices)
        .map(({ text }) => text)
        .join(''),
    ).toBe('Say hello');
    expect(whole.choices[0]?.text).toBe('Say hello');
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length');
    expect(chunks.at(-1)).toMatchObject({ usage: USAGE, sluice: { provider: 'openai' } });
  });

  it('refuses what it cannot do, by name', async () => {
    const failure = await client.completions
      .create({ model: 'default', prompt: ['a', 'b'] })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OpenAI.BadRequestError);
    expect(failure).toMatchObject({ param: 'prompt', code: 'unsupported' });
  });
});

async function* toStream(): AsyncGenerator<readonly ChatEvent[]> {
  const toEvent = (delta: ChatChunkChoice['delta'], finish: 'length' | null = null): ChatEvent => ({
    chunk: {
      ...HEAD,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    },
  });
  yield [toEvent({ role: 'assistant', content: '' }), toEvent({ content: ' he' })];
  yield [toEvent({ content: 'llo' })];
  yield [toEvent({}, 'length'), { chunk: { ...HEAD, object: 'chat.completion.chunk', choices: [], usage: USAGE } }];
}
