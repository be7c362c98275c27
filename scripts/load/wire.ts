/** How a vendor writes an answer. */
export interface Wire {
  whole(model: string): unknown;
  toolCall(model: string): unknown;
  /** The parts of a stream: what comes before the text, a piece of text, what ends it. */
  head(model: string): string;
  piece(text: string): string;
  tail(): string;
}

const TEXT = 'word '.repeat(8);

export const OPENAI: Wire = {
  whole: (model) => toCompletion(model, { role: 'assistant', content: TEXT, refusal: null }, 'stop'),
  toolCall: (model) => {
    const call = { id: 'call_1', type: 'function', function: { name: 'look_up', arguments: '{"word":"a"}' } };
    return toCompletion(model, { role: 'assistant', content: null, refusal: null, tool_calls: [call] }, 'tool_calls');
  },
  head: (model) => toChunk(model, { role: 'assistant', content: '' }),
  piece: (content) => toChunk('m', { content }),
  tail: () => {
    const usage = { prompt_tokens: 9, completion_tokens: 8, total_tokens: 17 };
    return `${toChunk('m', {}, 'stop')}data: ${JSON.stringify({ ...CHUNK, model: 'm', choices: [], usage })}\n\ndata: [DONE]\n\n`;
  },
};

const CHUNK = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_770_000_000 };

function toChunk(model: string, delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  return `data: ${JSON.stringify({ ...CHUNK, model, choices, usage: null })}\n\n`;
}

function toCompletion(model: string, message: object, finish: string): unknown {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_770_000_000,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
    usage: { prompt_tokens: 9, completion_tokens: 8, total_tokens: 17 },
  };
}

const ANTHROPIC: Wire = {
  whole: (model) => ({
    ...toMessage(model),
    content: [{ type: 'text', text: TEXT }],
    stop_reason: 'end_turn',
  }),
  toolCall: (model) => ({
    ...toMessage(model),
    content: [{ type: 'tool_use', id: 'toolu_1', name: 'look_up', input: { word: 'a' } }],
    stop_reason: 'tool_use',
  }),
  head: (model) =>
    toEvent('message_start', { message: toMessage(model) }) +
    toEvent('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  piece: (text) => toEvent('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
  tail: () =>
    toEvent('content_block_stop', { index: 0 }) +
    toEvent('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 8 } }) +
    toEvent('message_stop', {}),
};

function toMessage(model: string) {
  const usage = { input_tokens: 9, output_tokens: 8 };
  const empty = { content: [], stop_reason: null, stop_sequence: null };
  return { id: 'msg_1', type: 'message', role: 'assistant', model, ...empty, usage };
}

function toEvent(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

/** By the path of the request. */
export function wireOf(path: string): Wire {
  return path.includes('/messages') ? ANTHROPIC : OPENAI;
}

/** Vectors of four numbers that depend on the text. */
export function toEmbeddings(input: string | readonly string[]): unknown {
  const texts = typeof input === 'string' ? [input] : input;
  const data = texts.map((text, index) => {
    const angle = [...text].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
    const vector = [Math.sin(angle), Math.cos(angle), Math.sin(angle / 2), Math.cos(angle / 2)];
    return { object: 'embedding', index, embedding: vector };
  });
  return { object: 'list', model: 'm', data, usage: { prompt_tokens: texts.length, total_tokens: texts.length } };
}
