import { randomUUID } from 'node:crypto';
import { toAppError } from '../contracts/app-error.ts';
import type {
  ChatBatch,
  ChatCall,
  ChatChunk,
  ChatEvent,
  ChatProvider,
  ChatRequest,
  FinishReason,
} from '../contracts/chat-provider.ts';
import { estimateTokens } from '../usage/tokens.ts';
import { composeAnswer } from './local-answer.ts';
import { MODEL_SERVER_PARAMETERS } from './model-server-parameters.ts';

/**
 * The extractive answerer of the development defaults: it quotes the sentences of the retrieved passages that share
 * most words with the question, and says what it is. There is no language model behind it.
 */
export function createLocalProvider(): ChatProvider {
  return {
    id: 'local',
    capabilities: {
      streaming: true,
      tools: false,
      jsonMode: false,
      jsonSchema: false,
      imageInput: false,
      audioInput: false,
      fileInput: false,
      reasoning: false,
      choices: false,
      parameters: {
        // Sampling has no meaning for something that quotes.
        temperature: 'drop',
        top_p: 'drop',
        seed: 'drop',
        presence_penalty: 'drop',
        frequency_penalty: 'drop',
        reasoning_effort: 'drop',
        verbosity: 'drop',
        logit_bias: 'refuse',
        logprobs: 'refuse',
        top_logprobs: 'refuse',
        modalities: 'refuse',
        functions: 'refuse',
        function_call: 'refuse',
        web_search_options: 'refuse',
        ...MODEL_SERVER_PARAMETERS,
      },
    },

    async complete(call) {
      assertWanted(call);
      let content = '';
      let finish: FinishReason = 'stop';
      for (const step of answer(call.request)) {
        content += step.text;
        finish = step.finish ?? finish;
      }
      return {
        completion: {
          id: `chatcmpl-${randomUUID()}`,
          object: 'chat.completion',
          created: Math.floor(Date.now() / 1000),
          model: call.model,
          choices: [
            {
              index: 0,
              message: { role: 'assistant', content, refusal: null },
              logprobs: null,
              finish_reason: finish,
            },
          ],
          usage: usageOf(call.request, content),
        },
      };
    },

    async stream(call) {
      assertWanted(call);
      return streamAnswer(call);
    },

    listModels: async () => ['extractive'],
  };
}

async function* streamAnswer(call: ChatCall): AsyncGenerator<ChatBatch> {
  const head = {
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion.chunk' as const,
    created: Math.floor(Date.now() / 1000),
    model: call.model,
  };
  const toEvent = (delta: ChatChunk['choices'][number]['delta'], finish: FinishReason | null = null): ChatEvent => ({
    chunk: { ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] },
  });
  yield [toEvent({ role: 'assistant', content: '' })];
  let content = '';
  for (const { text, finish } of answer(call.request)) {
    assertWanted(call);
    content += text;
    if (text !== '') yield [toEvent({ content: text })];
    if (finish !== undefined) yield [toEvent({}, finish)];
  }
  yield [{ chunk: { ...head, choices: [], usage: usageOf(call.request, content) } }];
}

interface Step {
  readonly text: string;
  readonly finish?: FinishReason;
}

/** The answer word by word, ended early by the caller's limit or stop text. */
function* answer(request: ChatRequest): Generator<Step> {
  const limit = request.max_completion_tokens ?? request.max_tokens ?? Number.POSITIVE_INFINITY;
  const whole = composeAnswer(request.messages);
  const stops = [request.stop ?? []].flat().filter((stop) => stop !== '');
  const ends = stops.map((stop) => whole.indexOf(stop)).filter((index) => index !== -1);
  let sent = '';
  for (const word of whole.slice(0, Math.min(whole.length, ...ends)).match(/\s*\S+/g) ?? []) {
    if (estimateTokens(sent + word) > limit) {
      yield { text: '', finish: 'length' };
      return;
    }
    yield { text: word };
    sent += word;
  }
  yield { text: '', finish: 'stop' };
}

function usageOf({ messages }: ChatRequest, content: string) {
  const prompt = messages.reduce((sum, message) => sum + estimateTokens(textOf(message.content)), 0);
  const completion = estimateTokens(content);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function textOf(content: ChatRequest['messages'][number]['content']): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => ('text' in part ? part.text : '')).join('\n');
}

function assertWanted({ signal }: ChatCall): void {
  if (signal.aborted) throw toAppError(signal.reason, signal);
}
