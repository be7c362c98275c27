import type { Gate, ScriptedAnswer } from '../../support/scripted-server.ts';

function toEvent(fields: Record<string, unknown>): string {
  const chunk = { id: 'answer', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini', ...fields };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

function toDelta(content: string): string {
  return toEvent({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
}

const END = [
  toEvent({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  toEvent({ choices: [], usage: { prompt_tokens: 400, completion_tokens: 100, total_tokens: 500 } }),
  'data: [DONE]\n\n',
];

const HEADERS = { 'content-type': 'text/event-stream' };

/** An answer as OpenAI streams it; a gate between two texts waits for the test. */
export function streamed(...texts: (string | Gate)[]): ScriptedAnswer {
  return {
    headers: HEADERS,
    pieces: [...texts.map((text) => (typeof text === 'string' ? toDelta(text) : text)), ...END],
  };
}

/** The beginning of an answer that then breaks off, or stays silent. */
export function unfinished(text: string, finish: 'reset' | 'hang'): ScriptedAnswer {
  return { headers: HEADERS, pieces: [toDelta(text)], finish };
}

export const DOWN: ScriptedAnswer = { status: 503, body: { error: { message: 'down' } } };
