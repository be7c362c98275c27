import type {
  ChatChunkChoice,
  ChatCompletion,
  ChatEvent,
  ChatResult,
} from '../../../../shared/contracts/chat-provider.ts';
import type { AnswerFacts, AnswerFormat } from '../../../../shared/http/dialects/answer-format.ts';
import { createResponsesFormat } from '../../../../shared/http/dialects/responses-format.ts';
import { type ResponsesBody, responsesSchema } from '../../../../shared/http/schemas/responses-schema.ts';
import { parseRequest } from '../../../../shared/http/validation.ts';

export const FACTS: AnswerFacts = { provider: 'openai', model: 'gpt-test', attempts: [], cost_usd: 0.5, cached: false };

const USAGE: NonNullable<ChatCompletion['usage']> = {
  prompt_tokens: 12,
  completion_tokens: 8,
  total_tokens: 20,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 3 },
};

/** What a delta may hold in this project, vendors' additions included. */
export type Delta = ChatChunkChoice['delta'] & { extra_content?: Record<string, unknown> };

export function toDeltaEvent(delta: Delta, fields: Partial<ChatChunkChoice> = {}): ChatEvent {
  return toChunkEvent([{ index: 0, delta, finish_reason: null, logprobs: null, ...fields }]);
}

export function toUsageEvent(usage = USAGE): ChatEvent {
  const event = toChunkEvent([]);
  return { chunk: { ...event.chunk, usage } };
}

function toChunkEvent(choices: ChatChunkChoice[]): ChatEvent {
  return {
    chunk: { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'gpt-test-1', choices },
  };
}

export function toResult(
  message: Partial<ChatCompletion['choices'][number]['message']> & { extra_content?: Record<string, unknown> },
  finish: ChatCompletion['choices'][number]['finish_reason'] = 'stop',
): ChatResult {
  return {
    completion: {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'gpt-test-1',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: null, refusal: null, ...message },
          finish_reason: finish,
          logprobs: null,
        },
      ],
      usage: USAGE,
    },
  };
}

export function parseBody(fields: Record<string, unknown> = {}): ResponsesBody {
  return parseRequest(responsesSchema, { model: 'default', input: 'Hello', ...fields });
}

/** A format whose ids and times can be foreseen. */
export function createTestFormat(body: ResponsesBody = parseBody()): AnswerFormat {
  const counts = new Map<string, number>();
  return createResponsesFormat(body, {
    now: () => 1_700_000_009_999,
    createId: (prefix) => {
      const count = (counts.get(prefix) ?? 0) + 1;
      counts.set(prefix, count);
      return `${prefix}_${count}`;
    },
  });
}

export interface ServerEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly [field: string]: unknown;
}

/** The events of a stream. Each has a name, which is its type, and one line of data. */
export function readEvents(text: string): ServerEvent[] {
  if (text === '') return [];
  if (!text.endsWith('\n\n')) throw new Error('The last event is not closed.');
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((block) => {
      const [, name, data] = /^event: ([^\n\r]+)\ndata: ([^\n\r]+)$/.exec(block) ?? [];
      const event = JSON.parse(data ?? 'null') as ServerEvent;
      if (name === undefined || event.type !== name) throw new Error(`Not an event of a response: ${block}`);
      return event;
    });
}

export async function* toStream(batches: readonly (readonly ChatEvent[])[]): AsyncGenerator<readonly ChatEvent[]> {
  for (const batch of batches) yield batch;
}

/** The pieces of a stream, one string each. */
export async function writePieces(
  batches: readonly (readonly ChatEvent[])[],
  format: AnswerFormat = createTestFormat(),
): Promise<string[]> {
  const pieces: string[] = [];
  const hooks = { onEvent: () => {}, settle: async () => FACTS };
  for await (const piece of format.toPieces(toStream(batches), hooks))
    pieces.push(typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8'));
  return pieces;
}

export async function writeEvents(events: readonly ChatEvent[], format?: AnswerFormat): Promise<ServerEvent[]> {
  return readEvents((await writePieces([events], format)).join(''));
}

/** The response that the last event holds. */
export function finalResponse(events: readonly ServerEvent[]): ResponseObject {
  return events.at(-1)?.response as ResponseObject;
}

export function writeResponse(result: ChatResult, format: AnswerFormat = createTestFormat()): ResponseObject {
  return JSON.parse(format.toJson(result, FACTS)) as ResponseObject;
}

export interface ResponseObject {
  readonly status: string;
  readonly output: readonly Record<string, unknown>[];
  readonly [field: string]: unknown;
}

export const CITATION = {
  type: 'url_citation' as const,
  url_citation: { url: 'https://example.com/', title: 'Example', start_index: 0, end_index: 5 },
};

export const CALLS = [
  { id: 'call_1', type: 'function' as const, function: { name: 'weather', arguments: '{"city":"Bern"}' } },
  { id: 'call_2', type: 'function' as const, function: { name: 'weather', arguments: '{}' } },
];

/** Everything an answer can hold, in turns. */
export const EVENTFUL: ChatEvent[] = [
  toDeltaEvent({ role: 'assistant', content: '' }),
  toDeltaEvent({ reasoning_content: 'Let me ' }),
  toDeltaEvent({ reasoning_content: 'think.' }),
  toDeltaEvent({ thinking_blocks: [{ type: 'thinking', thinking: 'Let me think.', signature: 'sig' }] }),
  toDeltaEvent({ content: 'Hello' }),
  toDeltaEvent({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }] }),
  toDeltaEvent({ tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] }),
  toDeltaEvent({ tool_calls: [{ index: 1, id: 'call_2', type: 'function', function: { name: 'g', arguments: '{' } }] }),
  toDeltaEvent({ content: ' world' }),
  toDeltaEvent({
    tool_calls: [
      { index: 1, function: { arguments: '}' } },
      { index: 0, function: { arguments: ':1}' } },
    ],
  }),
  toDeltaEvent({ refusal: 'No more.' }),
  toDeltaEvent({ annotations: [CITATION] }, { finish_reason: 'tool_calls' }),
  toUsageEvent(),
];
