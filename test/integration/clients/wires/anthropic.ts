import {
  type Body,
  INPUTS,
  isBodyStreamed,
  JSON_PARTS,
  TEXTS,
  THOUGHT,
  THOUGHTS,
  TOOL,
  type Turn,
  toNamedEvent,
  type Wire,
} from './wire.ts';

const CALL_IDS = ['toolu_01VtKq8mZs', 'toolu_01Wc3XhYpe'] as const;
const SIGNATURE = 'EqQBCkYIBxgCKkBz1n0PzUq+/Q==';
const MODEL = 'claude-sonnet-4-5-20250929';

/** The vendor's blocks; a stream brings the content of each in the given pieces. */
type Block = { readonly block: Body; readonly deltas: readonly Body[] };

const USAGE = {
  input_tokens: 20,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 10,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  service_tier: 'standard',
  inference_geo: 'not_available',
};

/** What blocks begin with in a stream. */
const EMPTY: Readonly<Record<string, Body>> = {
  text: { text: '' },
  thinking: { thinking: '', signature: '' },
  tool_use: { input: {} },
};

export const anthropicWire: Wire = {
  provider: 'anthropic',
  agent: 'anthropic-agent',
  toAgent: (origin) => `provider: anthropic, model: claude-sonnet-4-5, api_key: test-key, endpoint: "${origin}"`,
  scenes: {
    text: toTurn([toTextBlock(TEXTS)], 'end_turn'),
    calls: toTurn(
      [
        {
          block: { type: 'thinking', thinking: THOUGHT, signature: SIGNATURE },
          deltas: [
            ...THOUGHTS.map((thinking) => ({ type: 'thinking_delta', thinking })),
            { type: 'signature_delta', signature: SIGNATURE },
          ],
        },
        ...CALL_IDS.map((id, index) => toToolBlock({ id, name: TOOL, text: [JSON.stringify(INPUTS[index])] })),
      ],
      'tool_use',
    ),
    // A schema is asked for as a tool that must be called, or as the format of the text.
    json: ({ tool_choice: choice }) => {
      const { type, name } = (choice ?? {}) as { type?: string; name?: string };
      return type === 'tool' && name !== undefined
        ? toTurn([toToolBlock({ id: 'toolu_01Json', name, text: JSON_PARTS })], 'tool_use')
        : toTurn([toTextBlock(JSON_PARTS)], 'end_turn');
    },
  },
  isStreamed: isBodyStreamed,
  streamType: 'text/event-stream; charset=utf-8',
  thinks: true,
  details: { cached: 10, reasoning: 5 },
  callIds: CALL_IDS,
  readSecondTurn({ messages }) {
    const blocks = (role: string): readonly InputBlock[] =>
      (messages as readonly { role: string; content: string | readonly InputBlock[] }[])
        .filter((message) => message.role === role)
        .flatMap(({ content }) => (typeof content === 'string' ? [] : content));
    const before = blocks('assistant').filter(({ type }) => type.endsWith('thinking'));
    return {
      calls: blocks('assistant')
        .filter(({ type }) => type === 'tool_use')
        .map(({ id = '', name = '', input }) => ({ id, name, input })),
      results: blocks('user')
        .filter(({ type }) => type === 'tool_result')
        .map(({ tool_use_id: id = '', content }) => ({
          id,
          content: typeof content === 'string' ? content : (content ?? []).map(({ text }) => text).join(''),
        })),
      state: before,
      reasoning: '',
    };
  },
  state: { kept: [{ type: 'thinking', thinking: THOUGHT, signature: SIGNATURE }], lost: [] },
  findFault({ messages, thinking }) {
    const turns = messages as readonly { role: string; content: string | readonly InputBlock[] }[];
    const called = turns.find(({ role }) => role === 'assistant')?.content[0];
    const isThinking = (thinking as { type?: string } | undefined)?.type === 'enabled';
    if (isThinking && (typeof called !== 'object' || !called.type.endsWith('thinking'))) {
      return 'When `thinking` is enabled, a final `assistant` message must start with a thinking block.';
    }
    return undefined;
  },
  takesReasoning: false,
  forcesCalls: true,
  readSchema({ tools, tool_choice: choice, output_config: output }) {
    const format = (output as { format?: { schema?: unknown } } | undefined)?.format;
    const { name } = (choice ?? {}) as { name?: string };
    const tool = (tools as readonly { name: string; input_schema: unknown }[] | undefined)?.find(
      (candidate) => candidate.name === name,
    );
    return format?.schema ?? tool?.input_schema;
  },
};

interface InputBlock {
  readonly type: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: unknown;
  readonly tool_use_id?: string;
  readonly content?: string | readonly { readonly text: string }[];
}

function toTextBlock(texts: readonly string[]): Block {
  return {
    block: { type: 'text', text: texts.join(''), citations: null },
    deltas: texts.map((text) => ({ type: 'text_delta', text })),
  };
}

function toToolBlock({ id, name, text }: { id: string; name: string; text: readonly string[] }): Block {
  return {
    block: { type: 'tool_use', id, name, input: JSON.parse(text.join('')), caller: { type: 'direct' } },
    deltas: ['', ...text].map((part) => ({ type: 'input_json_delta', partial_json: part })),
  };
}

function toTurn(blocks: readonly Block[], stopReason: string): Turn {
  const head = { id: 'msg_01XvPq', type: 'message', role: 'assistant', model: MODEL };
  const output = { output_tokens: 12, output_tokens_details: { thinking_tokens: 5 } };
  const stop = { stop_reason: stopReason, stop_sequence: null };
  return {
    whole: { ...head, content: blocks.map(({ block }) => block), ...stop, usage: { ...USAGE, ...output } },
    pieces: [
      toNamedEvent({
        type: 'message_start',
        message: {
          ...head,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { ...USAGE, output_tokens: 2 },
        },
      }),
      ...blocks.flatMap(({ block, deltas }, index) => [
        toNamedEvent({
          type: 'content_block_start',
          index,
          content_block: { ...block, ...EMPTY[block.type as string] },
        }),
        toNamedEvent({ type: 'ping' }),
        ...deltas.map((delta) => toNamedEvent({ type: 'content_block_delta', index, delta })),
        toNamedEvent({ type: 'content_block_stop', index }),
      ]),
      toNamedEvent({ type: 'message_delta', delta: stop, usage: { ...USAGE, ...output } }),
      toNamedEvent({ type: 'message_stop' }),
    ],
  };
}
