import type { LogprobsResult, LogprobsResultCandidate } from '@google/genai';
import type { ChatChoice } from '../contracts/chat-provider.ts';

type TokenLogprob = NonNullable<NonNullable<ChatChoice['logprobs']>['content']>[number];

/** Log probabilities in OpenAI's shape; null when there are none. What is no token is not worth the answer. */
export function toLogprobs(result: LogprobsResult | null | undefined): ChatChoice['logprobs'] {
  const chosen: unknown = result?.chosenCandidates;
  if (!Array.isArray(chosen)) return null;
  const tops: unknown = result?.topCandidates;
  const content = chosen.flatMap((candidate: unknown, position): TokenLogprob[] => {
    const top: unknown = Array.isArray(tops) ? (tops[position] as TopCandidates)?.candidates : undefined;
    const top_logprobs = (Array.isArray(top) ? top : []).filter(isToken).map(toToken);
    return isToken(candidate) ? [{ ...toToken(candidate), top_logprobs }] : [];
  });
  return { content, refusal: null };
}

type TopCandidates = { readonly candidates?: unknown } | null | undefined;

function isToken(value: unknown): value is LogprobsResultCandidate {
  return typeof value === 'object' && value !== null;
}

function toToken({ token: given, logProbability: logprob }: LogprobsResultCandidate) {
  const token = typeof given === 'string' ? given : '';
  return { token, logprob: Number.isFinite(logprob) ? (logprob as number) : 0, bytes: [...Buffer.from(token)] };
}
