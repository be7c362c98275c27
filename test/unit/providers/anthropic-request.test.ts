import { describe, expect, test } from 'vitest';
import { MODEL, toBody, user, weather, weatherTool } from './anthropic-fixtures.ts';

describe('text', () => {
  test('a plain request is model, limit and messages alone', () => {
    expect(toBody({})).toEqual({ model: MODEL, max_tokens: 4096, messages: [{ role: 'user', content: 'Hello' }] });
  });

  test('limits, sampling, stops and the user id take the names of the vendor, zero included', () => {
    expect(toBody({ max_completion_tokens: 7, max_tokens: 9, temperature: 0, stop: 'END', user: 'u-1' })).toEqual({
      model: MODEL,
      max_tokens: 7,
      messages: [{ role: 'user', content: 'Hello' }],
      temperature: 0,
      stop_sequences: ['END'],
      metadata: { user_id: 'u-1' },
    });
    expect(
      toBody({ max_tokens: 9, top_p: 0.5, stop: ['a', '', 'b'], metadata: { user_id: 'u-2', team: 'x' } }),
    ).toEqual({
      model: MODEL,
      max_tokens: 9,
      messages: [{ role: 'user', content: 'Hello' }],
      top_p: 0.5,
      stop_sequences: ['a', 'b'],
      metadata: { user_id: 'u-2' },
    });
  });

  test('parameters without an equivalent are not sent', () => {
    const body = toBody({ seed: 1, frequency_penalty: 1, presence_penalty: 1, n: 1, logprobs: false, store: true });
    expect(Object.keys(body)).toEqual(['model', 'max_tokens', 'messages']);
  });

  test('system and developer messages are joined in order, wherever they stand', () => {
    const body = toBody({
      messages: [
        { role: 'system', content: 'First.' },
        user,
        { role: 'developer', content: [{ type: 'text', text: 'Second.' }] },
        { role: 'system', content: '  ' },
      ],
    });
    expect(body.system).toBe('First.\n\nSecond.');
    expect(body.messages).toEqual([{ role: 'user', content: 'Hello' }]);
  });

  test('neighbours of one role become one turn and blank text is left out', () => {
    const body = toBody({
      messages: [
        user,
        { role: 'user', name: 'ada', content: 'Hi' },
        { role: 'assistant', content: '' },
        { role: 'user', content: [{ type: 'text', text: ' ' }] },
        { role: 'assistant', content: 'One' },
        { role: 'assistant', content: 'Two \n' },
      ],
    });
    expect(body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hello' },
          { type: 'text', text: 'ada: Hi' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'One' },
          { type: 'text', text: 'Two' },
        ],
      },
    ]);
  });

  test.each([
    ['temperature', { temperature: 1.1 }],
    ['top_p', { temperature: 0.5, top_p: 0.5 }],
    ['stop', { stop: ['END', '\n\n'] }],
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
  ])('%s is refused where the vendor has no equivalent', (param, request) => {
    expect(() => toBody(request)).toThrow(expect.objectContaining({ code: 'unsupported', param }));
  });

  test('instructions alone are the prompt', () => {
    const marked = { type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } } as const;
    expect(toBody({ messages: [{ role: 'system', content: 'Be kind.' }] })).toEqual({
      model: MODEL,
      max_tokens: 4096,
      messages: [{ role: 'user', content: 'Be kind.' }],
    });
    expect(
      toBody({
        messages: [
          { role: 'developer', content: [marked] },
          { ...user, content: ' ' },
        ],
      }).messages,
    ).toEqual([{ role: 'user', content: [marked] }]);
  });

  test.each(['', ' \n'])('a conversation of %j alone is left to vendors that take it', (content) => {
    expect(() => toBody({ messages: [{ role: 'user', content }] })).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'messages' }),
    );
  });

  test('a model that takes no sampling gets the default left out and anything else refused', () => {
    expect(toBody({ temperature: 1, top_p: 1 }, 'claude-opus-4-7')).not.toHaveProperty('temperature');
    expect(() => toBody({ temperature: 0 }, 'claude-opus-4-7')).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'temperature' }),
    );
  });
});

describe('content', () => {
  test('images go by data and by https URL, PDFs and texts as documents', () => {
    const body = toBody({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Compare' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=' } },
            { type: 'image_url', image_url: { url: 'https://pictures.example/cat.jpg', detail: 'low' } },
            { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
            { type: 'file', file: { filename: 'a.csv', file_data: 'data:text/csv;charset=utf-8,x%2Cy' } },
          ],
        },
      ],
    });
    expect(body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Compare' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0=' } },
          { type: 'image', source: { type: 'url', url: 'https://pictures.example/cat.jpg' } },
          {
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
            title: 'a.pdf',
          },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x,y' }, title: 'a.csv' },
        ],
      },
    ]);
  });

  test.each([
    ['audio', { type: 'input_audio', input_audio: { data: 'x', format: 'wav' } }, 'unsupported'],
    ['an uploaded file', { type: 'file', file: { file_id: 'file-1' } }, 'unsupported'],
    ['an unknown image', { type: 'image_url', image_url: { url: 'data:image/bmp;base64,eA==' } }, 'unsupported'],
    ['a plain http image', { type: 'image_url', image_url: { url: 'http://pictures.example/x.png' } }, 'unsupported'],
  ] as const)('%s is refused by its path', (_name, part, code) => {
    expect(() => toBody({ messages: [{ role: 'user', content: [part] }] })).toThrow(
      expect.objectContaining({ code, param: expect.stringMatching(/^messages\[0\]\.content\[0\]/) }),
    );
  });

  test('cache markers stay on parts, tools and system', () => {
    const cache = { cache_control: { type: 'ephemeral', ttl: '1h' } } as const;
    const body = toBody({
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'Long.', ...cache }] },
        { role: 'system', content: 'Short.' },
        { role: 'user', content: [{ type: 'text', text: 'Hello', ...cache }] },
      ],
      tools: [{ ...weather, ...cache }],
    });
    expect(body.system).toEqual([
      { type: 'text', text: 'Long.', ...cache },
      { type: 'text', text: 'Short.' },
    ]);
    expect(body.messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'Hello', ...cache }] }]);
    expect(body.tools).toEqual([{ ...weatherTool, ...cache }]);
  });
});
