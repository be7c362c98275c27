import {
  createScriptedServer,
  type RecordedRequest,
  type ScriptedAnswer,
  type ScriptedServer,
} from './scripted-server.ts';

interface Asked {
  readonly model: string;
  readonly stream?: boolean;
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly response_format?: { readonly type: string };
  readonly messages: readonly { readonly role: string }[];
}

const CREATED = 1_770_000_000;
const USAGE = { prompt_tokens: 9, completion_tokens: 8, total_tokens: 17 };
const TEXT = ['It is ', '21 °C ', 'in Lisbon.'];
const JSON_TEXT = ['{"city":"Lisbon",', '"days":3}'];

/** A model in OpenAI's wire format that calls the tool it is offered, keeps to a schema, and otherwise talks. */
export function createModelUpstream(): Promise<ScriptedServer> {
  return createScriptedServer((request) => answer(request));
}

function answer(request: RecordedRequest): ScriptedAnswer {
  const { model, stream = false, tools, response_format: format, messages } = request.json() as Asked;
  const tool = messages.at(-1)?.role === 'tool' ? undefined : tools?.[0]?.function.name;
  const texts = format?.type === 'json_schema' ? JSON_TEXT : TEXT;
  const call = { id: 'call_1', type: 'function', function: { name: tool, arguments: '{"city":"Lisbon"}' } };
  const reason = tool === undefined ? 'stop' : 'tool_calls';
  if (!stream) {
    const content = tool === undefined ? texts.join('') : null;
    const message = {
      role: 'assistant',
      content,
      refusal: null,
      ...(tool === undefined ? {} : { tool_calls: [call] }),
    };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: reason }];
    return { body: { id: 'chatcmpl-1', object: 'chat.completion', created: CREATED, model, choices, usage: USAGE } };
  }
  const chunk = (fields: object): string => {
    const common = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: CREATED, model };
    return `data: ${JSON.stringify({ ...common, ...fields })}\n\n`;
  };
  const delta = (content: object, finish: string | null = null): string =>
    chunk({ choices: [{ index: 0, delta: content, logprobs: null, finish_reason: finish }] });
  const said =
    tool === undefined ? texts.map((content) => delta({ content })) : [delta({ tool_calls: [{ index: 0, ...call }] })];
  return {
    headers: { 'content-type': 'text/event-stream' },
    pieces: [
      delta({ role: 'assistant', content: '' }),
      ...said,
      delta({}, reason),
      chunk({ choices: [], usage: USAGE }),
      'data: [DONE]\n\n',
    ],
  };
}
