import { type Body, isBodyStreamed, toEvent, toNamedEvent } from '../integration/clients/wires/wire.ts';
import type { RecordedRequest, ScriptedAnswer } from './scripted-server.ts';

/** What a model says in one turn. */
export interface ModelTurn {
  readonly text?: string;
  /** Name and arguments. */
  readonly calls?: readonly (readonly [name: string, input: Body])[];
  /** Default: 10 and 5. */
  readonly promptTokens?: number;
  readonly completionTokens?: number;
  /** OpenAI's word. Default: `tool_calls` when there are calls, else `stop`. */
  readonly finish?: 'stop' | 'length' | 'content_filter';
}

/** The turn in OpenAI's format, streamed when it is asked for so. */
export function openAiAnswer(turn: ModelTurn): (request: RecordedRequest) => ScriptedAnswer {
  const { text = null, calls = [], promptTokens = 10, completionTokens = 5 } = turn;
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
  const head = { id: 'chatcmpl-9', created: 1_764_000_000, model: 'gpt-4o-mini' };
  const finish_reason = turn.finish ?? (calls.length > 0 ? 'tool_calls' : 'stop');
  const toolCalls = calls.map(([name, input], index) => ({
    id: `call_${index}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  }));
  const message = {
    role: 'assistant',
    content: text,
    refusal: null,
    ...(calls.length > 0 ? { tool_calls: toolCalls } : {}),
  };
  const toChunk = (choices: readonly Body[], fields: Body = {}): string =>
    toEvent({ ...head, object: 'chat.completion.chunk', choices, ...fields });
  const toDelta = (delta: Body, finish: string | null = null): Body => ({ index: 0, delta, finish_reason: finish });
  return (request) => {
    if (!isBodyStreamed(request)) {
      const choice = { index: 0, message, logprobs: null, finish_reason };
      return { body: { ...head, object: 'chat.completion', choices: [choice], usage } };
    }
    return {
      headers: { 'content-type': 'text/event-stream' },
      pieces: [
        toChunk([toDelta({ role: 'assistant', content: '' })]),
        ...(text?.match(/\S+\s*/g) ?? []).map((content) => toChunk([toDelta({ content })])),
        ...toolCalls.map((call, index) => toChunk([toDelta({ tool_calls: [{ index, ...call }] })])),
        toChunk([toDelta({}, finish_reason)]),
        toChunk([], { usage }),
        'data: [DONE]\n\n',
      ],
    };
  };
}

const STOP_REASONS = { stop: 'end_turn', length: 'max_tokens', content_filter: 'refusal' } as const;

/** The turn in Anthropic's format, streamed when it is asked for so. */
export function anthropicAnswer(turn: ModelTurn): (request: RecordedRequest) => ScriptedAnswer {
  const { text, calls = [], promptTokens = 10, completionTokens = 5, finish = 'stop' } = turn;
  const head = { id: 'msg_9', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5' };
  const usage = { input_tokens: promptTokens, output_tokens: completionTokens };
  const stop = { stop_reason: calls.length > 0 ? 'tool_use' : STOP_REASONS[finish], stop_sequence: null };
  const blocks = [
    ...(text === undefined ? [] : [{ type: 'text', text }]),
    ...calls.map(([name, input], index) => ({ type: 'tool_use', id: `toolu_${index}`, name, input })),
  ];
  const toBlockEvents = (block: (typeof blocks)[number], index: number): string[] => {
    const [empty, delta] =
      'text' in block
        ? [
            { ...block, text: '' },
            { type: 'text_delta', text: block.text },
          ]
        : [
            { ...block, input: {} },
            { type: 'input_json_delta', partial_json: JSON.stringify(block.input) },
          ];
    return [
      toNamedEvent({ type: 'content_block_start', index, content_block: empty }),
      toNamedEvent({ type: 'content_block_delta', index, delta }),
      toNamedEvent({ type: 'content_block_stop', index }),
    ];
  };
  return (request) => {
    if (!isBodyStreamed(request)) return { body: { ...head, content: blocks, ...stop, usage } };
    return {
      headers: { 'content-type': 'text/event-stream' },
      pieces: [
        toNamedEvent({ type: 'message_start', message: { ...head, content: [], stop_reason: null, usage } }),
        ...blocks.flatMap(toBlockEvents),
        toNamedEvent({ type: 'message_delta', delta: stop, usage }),
        toNamedEvent({ type: 'message_stop' }),
      ],
    };
  };
}
