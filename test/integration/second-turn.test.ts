import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';

const VENDORS = ['openai', 'xai', 'vllm', 'huggingface'] as const;
const CALL = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } };
const IMAGE = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };

/** What compatible vendors put on their messages beside OpenAI's fields. */
const RICH = {
  role: 'assistant',
  content: 'Let me see.',
  reasoning: 'hm',
  reasoning_details: [{ type: 'reasoning.text', text: 'hm' }],
  executed_tools: [{ index: 0, type: 'search' }],
  channel: 'final',
  images: [IMAGE],
  annotations: [
    { type: 'url_citation', url_citation: { url: 'https://x.example', title: 't', start_index: 0, end_index: 1 } },
  ],
  tool_calls: [{ ...CALL, index: 0, status: 'done' }],
};

const answer = (message: object) => ({
  body: {
    id: 'c1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  },
});

let upstream: ScriptedServer;
let server: AppServer;
let client: OpenAI;

beforeAll(async () => {
  upstream = await createScriptedServer();
  const endpoint = `${upstream.origin}/v1`;
  const agents = VENDORS.map((provider) => ({ name: provider, provider, model: 'org/m', endpoint, api_key: 'k' }));
  server = await startAppServer({ yaml: JSON.stringify({ agents }) });
  client = new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 });
});

afterAll(async () => {
  await server.close();
  await upstream.close();
});

describe.each(VENDORS)('the second turn with %s', (model) => {
  it('takes the answer of the first as it came, and sends what the vendor knows', async () => {
    upstream.reply(answer(RICH), answer({ role: 'assistant', content: 'done' }));
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Look.' }];
    const first = await client.chat.completions.create({ model, messages });
    const message = first.choices[0]?.message as OpenAI.ChatCompletionMessage;
    expect(message).toHaveProperty('reasoning_details');
    messages.push(message, { role: 'tool', tool_call_id: 'call_1', content: [IMAGE] as never });
    const second = await client.chat.completions.create({ model, messages });
    expect(second.choices[0]?.message.content).toBe('done');
    const sent = upstream.requests.at(-1)?.json() as { messages: Record<string, unknown>[] };
    const thinking = {
      openai: {},
      huggingface: {},
      xai: { reasoning_content: 'hm' },
      vllm: { reasoning_content: 'hm', reasoning: 'hm' },
    }[model];
    expect(sent.messages).toEqual([
      { role: 'user', content: 'Look.' },
      { role: 'assistant', content: 'Let me see.', refusal: null, tool_calls: [CALL], ...thinking },
      { role: 'tool', tool_call_id: 'call_1', content: expect.any(String) },
      { role: 'user', content: [{ type: 'text', text: expect.stringContaining('call_1 (look)') }, IMAGE] },
    ]);
  });
});
