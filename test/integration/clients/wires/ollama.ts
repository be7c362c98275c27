import { type Body, INPUTS, JSON_PARTS, TEXTS, THOUGHT, THOUGHTS, TOOL, type Turn, type Wire } from './wire.ts';

const MODEL = 'qwen3:8b';

interface Message {
  readonly role: string;
  readonly content: string;
  readonly thinking?: string;
  readonly tool_name?: string;
  readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: unknown } }[];
}

export const ollamaWire: Wire = {
  provider: 'ollama',
  agent: 'ollama-agent',
  toAgent: (origin) => `provider: ollama, model: "${MODEL}", endpoint: "${origin}"`,
  scenes: {
    text: toText(TEXTS),
    calls: toTurn({ content: '', thinking: THOUGHT, tool_calls: INPUTS.map(toCall) }, [
      ...THOUGHTS.map((thinking) => ({ content: '', thinking })),
      ...INPUTS.map((input, index) => ({ content: '', tool_calls: [toCall(input, index)] })),
    ]),
    json: () => toText(JSON_PARTS),
  },
  // The vendor streams unless it is told not to.
  isStreamed: (request) => (request.json() as Body).stream !== false,
  streamType: 'application/x-ndjson',
  thinks: true,
  details: {},
  callIds: 'absent',
  readSecondTurn({ messages }) {
    const all = messages as readonly Message[];
    const assistant = all.find(({ tool_calls: calls }) => calls?.length);
    return {
      calls: (assistant?.tool_calls ?? []).map(({ function: { name, arguments: input } }) => ({ name, input })),
      results: all
        .filter(({ role }) => role === 'tool')
        .map(({ tool_name: name = '', content }) => ({ name, content })),
      state: [],
      reasoning: assistant?.thinking ?? '',
    };
  },
  state: { kept: [], lost: [] },
  takesReasoning: true,
  forcesCalls: false,
  readSchema: ({ format }) => (typeof format === 'object' ? format : undefined),
};

function toCall(input: Body, index: number): Body {
  return { function: { index, name: TOOL, arguments: input } };
}

function toText(texts: readonly string[]): Turn {
  return toTurn(
    { content: texts.join('') },
    texts.map((content) => ({ content })),
  );
}

function toTurn(message: Body, streamed: readonly Body[]): Turn {
  const toLine = (fields: Body, rest: Body): Body => ({
    model: MODEL,
    created_at: '2026-03-01T12:00:00.123456789Z',
    message: { role: 'assistant', ...fields },
    ...rest,
  });
  const end = {
    done: true,
    done_reason: 'stop',
    total_duration: 901_234_567,
    load_duration: 1_234_567,
    prompt_eval_count: 30,
    prompt_eval_duration: 98_765_432,
    eval_count: 12,
    eval_duration: 765_432_109,
  };
  return {
    whole: toLine(message, end),
    pieces: [...streamed.map((fields) => toLine(fields, { done: false })), toLine({ content: '' }, end)].map(
      (line) => `${JSON.stringify(line)}\n`,
    ),
  };
}
