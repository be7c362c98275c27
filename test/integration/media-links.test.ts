import { describe, expect, test } from 'vitest';
import { type Economy, startEconomy } from '../support/economy.ts';

/** What only our own network, or only the model server's machine, could reach. */
const INSIDE = [
  'http://169.254.169.254/computeMetadata/v1/',
  'https://10.0.0.5/',
  'https://localhost/',
  'file:///etc/passwd',
];

const parts = (type: string, link: string) => ({
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type, [type]: { url: link } },
      ],
    },
  ],
});

function start(): Promise<Economy> {
  return startEconomy({
    upstreams: ['vllm', 'openai'],
    yaml: ({ vllm, openai }) => `
agents:
  - {name: agent, provider: vllm, model: qwen-vl, endpoint: "${vllm}"}
  - {name: private, privacy: local_only, provider: vllm, model: qwen-vl, endpoint: "${vllm}"}
  - name: either
    providers:
      - {provider: vllm, model: qwen-vl, endpoint: "${vllm}"}
      - {provider: openai, model: gpt-4o, api_key: k, endpoint: "${openai}"}
`,
  });
}

describe('a model server of one’s own is not made to fetch', () => {
  test.each(INSIDE)('%s, in any dialect', async (link) => {
    const { chat, post, calls } = await start();
    for (const type of ['image_url', 'video_url', 'audio_url']) {
      const { status, json } = await chat(parts(type, link));
      expect({ status, json }).toMatchObject({
        status: 400,
        json: { error: { code: 'unsupported', param: `messages[0].content[1].${type}.url` } },
      });
    }
    const input = [{ role: 'user', content: [{ type: 'input_image', image_url: link }] }];
    expect((await post('/v1/responses', { model: 'agent', input })).status).toBe(400);
    const content = [{ type: 'image', source: { type: 'url', url: link } }];
    const messages = [{ role: 'user', content }];
    expect((await post('/v1/messages', { model: 'agent', max_tokens: 9, messages })).status).toBe(400);
    expect(calls).toEqual([]);
  });

  test('and takes what is sent along', async () => {
    const { chat, calls } = await start();
    for (const type of ['image_url', 'video_url', 'audio_url']) {
      const asked = parts(type, 'data:application/octet-stream;base64,AAAA');
      expect((await chat(asked)).status).toBe(200);
      expect(calls.at(-1)?.body.messages).toEqual(asked.messages);
    }
  });

  test('and a vendor that is asked instead gets the link', async () => {
    const { chat, order, calls } = await start();
    const asked = parts('image_url', 'https://10.0.0.5/cat.png');
    expect((await chat({ ...asked, model: 'either' })).status).toBe(200);
    expect(order()).toEqual(['openai']);
    expect(calls[0]?.body.messages).toEqual(asked.messages);
  });

  test('nor, where models are local alone, is anybody told of the link', async () => {
    const { chat, calls } = await start();
    for (const type of ['image_url', 'video_url']) {
      const { status, text } = await chat({ ...parts(type, 'https://images.example/cat.png'), model: 'private' });
      expect(status).toBe(400);
      expect(text).toContain('keeps to local models');
    }
    expect(calls).toEqual([]);
  });
});
