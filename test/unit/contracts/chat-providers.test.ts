import { describe, expect, it } from 'vitest';
import { chatProviders } from '../../../shared/providers/registry.ts';
import { type ChatProviderSuite, describeChatProvider } from '../../contracts/chat-provider.ts';

type Wire = Omit<ChatProviderSuite, 'name' | 'createProvider'>;

const TEXT = 'Paris.';

function events(...events: readonly (unknown | string)[]): string {
  return events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');
}

const SSE = { 'content-type': 'text/event-stream' };
const JSON_TYPE = { 'content-type': 'application/json' };

function openaiChunk(delta: Record<string, unknown>, finish: string | null = null) {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'm-1',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  };
}

const OPENAI_STREAM = [
  openaiChunk({ role: 'assistant', content: '' }),
  openaiChunk({ content: 'Par' }),
  openaiChunk({ content: 'is.' }),
];
const OPENAI_USAGE = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 };

const openai: Wire = {
  text: TEXT,
  call: { model: 'm-1', credential: 'secret-4711', endpoint: 'https://upstream.example/v1' },
  upstream: {
    completion: {
      headers: JSON_TYPE,
      body: JSON.stringify({
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 1_700_000_000,
        model: 'm-1',
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: TEXT, refusal: null },
            logprobs: null,
            finish_reason: 'stop',
          },
        ],
        usage: OPENAI_USAGE,
      }),
    },
    stream: {
      headers: SSE,
      body: events(
        ...OPENAI_STREAM,
        openaiChunk({}, 'stop'),
        { ...openaiChunk({}), choices: [], usage: OPENAI_USAGE },
        '[DONE]',
      ),
    },
  },
  truncatedStream: { headers: SSE, body: events(...OPENAI_STREAM) },
};

const messageStart = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm-1',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 9, output_tokens: 1 },
  },
};
const anthropicText = [
  messageStart,
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Par' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'is.' } },
];

const anthropic: Wire = {
  text: TEXT,
  call: { model: 'm-1', credential: 'secret-4711' },
  upstream: {
    completion: {
      headers: JSON_TYPE,
      body: JSON.stringify({
        ...messageStart.message,
        content: [{ type: 'text', text: TEXT }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 9, output_tokens: 2 },
      }),
    },
    stream: {
      headers: SSE,
      body: events(
        ...anthropicText,
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
        { type: 'message_stop' },
      ),
    },
  },
  truncatedStream: { headers: SSE, body: events(...anthropicText) },
};

function geminiAnswer(text: string, finish?: string) {
  return {
    candidates: [
      {
        index: 0,
        content: { role: 'model', parts: [{ text }] },
        ...(finish === undefined ? {} : { finishReason: finish }),
      },
    ],
    usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 2, totalTokenCount: 11 },
    modelVersion: 'm-1',
    responseId: 'r1',
  };
}

const gemini: Wire = {
  text: TEXT,
  call: { model: 'm-1', credential: 'secret-4711', project: 'p', location: 'us-central1' },
  upstream: {
    completion: { headers: JSON_TYPE, body: JSON.stringify(geminiAnswer(TEXT, 'STOP')) },
    stream: { headers: SSE, body: events(geminiAnswer('Par'), geminiAnswer('is.', 'STOP')) },
  },
  truncatedStream: { headers: SSE, body: events(geminiAnswer('Par')) },
};

function ollamaLine(content: string, done: boolean): string {
  const line = {
    model: 'm-1',
    created_at: '2026-01-01T00:00:00Z',
    message: { role: 'assistant', content },
    done,
    ...(done ? { done_reason: 'stop', prompt_eval_count: 9, eval_count: 2 } : {}),
  };
  return `${JSON.stringify(line)}\n`;
}

const NDJSON = { 'content-type': 'application/x-ndjson' };

const ollama: Wire = {
  text: TEXT,
  call: { model: 'm-1', endpoint: 'http://127.0.0.1:11434' },
  upstream: {
    completion: { headers: JSON_TYPE, body: ollamaLine(TEXT, true) },
    stream: { headers: NDJSON, body: ollamaLine('Par', false) + ollamaLine('is.', false) + ollamaLine('', true) },
  },
  truncatedStream: { headers: NDJSON, body: ollamaLine('Par', false) },
};

/** The wire format behind each registered provider; `local` answers by itself. */
const WIRES: Readonly<Record<string, Wire>> = {
  openai,
  xai: openai,
  vllm: openai,
  huggingface: openai,
  anthropic,
  gemini,
  vertexai: gemini,
  ollama,
  local: { call: { model: 'extractive' } },
};

describe('the registered chat providers', () => {
  it('all have a wire format here', () => {
    expect(Object.keys(chatProviders).sort()).toEqual(Object.keys(WIRES).sort());
  });

  for (const [name, create] of Object.entries(chatProviders)) {
    const wire = WIRES[name];
    if (wire) describeChatProvider({ name, createProvider: create, ...wire });
    it(`${name} has the name it is registered under`, async () => {
      expect((await create()).id).toBe(name);
    });
  }
});
