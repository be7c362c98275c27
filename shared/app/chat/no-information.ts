import { randomUUID } from 'node:crypto';
import type { ChatCompletion } from '../../contracts/chat-provider.ts';

/** What is said in a model's place when nothing was found and no model is to be asked. */
export const NO_INFORMATION = 'There is no information about this in the documents.';

/** The answer to a question about documents that hold nothing on it: cites nothing, used no token. */
export function noInformationAnswer(model: string, createdAt = new Date()): ChatCompletion {
  return {
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion',
    created: Math.floor(createdAt.getTime() / 1000),
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: NO_INFORMATION, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
  };
}
