import { describe, expect, it } from 'vitest';
import { isCacheableAnswer, isCacheableRequest } from '../../../../shared/app/cache/cacheable.ts';
import type { ChatRequest } from '../../../../shared/contracts/chat-provider.ts';
import { toAgent, toChoice, toCompletion, toInput, toLeg } from '../../../support/cache-parts.ts';

const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } } as const;
const warm = toLeg({ temperature: 0.7 });

describe('a request whose answer may be cached', () => {
  it.each<readonly [string, ReturnType<typeof toInput>, boolean, boolean]>([
    ['no temperature', toInput(), true, true],
    ['temperature 0', toInput({ temperature: 0 }), true, true],
    ['a temperature above 0', toInput({ temperature: 0.1 }), false, true],
    ['a temperature above 0 of its only leg', toInput({}, { legs: [warm] }), false, true],
    ['a temperature above 0 of its agent', toInput({}, { agent: toAgent({ temperature: 0.7 }) }), false, true],
    ['temperature 0 where its leg has another', toInput({ temperature: 0 }, { legs: [warm] }), true, true],
    ['a second leg without a temperature', toInput({}, { legs: [warm, toLeg()] }), true, true],
    ['tools', toInput({ tools: [{ type: 'function', function: { name: 'f' } }] }), true, true],
    ['several choices', toInput({ n: 3 }), true, true],
    ['a search of the web', toInput({ web_search_options: {} }), false, false],
    ['a search of the vendor', toInput({ search_parameters: {} } as Partial<ChatRequest>), false, false],
    ['Google search', toInput({ tools: [{ type: 'google_search' }] } as unknown as Partial<ChatRequest>), false, false],
    ['an agent that acts', toInput({}, { agent: toAgent({ role: 'react', tools: ['pay'] }) }), false, false],
    ['an agent that could act and has no tools', toInput({}, { agent: toAgent({ role: 'react' }) }), true, true],
  ])('with %s', (_what, input, isCacheable, isCacheableWithTemperature) => {
    expect(isCacheableRequest(input, { allowTemperature: false })).toBe(isCacheable);
    expect(isCacheableRequest(input, { allowTemperature: true })).toBe(isCacheableWithTemperature);
  });
});

describe('an answer that may be cached', () => {
  it.each([
    ['whole text', toCompletion(), true],
    ['several texts', toCompletion(toChoice(), toChoice({ content: 'b' }, { index: 1 })), true],
    ['text without calls, said so', toCompletion(toChoice({ tool_calls: [] })), true],
    ['text that was cut off', toCompletion(toChoice({}, { finish_reason: 'length' })), false],
    ['filtered text', toCompletion(toChoice({}, { finish_reason: 'content_filter' })), false],
    ['a call', toCompletion(toChoice({ content: null, tool_calls: [call] }, { finish_reason: 'tool_calls' })), false],
    ['a call that ended in stop', toCompletion(toChoice({ tool_calls: [call] })), false],
    ['a call in the old way', toCompletion(toChoice({ function_call: { name: 'f', arguments: '{}' } })), false],
    ['a refusal', toCompletion(toChoice({ content: null, refusal: 'No.' })), false],
    ['nothing', toCompletion(toChoice({ content: '' })), false],
    ['null', toCompletion(toChoice({ content: null })), false],
    ['speech', toCompletion(toChoice({ audio: { id: 'a', data: '', expires_at: 1, transcript: 't' } })), false],
    ['one choice that is cut off', toCompletion(toChoice(), toChoice({}, { finish_reason: 'length' })), false],
    ['no choices', { ...toCompletion(), choices: [] }, false],
  ])('is %s', (_what, completion, isCacheable) => {
    expect(isCacheableAnswer(completion)).toBe(isCacheable);
  });
});
