import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { withMediaAsUserTurn } from '../../../shared/providers/openai-tool-media.ts';
import { freeze } from './freeze.ts';

const IMAGE = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };
const FILE = { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA==' } };
const SOUND = { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } };
const text = (value: string) => ({ type: 'text', text: value });

const QUESTION = { role: 'user', content: 'What does it look like?' };
const CALLS = {
  role: 'assistant',
  content: null,
  tool_calls: [
    { id: 'a', type: 'function', function: { name: 'screenshot', arguments: '{}' } },
    { id: 'b', type: 'custom', custom: { name: 'print', input: '' } },
  ],
};
const result = (id: string, content: unknown) => ({ role: 'tool', tool_call_id: id, content });

function move(...messages: object[]): readonly unknown[] {
  return withMediaAsUserTurn(freeze({ model: 'm', messages } as unknown as ChatRequest)).messages;
}

describe('media in the results of tools', () => {
  it('follow the last result of the turn in one message of the user, each under its call', () => {
    const first = result('a', [text('One'), IMAGE, text('Two')]);
    const second = result('b', [FILE, SOUND]);
    expect(move(QUESTION, CALLS, first, second, { role: 'assistant', content: 'Fine.' })).toEqual([
      QUESTION,
      CALLS,
      result('a', [text('One'), text('Two')]),
      result('b', 'The result is in the user message that follows.'),
      {
        role: 'user',
        content: [
          text('From the result of the tool call a (screenshot):'),
          IMAGE,
          text('From the result of the tool call b (print):'),
          FILE,
          SOUND,
        ],
      },
      { role: 'assistant', content: 'Fine.' },
    ]);
  });

  it('stay with their turn in a conversation of several', () => {
    const turn = [CALLS, result('a', [IMAGE]), result('b', 'done')];
    const roles = move(...turn, QUESTION, ...turn).map((message) => (message as { role: string }).role);
    const moved = ['assistant', 'tool', 'tool', 'user'];
    expect(roles).toEqual([...moved, 'user', ...moved]);
  });

  it('are named by the id of a call that is not in the conversation', () => {
    expect(move(result('x', [IMAGE]))[1]).toEqual({
      role: 'user',
      content: [text('From the result of the tool call x:'), IMAGE],
    });
  });

  it.each([
    ['text', result('a', 'done')],
    ['parts of text', result('a', [text('done')])],
    ['nothing', QUESTION],
    ['media of the user', { role: 'user', content: [IMAGE] }],
  ])('leave the very request alone when there is none: %s', (_, message) => {
    const request = { model: 'm', messages: [CALLS, message] } as unknown as ChatRequest;
    expect(withMediaAsUserTurn(request)).toBe(request);
  });
});
