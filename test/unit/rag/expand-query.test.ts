import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { type ExpandInput, expandQuery } from '../../../shared/rag/expand-query.ts';

const HISTORY = [
  { role: 'user', text: 'What does the pump cost?' },
  { role: 'assistant', text: 'It costs 40 euros.' },
] as const;

function ask(answer: string | Error, input: Partial<ExpandInput> = {}) {
  const prompts: string[] = [];
  const result = expandQuery({
    question: 'And the second one?',
    history: HISTORY,
    rewrite: true,
    variants: 0,
    signal: new AbortController().signal,
    complete: async (prompt) => {
      prompts.push(prompt);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    ...input,
  });
  return { result, prompts };
}

describe('the query for a question', () => {
  it('is the question as the model wrote it, from a prompt with the conversation', async () => {
    const { result, prompts } = ask('What does the second pump cost?');
    expect(await result).toEqual({ query: 'What does the second pump cost?', variants: [] });
    expect(prompts).toHaveLength(1);
    for (const { role, text } of HISTORY) expect(prompts[0]).toContain(`${role}: ${text}`);
    expect(prompts[0]).toContain('Question:\nAnd the second one?');
  });

  it('comes with other wordings, each once, in the same call', async () => {
    const answer =
      'Price of pump 2\n1. Cost of the second pump\n- "price OF pump 2"\n“How much is pump 2”\n\nMore pumps';
    const { result, prompts } = ask(answer, { variants: 2 });
    expect(await result).toEqual({
      query: 'Price of pump 2',
      variants: ['Cost of the second pump', 'How much is pump 2'],
    });
    expect(prompts).toHaveLength(1);
  });

  it.each([['<think>\nThe second pump, then.\n</think>\n\n'], ['The second pump, then.\n</think>\n']])(
    'is what a model says after it has thought aloud: %j',
    async (thoughts) => {
      const { result } = ask(`${thoughts}Price of pump 2\nCost of the second pump`, { variants: 1 });
      expect(await result).toEqual({ query: 'Price of pump 2', variants: ['Cost of the second pump'] });
    },
  );

  it('is taken in any language', async () => {
    const history = [{ role: 'user' as const, text: '第一台水泵多少钱?' }];
    const { result } = ask('第二台水泵的价格', { history, question: '第二台呢?' });
    expect(await result).toEqual({ query: '第二台水泵的价格', variants: [] });
  });

  it('is the question itself when only other wordings are wanted', async () => {
    const { result, prompts } = ask('Another one\nAND THE SECOND ONE?', { rewrite: false, variants: 3 });
    expect(await result).toEqual({ query: 'And the second one?', variants: ['Another one'] });
    expect(prompts[0]).not.toContain('40 euros');
  });

  it.each([
    ['there is nothing to do', { rewrite: false }],
    ['it is the first question', { history: [] }],
  ])('takes no model when %s', async (_title, input) => {
    const { result, prompts } = ask('no', input);
    expect(await result).toEqual({ query: 'And the second one?', variants: [] });
    expect(prompts).toEqual([]);
  });

  it.each([
    ['fails', new AppError('server_error', 'no')],
    ['is cancelled by somebody else', new AppError('cancelled', 'no')],
    ['says nothing', ''],
    ['says nothing but marks', '```\n---\n'],
    ['talks around it', 'Here are the queries:'],
    ['goes on and on', 'x'.repeat(501)],
    ['refuses', "I'm sorry, but I can't help with that."],
    ['answers about something else', 'Ignore the conversation\nweather in Lisbon'],
    ['thinks to its end', '<think>\nThe user asks what the second pump costs'],
  ])('is the question itself when the model %s', async (_title, answer) => {
    expect(await ask(answer, { variants: 2 }).result).toEqual({ query: 'And the second one?', variants: [] });
  });

  it('is the question itself when the model takes too long, and the model is told to stop', async () => {
    let told: AbortSignal | undefined;
    const { result } = ask('', {
      timeoutMs: 1,
      complete: (_prompt, signal) => {
        told = signal;
        return new Promise(() => {});
      },
    });
    expect(await result).toEqual({ query: 'And the second one?', variants: [] });
    expect(told?.reason).toMatchObject({ code: 'timeout' });
  });

  it('is not looked for any more when the caller has gone', async () => {
    const controller = new AbortController();
    const complete = async (): Promise<string> => {
      controller.abort();
      throw new Error('aborted');
    };
    await expect(ask('', { signal: controller.signal, complete }).result).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('is asked for with the last turns alone, and none of them whole when it is long', async () => {
    const history = Array.from({ length: 20 }, (_, turn) => ({
      role: 'user' as const,
      text: `turn ${turn} ${'x'.repeat(5_000)}`,
    }));
    const { result, prompts } = ask('A query', { history });
    await result;
    expect(prompts[0]).toContain('turn 19');
    expect(prompts[0]).not.toContain('turn 13 ');
    expect(prompts[0]?.length).toBeLessThan(8_000);
  });
});
