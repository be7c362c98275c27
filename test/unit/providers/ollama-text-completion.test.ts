import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ChatMessage, ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { createOllamaProvider } from '../../../shared/providers/ollama.ts';
import { toOpenAIRequest } from '../../../shared/providers/openai-request.ts';
import { fitRequest } from '../../../shared/routing/fit-request.ts';
import { createScriptedFetch } from '../../contracts/scripted-fetch.ts';
import { collectEvents, toChatCall } from '../../support/chat-call.ts';
import { freeze } from './freeze.ts';

const ENDPOINT = 'http://localhost:11434';
const MODEL = 'codellama:code';
const USAGE = { prompt_tokens: 12, completion_tokens: 30, total_tokens: 42 };
const user: ChatMessage = { role: 'user', content: 'def gcd(a, b):' };

function createServer(body: string) {
  const { exchanges, fetch } = createScriptedFetch(() => ({ body }));
  const provider = createOllamaProvider();
  const toCall = (changes: Partial<ChatRequest>) =>
    toChatCall({
      fetch,
      model: MODEL,
      endpoint: ENDPOINT,
      contextLength: 4096,
      request: freeze({ model: 'agent', messages: [user], text_completion: {}, ...changes }),
    });
  return {
    complete: (changes: Partial<ChatRequest> = {}) => provider.complete(toCall(changes)),
    stream: async (changes: Partial<ChatRequest> = {}) => collectEvents(await provider.stream(toCall(changes))),
    asked: () => exchanges.map(({ url, body: sent }) => [url.slice(ENDPOINT.length), JSON.parse(sent)]),
  };
}

const generated = readFileSync(new URL('../../fixtures/providers/ollama/generated.json', import.meta.url), 'utf8');
const toLine = (fields: object) =>
  `${JSON.stringify({ model: MODEL, created_at: '2026-03-01T12:00:00Z', ...fields })}\n`;
const streamed = [
  toLine({ response: '', thinking: 'Hm.', done: false }),
  toLine({ response: '    while', done: false }),
  toLine({ response: ' b:', done: false }),
  toLine({ response: '', done: true, done_reason: 'length', prompt_eval_count: 12, eval_count: 30 }),
].join('');

describe('a text to be continued', () => {
  test('goes to the path that continues texts, with all that it asks for', async () => {
    const { complete, asked } = createServer(generated);
    const system: ChatMessage[] = [
      { role: 'system', content: 'Write Python.' },
      { role: 'system', content: 'Context.' },
    ];
    const result = await complete({
      messages: [...system, user],
      text_completion: { suffix: '    return result' },
      max_tokens: 500,
      temperature: 0.7,
      stop: ['\n\n'],
      seed: 7,
    });
    expect(asked()).toEqual([
      [
        '/api/generate',
        {
          model: MODEL,
          prompt: 'def gcd(a, b):',
          suffix: '    return result',
          system: 'Write Python.\n\nContext.',
          stream: false,
          truncate: false,
          options: { num_predict: 500, temperature: 0.7, stop: ['\n\n'], seed: 7, num_ctx: 4096 },
        },
      ],
    ]);
    expect(result.completion).toMatchObject({
      choices: [{ message: { content: 'Qubits hold both values at once.' }, finish_reason: 'stop' }],
      usage: USAGE,
    });
  });

  test('is streamed as it is written', async () => {
    const { stream, asked } = createServer(streamed);
    const events = await stream();
    expect(asked()[0]).toEqual([
      '/api/generate',
      { model: MODEL, prompt: 'def gcd(a, b):', stream: true, truncate: false, options: { num_ctx: 4096 } },
    ]);
    const choices = events.flatMap(({ chunk }) => chunk.choices);
    expect(choices.map(({ delta }) => delta.content ?? '')).toEqual(['', '    while', ' b:', '']);
    expect(choices[0]?.delta.reasoning_content).toBe('Hm.');
    expect(choices.at(-1)?.finish_reason).toBe('length');
    expect(events.at(-1)?.chunk).toMatchObject({ choices: [], usage: USAGE });
  });

  test('comes with its log probabilities when they are wanted', async () => {
    const logprobs = [{ token: 'Hi', logprob: -0.5, bytes: [72, 105], top_logprobs: [{ token: 'Hi', logprob: -0.5 }] }];
    const { complete, asked } = createServer(toLine({ response: 'Hi', done: true, logprobs }));
    const { completion } = await complete({ logprobs: true, top_logprobs: 1 });
    expect(asked()[0]?.[1]).toMatchObject({ logprobs: true, top_logprobs: 1 });
    expect(completion.choices[0]?.logprobs?.content).toMatchObject([{ token: 'Hi', logprob: -0.5 }]);
  });

  test('that breaks off is an error', async () => {
    const { stream } = createServer(streamed.split('\n').slice(0, 2).join('\n'));
    await expect(stream()).rejects.toMatchObject({ code: 'server_error' });
  });
});

describe('a conversation that began as a text', () => {
  const tools: ChatRequest['tools'] = [{ type: 'function', function: { name: 'f' } }];
  const turns: ChatMessage[] = [user, { role: 'assistant', content: 'x' }, { role: 'user', content: 'Go on.' }];
  const parts: ChatMessage[] = [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }];

  test.each([[{ tools }], [{ messages: turns }], [{ messages: parts }]])('stays one (%#)', async (changes) => {
    const { complete, asked } = createServer('{"message":{"content":"Hi"},"done":true}');
    await complete(changes);
    expect(asked().map(([path]) => path)).toEqual(['/api/chat']);
    await expect(complete({ ...changes, text_completion: { suffix: 'end' } })).rejects.toMatchObject({
      code: 'unsupported',
      param: 'suffix',
    });
  });
});

describe('a provider that only converses', () => {
  const request: ChatRequest = { model: 'm', messages: [user], text_completion: { suffix: 'end' } };
  const { capabilities } = createOllamaProvider();
  const { textCompletion: _, ...conversing } = capabilities;

  test('cannot take a suffix', () => {
    expect(() => fitRequest('openai', conversing, request)).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'suffix' }),
    );
    expect(fitRequest('ollama', capabilities, request).request).toEqual(request);
    expect(fitRequest('openai', conversing, { ...request, text_completion: {} }).dropped).toEqual([]);
  });

  test('is not told that the prompt was to be continued', () => {
    expect(toOpenAIRequest({ ...request, text_completion: {} }, 'gpt-4o')).toEqual({ model: 'm', messages: [user] });
  });
});
