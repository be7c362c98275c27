import type { ChatRequest } from '../../../shared/contracts/chat-provider.ts';
import { toMessagesRequest } from '../../../shared/providers/anthropic-request.ts';
import { freeze } from './freeze.ts';

export const MODEL = 'claude-sonnet-4-5';
export const OLD_MODEL = 'claude-3-haiku-20240307';
export const user = { role: 'user', content: 'Hello' } as const;

/** The whole translation of a request that only says what matters. */
export function translate(request: Partial<ChatRequest>, model = MODEL) {
  return toMessagesRequest(freeze({ model: 'agent', messages: [user], ...request }), model);
}

export function toBody(request: Partial<ChatRequest>, model = MODEL) {
  return translate(request, model).body;
}

export const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string', minLength: 1 } }, required: ['city'] },
  },
} as const;

/** The same tool in the vendor's terms. */
export const weatherTool = {
  name: 'get_weather',
  description: 'Weather of a city',
  input_schema: { type: 'object', properties: { city: { type: 'string', minLength: 1 } }, required: ['city'] },
};

export function call(id: string, name: string, text: string) {
  return { id, type: 'function', function: { name, arguments: text } } as const;
}
