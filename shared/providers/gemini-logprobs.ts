import type { LogprobsResult, LogprobsResultCandidate } from '@google/genai';
import type { ChatChoice } from '../contracts/chat-provider.ts';

type TokenLogprob = NonNullable<NonNullable<ChatChoice['logprobs']>['content']>[number];

/** Log probabilities in OpenAI's shape; null when there are none. */
export function toLogprobs(result: LogprobsResult | null | undefined): ChatChoice['logprobs'] {
  const chosen = result?.chosenCandidates;
  if (!Array.isArray(chosen)) return null;
  const content = chosen.map((candidate, position): TokenLogprob => {
    const top = result?.topCandidates?.[position]?.candidates ?? [];
    return { ...toToken(candidate), top_logprobs: top.map(toToken) };
  });
  return { content, refusal: null };
}

function toToken({ token: given, logProbability = 0 }: LogprobsResultCandidate): Omit<TokenLogprob, 'top_logprobs'> {
  const token = typeof given === 'string' ? given : '';
  return { token, logprob: logProbability, bytes: [...Buffer.from(token)] };
}
