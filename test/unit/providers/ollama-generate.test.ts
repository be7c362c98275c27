import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fromGenerateAnswer, toGenerateRequest } from '../../../shared/providers/ollama-generate.ts';

const answer = JSON.parse(
  readFileSync(new URL('../../fixtures/providers/ollama/generated.json', import.meta.url), 'utf8'),
);
const MODEL = 'phi3.5:3.8b-mini-instruct-q4_K_M';

function fromAnswer(changes: Record<string, unknown>) {
  return fromGenerateAnswer(JSON.stringify({ ...answer, ...changes }), { model: MODEL });
}

test('a prompt with a limit, a temperature and a stop is a body that is not streamed', () => {
  const prompt = 'Explain quantum computing in simple terms.';
  const request = { model: MODEL, prompt, maxTokens: 500, temperature: 0.7, stop: ['\n\n'] };
  expect(toGenerateRequest(Object.freeze(request))).toEqual({
    model: MODEL,
    prompt,
    stream: false,
    truncate: false,
    options: { temperature: 0.7, num_predict: 500, stop: ['\n\n'] },
  });
});

test('everything else has its place, zero included, and what is unset is not sent', () => {
  const { model, prompt, ...extras } = {
    model: 'codellama:code',
    prompt: 'def gcd(a, b):',
    suffix: '    return result',
    system: 'Write Python.',
    images: ['AA=='],
    format: 'json',
    think: false,
  } as const;
  const sampling = { temperature: 0, topP: 0.5, seed: 0, presencePenalty: 0, frequencyPenalty: 1 };
  expect(
    toGenerateRequest({ model, prompt, ...extras, ...sampling }, { keepAlive: '5m', contextLength: 2048 }),
  ).toEqual({
    model,
    prompt,
    ...extras,
    stream: false,
    truncate: false,
    options: { temperature: 0, top_p: 0.5, seed: 0, presence_penalty: 0, frequency_penalty: 1, num_ctx: 2048 },
    keep_alive: '5m',
  });
  expect(toGenerateRequest({ model, prompt })).toEqual({ model, prompt, stream: false, truncate: false });
});

test('a name that is not a model is refused', () => {
  expect(() => toGenerateRequest({ model: '../x', prompt: 'Hi' })).toThrow(
    expect.objectContaining({ code: 'model_not_found', param: 'model' }),
  );
});

test('an answer is its text, its finish and its tokens', () => {
  expect(fromAnswer({})).toEqual({
    model: MODEL,
    text: 'Qubits hold both values at once.',
    finishReason: 'stop',
    usage: { promptTokens: 12, completionTokens: 30, totalTokens: 42 },
  });
});

test('thinking, a limit and missing counts are told', () => {
  expect(
    fromAnswer({ thinking: 'Hm.', done_reason: 'length', prompt_eval_count: undefined, model: undefined }),
  ).toEqual({
    model: MODEL,
    text: 'Qubits hold both values at once.',
    reasoning: 'Hm.',
    finishReason: 'length',
    usage: { promptTokens: 0, completionTokens: 30, totalTokens: 30 },
  });
});

test.each([{ error: 'open /root/.ollama/x' }, { response: undefined }, { done: false }])(
  'what is no finished answer (%j) is an error',
  (changes) => {
    expect(() => fromAnswer(changes)).toThrow(
      expect.objectContaining({ code: 'server_error', message: expect.not.stringContaining('root') }),
    );
  },
);
