import { expect, test } from 'vitest';
import type { ModelTurns } from '../../../../shared/app/chat/model-turns.ts';
import { NO_INFORMATION, noInformationAnswer } from '../../../../shared/app/chat/no-information.ts';
import { createQueryModel } from '../../../../shared/app/chat/query-model.ts';
import type { ChatRequest } from '../../../../shared/contracts/chat-provider.ts';

test('a prompt of ours goes to the models of the request, alone, under its signal', async () => {
  const asked: [ChatRequest, AbortSignal][] = [];
  const complete = async (...given: [ChatRequest, AbortSignal]) => {
    asked.push(given);
    return { result: { result: { completion: noInformationAnswer('m') } } };
  };
  const { signal } = new AbortController();
  const model = createQueryModel({ complete } as unknown as Pick<ModelTurns, 'complete'>, 'default');
  expect(await model('Write queries.', signal)).toBe(NO_INFORMATION);
  expect(asked).toEqual([[{ model: 'default', messages: [{ role: 'user', content: 'Write queries.' }] }, signal]]);
});

test('an answer that nothing was found is a whole one, and used no token', () => {
  expect(noInformationAnswer('default', new Date(5_500))).toMatchObject({
    object: 'chat.completion',
    created: 5,
    model: 'default',
    choices: [{ message: { role: 'assistant', content: NO_INFORMATION }, finish_reason: 'stop' }],
    usage: { total_tokens: 0 },
  });
});
